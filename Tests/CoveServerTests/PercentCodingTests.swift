import TestSupport
import Testing

@testable import CoveServer

@Suite("PercentCoding")
struct PercentCodingTests {
    @Test(
        "what is well-formed is decoded",
        arguments: [
            ("", ""), ("abc", "abc"), ("a%20b", "a b"), ("%2f%2F", "//"), ("%C3%A9", "é"), ("%25", "%"), ("%2541", "%41"), ("a+b", "a+b"),
            ("%00", "\u{0}"), ("é%20", "é "),
        ])
    func decodes(text: String, expected: String) {
        #expect(PercentCoding.decode(text) == expected)
    }

    @Test(
        "what is not well-formed, or not text, stays as it is",
        arguments: ["%", "%2", "%zz", "a%2", "%ff", "%C3", "%C3%28%20", "% 20", "%+1"])
    func leaves(text: String) {
        #expect(PercentCoding.decode(text) == text)
    }

    @Test("a plus is a space in a query only")
    func plus() {
        #expect(PercentCoding.decode("a+b%2B", plusIsSpace: true) == "a b+")
        #expect(PercentCoding.decode("a+b%2B") == "a+b+")
    }

    @Test("what is encoded is unreserved, and decodes to what it was", arguments: 0..<4)
    func roundTrip(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<300 {
            let text = random.text(of: "aZ0-_.~ %+&=?/#:é\u{1F600}\u{0}\n\"<>", length: 0...10)
            let encoded = PercentCoding.encode(text)
            #expect(PercentCoding.decode(encoded) == text)
            #expect(PercentCoding.decode(encoded, plusIsSpace: true) == text)
            #expect(encoded.utf8.allSatisfy { "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~%".utf8.contains($0) })
        }
    }

    @Test(
        "a request's id is the client's when it is harmless, else fresh", arguments: ["a", "A-1_b.c", String(repeating: "x", count: 128)])
    func requestID(id: String) {
        #expect(RequestID.make(from: id) == id)
    }

    @Test(
        "an id that could forge a log line is replaced",
        arguments: [nil, "", "a b", "a\nb", "a\"b", "é", "a=b", "<x>", String(repeating: "x", count: 129), "a\u{0}"])
    func freshRequestID(id: String?) {
        let fresh = RequestID.make(from: id)
        #expect(fresh.utf8.count == 16)
        #expect(fresh.allSatisfy { $0.isHexDigit && !$0.isUppercase })
        #expect(RequestID.make(from: id) != fresh)
    }
}
