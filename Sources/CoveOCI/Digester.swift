import Crypto

/// An incremental hash. Feed it bytes in order, then ask for the ``Digest``.
///
/// Exactly one of the two states is set. They are separate stored values because the hash is updated in place: a copy
/// out of an enum would copy the underlying buffer on every update.
public struct Digester: Sendable {
    private var sha256: SHA256?
    private var sha512: SHA512?

    public init(_ algorithm: Digest.Algorithm) {
        switch algorithm {
        case .sha256: sha256 = SHA256()
        case .sha512: sha512 = SHA512()
        }
    }

    public var algorithm: Digest.Algorithm { sha512 == nil ? .sha256 : .sha512 }

    public mutating func update(_ bytes: UnsafeRawBufferPointer) {
        sha256?.update(bufferPointer: bytes)
        sha512?.update(bufferPointer: bytes)
    }

    /// The digest of everything fed so far; more may be fed afterwards.
    public func finalize() -> Digest {
        if let sha512 { return Digest(algorithm: .sha512, hash: sha512.finalize()) }
        return Digest(algorithm: .sha256, hash: (sha256 ?? SHA256()).finalize())
    }
}
