import CoveOCI
import Foundation
import TestSupport
import Testing

@Suite("RepositoryName")
struct RepositoryNameTests {
    /// The specification's own words (distribution-spec, "Pulling manifests").
    private static func reference() throws -> NSRegularExpression {
        let component = #"[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*"#
        return try NSRegularExpression(pattern: #"\A\#(component)(\/\#(component))*\z"#)
    }

    private static func matches(_ expression: NSRegularExpression, _ text: String) -> Bool {
        expression.firstMatch(in: text, range: NSRange(text.startIndex..., in: text)) != nil
    }

    @Test(
        "a name of the grammar is kept as it is",
        arguments: [
            "a", "0", "alpine", "library/alpine", "team/app/web", "a.b_c__d-e---f", "blobs", "tags/list", "a/manifests/b",
            "localhost/x", "0/0/0",
        ])
    func valid(text: String) throws {
        #expect(try RepositoryName(parsing: text).description == text)
    }

    @Test(
        "a name outside of the grammar is refused",
        arguments: [
            "/", "/a", "a/", "a//b", ".", "..", "a/../b", "../a", "a/..", "A", "team/App", "a_", "_a", "a___b", "a..b",
            "a._b", "a-_b", "a.-b", "-a", "a-", ".a", "a.", "a b", "a\n", "a\u{0}", "a:b", "a@b", "ä", "a\\b", "a%2fb",
            "ａ",
        ])
    func invalid(text: String) {
        #expect(throws: RepositoryName.ParseError.malformed(text)) { try RepositoryName(parsing: text) }
    }

    @Test("an empty name says that it is empty")
    func empty() {
        #expect(throws: RepositoryName.ParseError.empty) { try RepositoryName(parsing: "") }
    }

    @Test("255 bytes are accepted, 256 are told their length")
    func length() throws {
        let longest = String(repeating: "a", count: 255)
        #expect(try RepositoryName(parsing: longest).description == longest)
        #expect(throws: RepositoryName.ParseError.tooLong(length: 256)) { try RepositoryName(parsing: longest + "a") }
    }

    @Test("random texts are accepted exactly when the specification's expression matches", arguments: 0..<8)
    func agreesWithTheSpecification(seed: UInt64) throws {
        let expression = try Self.reference()
        var random = SeededGenerator(seed: seed)
        var accepted = 0
        for _ in 0..<2000 {
            let text = random.text(of: "aab0z9._-/A", length: 1...10)
            let isName = (try? RepositoryName(parsing: text)) != nil
            #expect(isName == Self.matches(expression, text), "'\(text)'")
            if isName { accepted += 1 }
        }
        // Neither side of the property is empty.
        #expect(accepted > 50 && accepted < 1950)
    }

    @Test("names that the specification's expression generates are accepted", arguments: 0..<4)
    func generated(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<500 {
            let components = (0..<Int.random(in: 1...4, using: &random)).map { _ in
                (0..<Int.random(in: 1...4, using: &random)).map { _ in random.text(of: "abcxyz0189", length: 1...4) }
                    .reduce("") { name, word in
                        name.isEmpty ? word : name + [".", "_", "__", "-", "----"][Int.random(in: 0..<5, using: &random)] + word
                    }
            }
            let text = components.joined(separator: "/")
            #expect(try RepositoryName(parsing: text).description == text)
        }
    }

    @Test(
        "the project is the first component, or library for a name of one",
        arguments: [("alpine", "library"), ("team/app", "team"), ("a/b/c", "a"), ("library/alpine", "library")])
    func project(text: String, expected: String) throws {
        #expect(try RepositoryName(parsing: text).project == expected)
    }
}
