import CoveOCI
import Foundation
import TestSupport
import Testing

@Suite("Tag")
struct TagTests {
    @Test("random texts are tags exactly when the specification's expression matches", arguments: 0..<4)
    func agreesWithTheSpecification(seed: UInt64) throws {
        let expression = try NSRegularExpression(pattern: #"\A[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}\z"#)
        var random = SeededGenerator(seed: seed)
        var accepted = 0
        for _ in 0..<2000 {
            let text = random.text(of: "aZ0_.-/: é", length: 0...6)
            let isTag = (try? Tag(parsing: text)) != nil
            let matches = expression.firstMatch(in: text, range: NSRange(text.startIndex..., in: text)) != nil
            #expect(isTag == matches, "'\(text)'")
            if isTag { accepted += 1 }
        }
        #expect(accepted > 50 && accepted < 1950)
    }

    @Test("128 bytes are a tag, 129 are not")
    func length() throws {
        let longest = String(repeating: "t", count: 128)
        #expect(try Tag(parsing: longest).description == longest)
        #expect(throws: Tag.ParseError.malformed(longest + "t")) { try Tag(parsing: longest + "t") }
    }

    @Test("the refused text is cut in the error, however long it was")
    func errorIsShort() {
        let text = String(repeating: "x", count: 100_000)
        #expect(throws: Tag.ParseError.malformed(String(text.prefix(129)))) { try Tag(parsing: text) }
    }

    @Test("tags sort by byte: digits, upper case, underscore, lower case")
    func order() throws {
        let tags = try ["b", "_", "a", "B", "1", "a-", "a.", "aa", "10", "A"].map { try Tag(parsing: $0) }
        #expect(tags.sorted().map(\.description) == ["1", "10", "A", "B", "_", "a", "a-", "a.", "aa", "b"])
    }
}
