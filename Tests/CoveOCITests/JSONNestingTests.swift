import CoveOCI
import Foundation
import TestSupport
import Testing

@Suite("JSONNesting")
struct JSONNestingTests {
    @Test(
        "the depth is that of the deepest bracket",
        arguments: [
            ("", 0), ("1", 0), ("\"x\"", 0), ("{}", 1), ("[[],[[]]]", 3), (#"{"a":{"b":[1]}}"#, 3),
            (#"{"a":"[[[[{{{{"}"#, 1), (#"{"a":"\"[[["}"#, 1), (#"["\\",[]]"#, 2), (#"["\\\"[",[]]"#, 2),
        ])
    func depth(json: String, expected: Int) {
        #expect(JSONNesting.depth(of: json.utf8) == expected)
    }

    @Test(
        "brackets that do not balance have no depth",
        arguments: ["{", "[[]", "]", "[]]", "}{", #"{"a":"}"#, #"["\"]"#, "\""])
    func unbalanced(json: String) {
        #expect(JSONNesting.depth(of: json.utf8) == nil)
    }

    @Test("10 000 levels are counted, not climbed")
    func deep() {
        let json = String(repeating: "[", count: 10_000) + String(repeating: "]", count: 10_000)
        #expect(JSONNesting.depth(of: json.utf8) == 10_000)
    }

    @Test("random documents have the depth that they were built with", arguments: 0..<50)
    func random(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        func value(_ level: Int) -> (json: String, depth: Int) {
            guard level > 0, Bool.random(using: &random) else {
                let string = random.text(of: "[]{}:,a\u{1F600}", length: 0...6)
                return (#""\#(string)\\\"""#, 0)
            }
            let inner = (0..<Int.random(in: 0...3, using: &random)).map { _ in value(level - 1) }
            let depth = 1 + (inner.map(\.depth).max() ?? 0)
            if Bool.random(using: &random) { return ("[\(inner.map(\.json).joined(separator: ","))]", depth) }
            return ("{\(inner.enumerated().map { "\"[\($0)\":\($1.json)" }.joined(separator: ","))}", depth)
        }
        let (json, depth) = value(8)
        #expect(JSONNesting.depth(of: json.utf8) == depth)
        // The builder itself writes JSON.
        _ = try JSONSerialization.jsonObject(with: Data(json.utf8), options: .fragmentsAllowed)
    }
}
