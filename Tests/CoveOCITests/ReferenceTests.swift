import CoveOCI
import Testing

@Suite("Reference")
struct ReferenceTests {
    @Test("a text with a colon is a digest")
    func digest() throws {
        let digest = try Digest(parsing: DigestTests.abc256)
        #expect(try Reference(parsing: DigestTests.abc256) == .digest(digest))
        #expect(Reference.digest(digest).description == DigestTests.abc256)
    }

    @Test("a text without a colon is a tag", arguments: ["latest", "v1.2.3", "sha256-abc", "_"])
    func tag(text: String) throws {
        #expect(try Reference(parsing: text) == .tag(Tag(parsing: text)))
        #expect(try Reference(parsing: text).description == text)
    }

    @Test("what looks like a digest is refused as a digest, the rest as a tag")
    func errors() {
        #expect(throws: Reference.ParseError.digest(.malformed("sha256:abc"))) { try Reference(parsing: "sha256:abc") }
        #expect(throws: Reference.ParseError.digest(.unsupportedAlgorithm("md5"))) { try Reference(parsing: "md5:00") }
        #expect(throws: Reference.ParseError.tag(.malformed(".hidden"))) { try Reference(parsing: ".hidden") }
        #expect(throws: Reference.ParseError.tag(.malformed(""))) { try Reference(parsing: "") }
    }
}
