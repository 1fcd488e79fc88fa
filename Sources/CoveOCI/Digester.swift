import CHash

/// An incremental hash. Feed it bytes in order, then ask for the ``Digest``.
///
/// Its state can be written down (``state``) and taken up again, in another process or on another machine: an upload
/// that moves to another node need not be read again.
public struct Digester: Sendable {
    /// Exactly one of the two is in use. Separate values, because the hash is updated in place.
    private var sha256 = SHA256_CTX()
    private var sha512 = SHA512_CTX()
    public let algorithm: Digest.Algorithm

    public init(_ algorithm: Digest.Algorithm) {
        self.algorithm = algorithm
        switch algorithm {
        case .sha256: SHA256_Init(&sha256)
        case .sha512: SHA512_Init(&sha512)
        }
    }

    /// Takes up a hash where ``state`` was read.
    ///
    /// - Returns: nil when `state` is not one of this algorithm's.
    public init?(_ algorithm: Digest.Algorithm, state: some Sequence<UInt8>) {
        self.algorithm = algorithm
        let bytes = Array(state)
        guard bytes.count == Self.stateSize(algorithm) else { return nil }
        switch algorithm {
        case .sha256: cove_sha256_restore(&sha256, bytes)
        case .sha512: cove_sha512_restore(&sha512, bytes)
        }
    }

    public mutating func update(_ bytes: UnsafeRawBufferPointer) {
        switch algorithm {
        case .sha256: SHA256_Update(&sha256, bytes.baseAddress, bytes.count)
        case .sha512: SHA512_Update(&sha512, bytes.baseAddress, bytes.count)
        }
    }

    /// The digest of everything fed so far; more may be fed afterwards.
    public func finalize() -> Digest {
        var hash = [UInt8](repeating: 0, count: algorithm.byteCount)
        switch algorithm {
        case .sha256:
            var last = sha256
            SHA256_Final(&hash, &last)
        case .sha512:
            var last = sha512
            SHA512_Final(&hash, &last)
        }
        return Digest(algorithm: algorithm, hash: hash)
    }

    /// The hash so far, the same on every kind of machine: 104 bytes for SHA-256, 200 for SHA-512.
    public var state: [UInt8] {
        var bytes = [UInt8](repeating: 0, count: Self.stateSize(algorithm))
        switch algorithm {
        case .sha256: withUnsafePointer(to: sha256) { cove_sha256_save($0, &bytes) }
        case .sha512: withUnsafePointer(to: sha512) { cove_sha512_save($0, &bytes) }
        }
        return bytes
    }

    private static func stateSize(_ algorithm: Digest.Algorithm) -> Int {
        switch algorithm {
        case .sha256: cove_sha256_state
        case .sha512: cove_sha512_state
        }
    }
}
