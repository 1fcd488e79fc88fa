import TestSupport
import Testing

@testable import CoveIdentity

@Suite("HTPasswd: making lines")
struct HTPasswdLineTests {
    @Test("a line is read as the user with the password")
    func line() throws {
        let line = try HTPasswd.line(user: "ann lee", password: "pass:word", cost: 4)
        #expect(line.hasPrefix("ann lee:$2y$04$"))
        let file = try HTPasswdFile(parsing: line, path: "x")
        #expect(file.hashes.count == 1)
        #expect(Bcrypt.matches(password: "pass:word", hash: try #require(file.hashes["ann lee"])))
    }

    @Test(
        "a user that no line can hold is refused",
        arguments: [
            "", "a:b", "#ann", " ann", "ann ", "a\nb", "a\u{0}", "a\u{2028}b", "a\u{2029}", "a\u{85}b", String(repeating: "é", count: 128),
        ])
    func badUser(user: String) {
        let problem =
            "a user name has 1 to 255 bytes, no colon, no control character, no '#' in front and no space around it"
        #expect(throws: HTPasswdError.unusable(problem)) { try HTPasswd.line(user: user, password: "x", cost: 4) }
    }

    @Test(
        "a password that bcrypt cannot hold whole is refused",
        arguments: ["", "a\u{0}b", String(repeating: "x", count: 73), String(repeating: "é", count: 37)])
    func badPassword(password: String) {
        let problem = "a password has 1 to 72 bytes, none of them NUL: bcrypt ignores what is beyond"
        #expect(throws: HTPasswdError.unusable(problem)) { try HTPasswd.line(user: "ann", password: password, cost: 4) }
    }

    @Test("72 bytes are a password, and the last of them counts")
    func longestPassword() throws {
        let password = String(repeating: "x", count: 72)
        let hash = try HTPasswd.line(user: "a", password: password, cost: 4).dropFirst(2)
        #expect(Bcrypt.matches(password: password, hash: String(hash)))
        #expect(!Bcrypt.matches(password: String(password.dropLast()) + "y", hash: String(hash)))
    }

    @Test("a cost beyond bcrypt's is refused", arguments: [3, 32, -1, 0])
    func badCost(cost: Int) {
        #expect(throws: HTPasswdError.unusable("the cost must be from 4 to 31, not \(cost)")) {
            try HTPasswd.line(user: "ann", password: "x", cost: cost)
        }
    }

    @Test("whatever user is accepted is read back as that user", arguments: 0..<4)
    func roundTrip(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let odd = "ab#: .\u{A0}\u{301}\u{600}\u{200D}\u{2028}\u{1F600}é\"'\\$\t\r\n\u{FEFF}"
        var accepted = 0
        for _ in 0..<300 {
            let scalars = Array(odd.unicodeScalars)
            var user = ""
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                user.unicodeScalars.append(scalars[Int.random(in: scalars.indices, using: &random)])
            }
            guard let line = try? HTPasswd.line(user: user, password: "x", cost: 4) else { continue }
            accepted += 1
            let file = try HTPasswdFile(parsing: line, path: "x")
            #expect(file.hashes.keys.map { Array($0.unicodeScalars) } == [Array(user.unicodeScalars)])
        }
        #expect(accepted > 50)
    }
}
