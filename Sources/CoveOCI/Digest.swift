/// A content digest: an algorithm and the raw hash bytes (OCI image-spec, descriptor, "Digests").
///
/// Parsed once at the edge; a value of this type is always well-formed and of an algorithm that Cove can compute.
public struct Digest: Hashable, Sendable {
    /// The hash algorithms that the image-spec registers and Cove computes.
    public enum Algorithm: String, Sendable, CaseIterable {
        case sha256
        case sha512

        /// Length of the raw hash in bytes.
        public var byteCount: Int {
            switch self {
            case .sha256: 32
            case .sha512: 64
            }
        }

        /// The byte that stands for this algorithm in ``Digest/storageKey``. Never reuse a number.
        var tag: UInt8 {
            switch self {
            case .sha256: 1
            case .sha512: 2
            }
        }
    }

    /// Tag byte of the algorithm followed by the raw hash: one value to store, index and compare.
    public let storageKey: [UInt8]

    /// Why a string is not a digest.
    public enum ParseError: Error, Equatable, Sendable {
        case malformed(String)
        case unsupportedAlgorithm(String)
    }

    /// Parses `algorithm:encoded`.
    ///
    /// - Throws: ``ParseError`` if the text is not of the grammar, the algorithm is not one of ``Algorithm``, or the
    ///   encoded part is not lower-case hexadecimal of the algorithm's length.
    public init(parsing text: some StringProtocol) throws(ParseError) {
        let utf8 = text.utf8
        guard utf8.count <= 256, let colon = utf8.firstIndex(of: UInt8(ascii: ":")) else {
            throw .malformed(String(text.prefix(140)))
        }
        let name = text[..<colon]
        guard !name.isEmpty, name.utf8.allSatisfy(Self.isAlgorithmByte) else { throw .malformed(String(text)) }
        guard let algorithm = Algorithm(rawValue: String(name)) else { throw .unsupportedAlgorithm(String(name)) }
        let encoded = utf8[utf8.index(after: colon)...]
        guard encoded.count == algorithm.byteCount * 2 else { throw .malformed(String(text)) }
        var key: [UInt8] = [algorithm.tag]
        key.reserveCapacity(1 + algorithm.byteCount)
        var high: UInt8?
        for byte in encoded {
            guard let nibble = Self.nibble(byte) else { throw .malformed(String(text)) }
            if let first = high {
                key.append(first << 4 | nibble)
                high = nil
            } else {
                high = nibble
            }
        }
        self.storageKey = key
    }

    /// The digest kept under ``storageKey``, or nil if the bytes are not such a key.
    public init?(storageKey: some Collection<UInt8>) {
        guard let tag = storageKey.first,
            let algorithm = Algorithm.allCases.first(where: { $0.tag == tag }),
            storageKey.count == algorithm.byteCount + 1
        else { return nil }
        self.storageKey = Array(storageKey)
    }

    init(algorithm: Algorithm, hash: some Sequence<UInt8>) {
        self.storageKey = [algorithm.tag] + hash
    }

    /// The digest of `bytes`.
    public static func of(_ bytes: some Sequence<UInt8>, algorithm: Algorithm = .sha256) -> Digest {
        var digester = Digester(algorithm)
        if bytes.withContiguousStorageIfAvailable({ digester.update(UnsafeRawBufferPointer($0)) }) == nil {
            Array(bytes).withUnsafeBytes { digester.update($0) }
        }
        return digester.finalize()
    }

    public var algorithm: Algorithm { storageKey.first == Algorithm.sha512.tag ? .sha512 : .sha256 }

    /// The encoded part: lower-case hexadecimal.
    public var hex: String {
        String(unsafeUninitializedCapacity: (storageKey.count - 1) * 2) { output in
            var at = 0
            for byte in storageKey.dropFirst() {
                output[at] = Self.hexDigit(byte >> 4)
                output[at + 1] = Self.hexDigit(byte & 15)
                at += 2
            }
            return at
        }
    }

    /// The tag under which clients without the referrers API keep this subject's referrers
    /// (distribution-spec, "Referrers Tag Schema").
    public var referrersTag: String { "\(algorithm.rawValue)-\(hex.prefix(64))" }

    private static func isAlgorithmByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "+"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default: false
        }
    }

    private static func nibble(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        default: nil
        }
    }

    private static func hexDigit(_ nibble: UInt8) -> UInt8 {
        nibble < 10 ? UInt8(ascii: "0") + nibble : UInt8(ascii: "a") + nibble - 10
    }
}

extension Digest: CustomStringConvertible {
    public var description: String { "\(algorithm.rawValue):\(hex)" }
}
