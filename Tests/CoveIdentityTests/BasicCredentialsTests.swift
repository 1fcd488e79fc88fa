import Foundation
import TestSupport
import Testing

@testable import CoveIdentity

@Suite("BasicCredentials")
struct BasicCredentialsTests {
    private static func header(_ login: String, scheme: String = "Basic ") -> String {
        scheme + Data(login.utf8).base64EncodedString()
    }

    @Test(
        "user and password are what stands before and after the first colon",
        arguments: [
            ("Aladdin:open sesame", "Aladdin", "open sesame"), ("a:b:c:", "a", "b:c:"), (":secret", "", "secret"), ("user:", "user", ""),
            (":", "", ""), ("ünï:пароль\u{1F600}", "ünï", "пароль\u{1F600}"), (" a : b ", " a ", " b "),
            ("user:\u{301}x", "user", "\u{301}x"), ("\u{600}:p", "\u{600}", "p"),
        ])
    func parses(login: String, user: String, password: String) throws {
        let credentials = try #require(BasicCredentials(authorizationHeader: Self.header(login)))
        #expect(Array(credentials.user.unicodeScalars) == Array(user.unicodeScalars))
        #expect(Array(credentials.password.unicodeScalars) == Array(password.unicodeScalars))
    }

    @Test("the scheme has no case, and any number of spaces follows it", arguments: ["basic ", "BASIC ", "bAsIc   "])
    func scheme(scheme: String) {
        #expect(BasicCredentials(authorizationHeader: Self.header("a:b", scheme: scheme))?.user == "a")
    }

    @Test(
        "what is no Basic header gives nothing",
        arguments: [
            "", "Basic", "Basic ", "Bearer YTpi", "Digest YTpi", "YTpi", "BasicYTpi", "Basic !!!!", "Basic YTp", "Basic YTpi YTpi",
            "Basic\tYTpi", "Basic YWI=", "Basic //79", "Basic -_-_",
        ])
    func refused(header: String) {
        #expect(BasicCredentials(authorizationHeader: header) == nil)
    }

    @Test("control characters are refused (RFC 7617 section 2)", arguments: ["a\n:b", "a:b\u{0}", "a:\u{7F}", "a\t:b", "a:\u{85}"])
    func control(login: String) {
        #expect(BasicCredentials(authorizationHeader: Self.header(login)) == nil)
    }

    @Test("a header of more than 4096 bytes is not looked at")
    func length() {
        // 6 bytes of scheme, then 4 for each 3.
        let longest = Self.header("a:" + String(repeating: "b", count: 3064))
        #expect(longest.utf8.count == 4094)
        #expect(BasicCredentials(authorizationHeader: longest)?.password.count == 3064)
        #expect(BasicCredentials(authorizationHeader: Self.header("a:" + String(repeating: "b", count: 3067))) == nil)
    }

    @Test("random headers give nothing or a login that encodes to them", arguments: 0..<4)
    func random(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<500 {
            let header = "Basic " + random.text(of: "ABCYTpi0+/=", length: 4...12)
            guard let login = BasicCredentials(authorizationHeader: header) else { continue }
            #expect(Self.header("\(login.user):\(login.password)") == header)
        }
    }
}
