import Foundation
import Testing

@testable import CoveIdentity

@Suite("CompactToken")
struct CompactTokenTests {
    private static func text(header: String = #"{"alg":"ES256"}"#, payload: String = "{}", signature: String = "AAAA") -> String {
        "\(Data(header.utf8).base64URL).\(Data(payload.utf8).base64URL).\(signature)"
    }

    private static func problem(_ text: String) -> String? {
        do throws(TokenRefusal) {
            _ = try CompactToken(parsing: text).claims()
            return nil
        } catch {
            if case .malformed(let reason) = error { return reason }
            return "\(error)"
        }
    }

    @Test("what is no token of three parts is malformed")
    func parts() {
        for text in ["", "a", "a.b", "a.b.c.d", "..", "Bearer x.y.z"] { #expect(Self.problem(text) != nil, "\(text)") }
        #expect(Self.problem("a.b") == "it does not have three parts with dots between them")
        #expect(Self.problem(Self.text()) == nil)
        #expect(Self.problem(Self.text(signature: "AA==")) == "a part of it is not base64url")
        #expect(Self.problem(Self.text(signature: "AA+/")) == "a part of it is not base64url")
        #expect(Self.problem(Self.text() + "\n") == "a part of it is not base64url")
    }

    @Test("a token that is too long is refused before it is taken apart")
    func size() {
        let long = Self.text(payload: #"{"a":"\#(String(repeating: "x", count: CompactToken.longest))"}"#)
        #expect(Self.problem(long) == "it has more than 65536 bytes")
    }

    @Test("header and claims must be objects that every parser reads alike")
    func json() {
        #expect(Self.problem(Self.text(header: #"{"alg":"none","alg":"ES256"}"#))?.contains("'alg' is there twice") == true)
        #expect(Self.problem(Self.text(payload: #"{"iss":"a","iss":"b"}"#))?.contains("'iss' is there twice") == true)
        #expect(Self.problem(Self.text(payload: "[]")) != nil)
        #expect(Self.problem(Self.text(payload: "{} {}")) != nil)
        #expect(Self.problem(Self.text(header: #"{"typ":"JWT"}"#)) == "its header: a member is missing or of the wrong type")
        #expect(Self.problem(Self.text(payload: #"{"exp":"soon"}"#)) == "its claims: a member is missing or of the wrong type")
        #expect(Self.problem(Self.text(payload: #"{"access":[{"type":"repository"}]}"#)) != nil)
        // Not a manifest: such keys mean nothing here.
        #expect(Self.problem(Self.text(payload: #"{"Subject":"a","Config":{}}"#)) == nil)
    }

    @Test("claims that are nested deeper than any token server's are refused")
    func depth() {
        let deep = String(repeating: "[", count: 9) + String(repeating: "]", count: 9)
        #expect(Self.problem(Self.text(payload: #"{"a":\#(deep)}"#)) == "its claims: it is nested deeper than 8 levels")
    }

    @Test("an extension that must be understood is not understood")
    func critical() {
        #expect(Self.problem(Self.text(header: #"{"alg":"ES256","crit":["b64"],"b64":false}"#))?.contains("'crit'") == true)
    }

    @Test("base64url is read as it is written")
    func base64() {
        for count in 0..<70 {
            let bytes = Data((0..<count).map { UInt8(truncatingIfNeeded: $0 * 37 + count) })
            #expect(Data(base64URL: bytes.base64URL) == bytes)
        }
        #expect(Data(base64URL: "A") == nil)
        #expect(Data(base64URL: "A A") == nil)
    }
}
