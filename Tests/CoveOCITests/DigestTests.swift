import CoveOCI
import TestSupport
import Testing

@Suite("Digest")
struct DigestTests {
    static let abc256 = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    static let abc512 =
        "sha512:ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"

    @Test("a digest is written as it was parsed", arguments: [abc256, abc512])
    func roundTrip(text: String) throws {
        let digest = try Digest(parsing: text)
        #expect(digest.description == text)
        #expect(digest.hex == text.dropFirst("sha256:".count))
        #expect(digest.algorithm.rawValue == text.prefix(6))
    }

    @Test("a digest is parsed out of a substring")
    func substring() throws {
        let path = "/v2/app/blobs/\(Self.abc256)"
        #expect(try Digest(parsing: path.dropFirst("/v2/app/blobs/".count)).description == Self.abc256)
    }

    @Test("any hash comes back from its text and from its storage key", arguments: 0..<200)
    func randomRoundTrip(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        for algorithm in Digest.Algorithm.allCases {
            let key = [algorithm == .sha256 ? 1 : 2] + random.bytes(algorithm.byteCount)
            let digest = try #require(Digest(storageKey: key))
            #expect(digest.storageKey == key)
            #expect(digest.algorithm == algorithm)
            #expect(try Digest(parsing: digest.description) == digest)
        }
    }

    @Test(
        "what is not of the grammar is malformed",
        arguments: [
            "", ":", "sha256", "sha256:", ":\(String(repeating: "a", count: 64))", "sha256:zz",
            "sha256:\(String(repeating: "a", count: 63))", "sha256:\(String(repeating: "a", count: 65))",
            "sha256:\(String(repeating: "A", count: 64))", "sha256:\(String(repeating: "g", count: 64))",
            "sha512:\(String(repeating: "a", count: 64))", "sha256:\(String(repeating: "a", count: 128))",
            "SHA256:\(String(repeating: "a", count: 64))", "sha 256:\(String(repeating: "a", count: 64))",
            "sha256:\(String(repeating: "a", count: 63)) ", " sha256:\(String(repeating: "a", count: 64))",
            "sha256:\(String(repeating: "é", count: 32))", "sha256:\(String(repeating: "a", count: 63))\u{0}",
            "sha256:\(String(repeating: "a", count: 300))",
        ])
    func malformed(text: String) {
        #expect {
            try Digest(parsing: text)
        } throws: { error in
            if case .malformed = error as? Digest.ParseError { true } else { false }
        }
    }

    @Test("an upper-case digest is not taken for the lower-case one")
    func upperCase() {
        let hex = Self.abc256.dropFirst("sha256:".count).uppercased()
        #expect(throws: Digest.ParseError.malformed("sha256:\(hex)")) { try Digest(parsing: "sha256:\(hex)") }
    }

    @Test(
        "an algorithm that Cove does not compute is named",
        arguments: ["md5", "sha1", "sha384", "blake3", "sha256+b64", "multihash.x_y-z"])
    func unknownAlgorithm(name: String) {
        let text = "\(name):\(String(repeating: "0", count: 64))"
        #expect(throws: Digest.ParseError.unsupportedAlgorithm(name)) { try Digest(parsing: text) }
    }

    @Test(
        "bytes that are no storage key give no digest",
        arguments: [
            [], [1], [0] + Array(repeating: 7, count: 32), [3] + Array(repeating: 7, count: 32),
            [1] + Array(repeating: 7, count: 31), [1] + Array(repeating: 7, count: 33), [2] + Array(repeating: 7, count: 32),
            [1] + Array(repeating: 7, count: 64),
        ] as [[UInt8]])
    func badStorageKey(bytes: [UInt8]) {
        #expect(Digest(storageKey: bytes) == nil)
    }

    @Test("equal hash bytes of two algorithms are different digests")
    func algorithmsDiffer() throws {
        let bytes = Array("abc".utf8)
        #expect(Digest.of(bytes).description == Self.abc256)
        #expect(Digest.of(bytes, algorithm: .sha512).description == Self.abc512)
        #expect(Digest.of(bytes) != Digest.of(bytes, algorithm: .sha512))
    }

    @Test("the digest of a sequence without contiguous storage is that of its bytes")
    func lazySequence() {
        #expect(Digest.of((0..<1000).lazy.map { UInt8($0 % 251) }) == Digest.of((0..<1000).map { UInt8($0 % 251) }))
    }

    @Test("the referrers tag is a tag: algorithm, a dash, and at most 64 hexadecimal digits")
    func referrersTag() throws {
        #expect(try Digest(parsing: Self.abc256).referrersTag == Self.abc256.replacing(":", with: "-"))
        let long = try Digest(parsing: Self.abc512).referrersTag
        #expect(long == "sha512-" + Self.abc512.dropFirst(7).prefix(64))
        #expect(try Tag(parsing: long).description == long)
    }
}
