import Foundation
import TestSupport
import Testing

@testable import CoveIdentity

@Suite("HTPasswdFile")
struct HTPasswdFileTests {
    private static func hash(cost: String = "05") -> String { "$2y$\(cost)$" + String(repeating: "C", count: 53) }

    private static func parse(_ text: String) throws(HTPasswdError) -> HTPasswdFile {
        try HTPasswdFile(parsing: text, path: "/etc/pw")
    }

    @Test("users are read; comments and blank lines are not", arguments: ["\n", "\r\n"])
    func reads(end: String) throws {
        let text = ["# team", "", "ann:\(Self.hash())", "   ", "  bob:\(Self.hash(cost: "10"))  ", "#eve:x"].joined(separator: end)
        let file = try Self.parse(text)
        #expect(file.hashes == ["ann": Self.hash(), "bob": Self.hash(cost: "10")])
    }

    @Test("an empty file has no users", arguments: ["", "\n", "# nobody\n"])
    func empty(text: String) throws {
        #expect(try Self.parse(text).hashes.isEmpty)
        #expect(try Self.parse(text).usualCost == 10)
    }

    @Test(
        "an error names the line and what is wrong, but never the hash",
        arguments: [
            ("ann:$apr1$x$y", 1, "the password of 'ann' is not a bcrypt hash; make the line with cove htpasswd"),
            ("# c\n\nbob:{SHA}x", 3, "the password of 'bob' is not a bcrypt hash; make the line with cove htpasswd"),
            ("bob:plain", 1, "the password of 'bob' is not a bcrypt hash; make the line with cove htpasswd"),
            ("bob:", 1, "the password of 'bob' is not a bcrypt hash; make the line with cove htpasswd"),
            ("just words", 1, "this is not of the form user:hash"), (":\(hash())", 1, "this is not of the form user:hash"),
            ("a:\(hash())\nb:\(hash())\na:\(hash())", 3, "'a' has a password on line 1 already; remove one of the two"),
        ])
    func errors(text: String, number: Int, problem: String) {
        #expect(throws: HTPasswdError.badLine(path: "/etc/pw", number: number, problem: problem)) { try Self.parse(text) }
        #expect(
            HTPasswdError.badLine(path: "/etc/pw", number: number, problem: problem).description == "/etc/pw, line \(number): \(problem)")
    }

    @Test("an unknown user costs what most users do, the dearer of equals")
    func usualCost() throws {
        func file(_ costs: [String]) throws -> Int {
            try Self.parse(costs.enumerated().map { "u\($0):\(Self.hash(cost: $1))" }.joined(separator: "\n")).usualCost
        }
        #expect(try file(["05", "12", "05"]) == 5)
        #expect(try file(["05", "12", "12", "05"]) == 12)
        #expect(try file(["08"]) == 8)
    }

    @Test("a file that is missing, a directory or not text says so")
    func unreadable() throws {
        let directory = try TemporaryDirectory()
        let missing = directory.file("none")
        #expect(throws: HTPasswdError.unreadable(path: missing, reason: "there is no such file")) { try HTPasswdFile.read(missing) }
        #expect(throws: HTPasswdError.self) { try HTPasswdFile.read(directory.path) }
        let binary = directory.file("binary")
        try Data([0xFF, 0xFE, 0xFA]).write(to: URL(fileURLWithPath: binary))
        #expect(throws: HTPasswdError.self) { try HTPasswdFile.read(binary) }
    }

    @Test("the stamp changes with the file")
    func stamp() throws {
        let directory = try TemporaryDirectory()
        let path = try directory.write("one", to: "pw")
        let before = FileStamp(path)
        #expect(before != nil && before == FileStamp(path))
        try directory.write("two", to: "pw")
        #expect(FileStamp(path) != before)
        try FileManager.default.removeItem(atPath: path)
        #expect(FileStamp(path) == nil)
    }

    @Test("spoilt files are read or refused", arguments: 0..<6)
    func mutations(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let original = Array("# users\nann:\(Self.hash())\r\nbob:\(Self.hash(cost: "10"))\n".utf8)
        for _ in 0..<200 {
            let text = String(decoding: random.mutated(original), as: UTF8.self)
            guard let file = try? Self.parse(text) else { continue }
            #expect(file.hashes.values.allSatisfy { Bcrypt.cost(of: $0) != nil })
        }
    }
}
