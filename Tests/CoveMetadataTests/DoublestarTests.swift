import TestSupport
import Testing

@testable import CoveMetadata

@Suite("Doublestar")
struct DoublestarTests {
    @Test(
        "names that a pattern is for",
        arguments: [
            ("**", "anything/at/all"), ("**", ""), ("*", "v1.0"), ("*", ""), ("v*", "v1"), ("v?", "v1"), ("*-rc", "1-rc"),
            ("release-*", "release-"), ("{a,b}", "a"), ("{a,b}", "b"), ("{1,2}.*", "2.7"), ("v[0-9]", "v5"), ("v[^0-9]", "va"),
            ("v[!0-9]", "va"),
            ("a/**", "a/b"), ("a/**", "a/b/c"), ("**/b", "b"), ("**/b", "x/y/b"), ("a/**/z", "a/z"), ("a/**/z", "a/b/c/z"),
            ("{a,b/**}", "b/c/d"), ("{x,{y,z}}", "z"), ("\\*", "*"), ("[a\\]]", "]"), ("[]", ""), ("a{,b}", "a"), ("a{,b}", "ab"),
            ("v**", "v1"), ("[a-]", "-"), ("*é?", "aéb"),
        ].filter { $0.0 != "[]" })
    func matches(pattern: String, name: String) throws {
        #expect(try Doublestar(pattern).matches(name))
    }

    @Test(
        "names that a pattern is not for",
        arguments: [
            ("*", "a/b"), ("v?", "v"), ("v?", "v12"), ("?", "/"), ("{a,b}", "c"), ("{a,b}", "ab"), ("v[0-9]", "va"), ("a/**", "a"),
            ("a/**", "b/c"),
            ("a/**/z", "az"), ("a**", "a/b"), ("**b", "a/b"), ("\\*", "a"), ("v1", "V1"), ("[^a]", "/"), ("latest", "latest1"),
            ("a/*", "a/b/c"),
        ])
    func refuses(pattern: String, name: String) throws {
        #expect(try !Doublestar(pattern).matches(name))
    }

    @Test("a malformed pattern is refused with what is wrong", arguments: ["", "[a", "{a", "{a,{b}", "a\\", "[]", "[z-a]", "[a\\"])
    func malformed(pattern: String) {
        #expect(throws: Doublestar.ParseError.self) { try Doublestar(pattern) }
    }

    @Test("a pattern that is too long or too deep is refused")
    func limits() {
        #expect(throws: Doublestar.ParseError.self) { try Doublestar(String(repeating: "a", count: 1025)) }
        #expect(throws: Doublestar.ParseError.self) {
            try Doublestar(String(repeating: "{", count: 17) + "a" + String(repeating: "}", count: 17))
        }
    }

    @Test("a name escaped is a pattern for itself alone", arguments: 0..<50)
    func literal(seed: Int) throws {
        var random = SeededGenerator(seed: UInt64(seed))
        let name = random.text(of: "ab/*?[]{}\\,-é", length: 1...20)
        let pattern = try Doublestar(name.map { "\\\($0)" }.joined())
        #expect(pattern.matches(name))
        #expect(!pattern.matches(name + "x"))
    }

    @Test("it agrees with what trying everything finds", arguments: 0..<300)
    func agrees(seed: Int) throws {
        var random = SeededGenerator(seed: UInt64(seed))
        let parts = ["a", "b", "/", "*", "**", "?", "[ab]", "[^a]", "**/", "/**"]
        let pattern = (0..<Int.random(in: 1...6, using: &random)).map { _ in parts.randomElement(using: &random) ?? "" }.joined()
        let doublestar = try Doublestar(pattern)
        for _ in 0..<40 {
            let name = random.text(of: "ab/", length: 0...7)
            #expect(doublestar.matches(name) == Self.matches(Array(pattern), Array(name), start: true), "\(pattern) and \(name)")
        }
    }

    /// The meaning written down plainly, trying every way.
    private static func matches(_ pattern: [Character], _ name: [Character], start: Bool) -> Bool {
        guard let first = pattern.first else { return name.isEmpty }
        let stars = pattern.prefix { $0 == "*" }.count
        if stars > 0 {
            let rest = Array(pattern[stars...])
            if stars > 1, start, rest.first == "/" {
                let after = Array(rest.dropFirst())
                return matches(after, name, start: true)
                    || name.indices.contains { name[$0] == "/" && matches(after, Array(name[($0 + 1)...]), start: true) }
            }
            let all = stars > 1 && start && rest.isEmpty
            for length in 0...name.count {
                if !all, name.prefix(length).contains("/") { break }
                if matches(rest, Array(name[length...]), start: false) { return true }
            }
            return false
        }
        guard let character = name.first else { return false }
        let rest = Array(name.dropFirst())
        switch first {
        case "?": return character != "/" && matches(Array(pattern.dropFirst()), rest, start: false)
        case "[":
            guard let end = pattern.firstIndex(of: "]") else { return false }
            let isNegated = pattern[1] == "^"
            let isIn = pattern[(isNegated ? 2 : 1)..<end].contains(character)
            return character != "/" && isIn != isNegated && matches(Array(pattern[(end + 1)...]), rest, start: false)
        default: return first == character && matches(Array(pattern.dropFirst()), rest, start: first == "/")
        }
    }

    @Test(
        "no pattern takes long",
        arguments: ["*a*a*a*a*a*a*a*a*a*a*a*a*a*b", "{*a,*a,{*a,*a}}{*a,*a}{*a,*a}{*a,*a}b", "**/**/**/**/**/**/**/b"])
    func quick(pattern: String) throws {
        let doublestar = try Doublestar(pattern)
        let name = String(repeating: "a", count: 2000) + "/" + String(repeating: "a/", count: 500)
        let took = ContinuousClock().measure { #expect(!doublestar.matches(name)) }
        #expect(took < .seconds(5))
    }
}
