import Foundation
import TestSupport
import Testing

@testable import CoveOCI

@Suite("StrictJSON")
struct StrictJSONTests {
    /// Why a text is refused, nil when it is not.
    private static func reason(_ bytes: some Sequence<UInt8>) -> String? {
        Array(bytes).withUnsafeBufferPointer { bytes in
            do throws(StrictJSON.Violation) {
                try StrictJSON.check(bytes)
                return nil
            } catch {
                return error.reason
            }
        }
    }

    @Test(
        "well-formed objects are accepted",
        arguments: [
            "{}", " { \"a\" : [ 1 , -0.5e+10 , true , false , null , \"x\" ] }\r\n\t", #"{"\u00e9\n\"\\":{"a":{"a":{}}}}"#, #"{"":0}"#,
            #"{"schemaVersion":2,"layers":[{"size":0},{"size":0}]}"#, #"{"x":{"Size":1.5,"Config":2}}"#, #"{"a":{"b":1},"c":{"b":1}}"#,
        ])
    func accepts(json: String) {
        #expect(Self.reason(json.utf8) == nil)
    }

    @Test(
        "what parsers read differently is refused, with its place",
        arguments: [
            ("", "at byte 0: a JSON object must begin here"), ("[]", "at byte 0: a JSON object must begin here"),
            ("\u{FEFF}{}", "at byte 0: a JSON object must begin here"), ("{} {}", "at byte 3: nothing may follow the object"),
            ("{\"a\":1,}", "at byte 7: a key in quotes must stand here"), ("{\"a\":[1,]}", "at byte 8: this is not a value"),
            ("{a:1}", "at byte 1: a key in quotes must stand here"), ("{\"a\" 1}", "at byte 5: expected ':'"),
            ("{\"a\":1 \"b\":2}", "at byte 7: expected ',' or '}'"), ("{\"a\":[1 2]}", "at byte 8: expected ',' or ']'"),
            ("{\"a\":01}", "at byte 7: a number must not begin with 0"), ("{\"a\":+1}", "at byte 5: this is not a value"),
            ("{\"a\":.5}", "at byte 5: this is not a value"), ("{\"a\":1.}", "at byte 7: digits must follow '.'"),
            ("{\"a\":1e}", "at byte 7: digits must follow the exponent"), ("{\"a\":nul}", "at byte 8: expected null"),
            ("{\"a\":NaN}", "at byte 5: this is not a value"), ("{\"a\":'x'}", "at byte 5: this is not a value"),
            ("{\"a\":\"x", "at byte 7: a string does not end"), ("{\"a\":\"\t\"}", "at byte 7: a control character must be escaped"),
            (#"{"a":"\x"}"#, "at byte 8: unknown escape"), (#"{"a":"\u12g4"}"#, "at byte 10: \\u needs four digits"),
            ("{\"a\":1/**/}", "at byte 6: expected ',' or '}'"), ("{\"a\":", "at byte 5: a value is missing"),
            ("{\"a\":1,\"a\":2}", "at byte 10: the key 'a' is there twice"),
            (#"{"a":{"b":1,"\u0062":2}}"#, "at byte 20: the key 'b' is there twice"),
            (#"{"Config":{}}"#, "at byte 9: the key 'Config' must be spelled 'config'"),
            (#"{"layers":[{"DIGEST":""}]}"#, "at byte 20: the key 'DIGEST' must be spelled 'digest'"),
            (#"{"config":{"size":5.0}}"#, "at byte 21: 'size' must be a whole number without fraction or exponent"),
            (#"{"schemaVersion":2e0}"#, "at byte 20: 'schemaVersion' must be a whole number without fraction or exponent"),
        ])
    func refuses(json: String, reason: String) {
        #expect(Self.reason(json.utf8) == reason)
    }

    @Test("what is not UTF-8 is refused", arguments: [[0x7B, 0xFF, 0x7D], [0x7B, 0x22, 0xC3, 0x22, 0x7D], [0xFF, 0xFE]] as [[UInt8]])
    func notUTF8(bytes: [UInt8]) {
        #expect(Self.reason(bytes) == "it is not UTF-8 text")
    }

    @Test("nesting and the number of values are bounded")
    func bounds() {
        func nested(_ depth: Int) -> String {
            "{\"a\":" + String(repeating: "[", count: depth - 1) + String(repeating: "]", count: depth - 1) + "}"
        }
        #expect(Self.reason(nested(64).utf8) == nil)
        #expect(Self.reason(nested(65).utf8) == "it is nested deeper than 64 levels")
        #expect(Self.reason(nested(10_000).utf8) == "it is nested deeper than 64 levels")
        // The list itself is a value as well.
        func list(_ count: Int) -> String { "{\"a\":[\(Array(repeating: "0", count: count).joined(separator: ","))]}" }
        #expect(Self.reason(list(99_999).utf8) == nil)
        #expect(Self.reason(list(100_000).utf8) == "it has more than 100000 values")
    }

    @Test("random documents are accepted, and what is accepted of their mutations is JSON", arguments: 0..<8)
    func random(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        func value(_ level: Int) -> String {
            let leaves = ["0", "-12.5E-3", "true", "null", "\"\"", #""[{\"\\\u00e9""#, "\"é\u{1F600}\""]
            guard level > 0, Bool.random(using: &random) else { return leaves.randomElement(using: &random) ?? "0" }
            let inner = (0..<Int.random(in: 0...3, using: &random)).map { _ in value(level - 1) }
            if Bool.random(using: &random) { return "[\(inner.joined(separator: " , "))]" }
            return "{\(inner.enumerated().map { "\"k\($0)\" :\n\($1)" }.joined(separator: ","))}"
        }
        for _ in 0..<50 {
            let document = "{\"a\":\(value(5)),\"b\":\(value(5))}"
            #expect(Self.reason(document.utf8) == nil)
            let mutated = random.mutated(Array(document.utf8))
            guard Self.reason(mutated) == nil else { continue }
            let object = try JSONSerialization.jsonObject(with: Data(mutated))
            #expect(object is [String: Any])
        }
    }
}
