import Foundation
import Logging
import NIOPosix
import TestSupport
import Testing

@testable import CoveIdentity

@Suite("HTPasswd: no file yet")
struct HTPasswdProvisionTests {
    private let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    private let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory()
    }

    private func mode(_ path: String) throws -> Int {
        try #require(FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int)
    }

    @Test("a missing file is made with a user docker, whose password only the owner can read")
    func made() async throws {
        let path = directory.file("sub/htpasswd")
        let note = try #require(try HTPasswd.provision(path))
        #expect(note == path + ".password")
        let (passwordMode, fileMode) = (try mode(note), try mode(path))
        #expect(passwordMode == 0o600 && fileMode == 0o600)
        let password = try String(contentsOfFile: note, encoding: .utf8).trimmingCharacters(in: .newlines)
        #expect(password.utf8.count == 43)
        let passwords = try HTPasswd(path: path, threadPool: .singleton, logger: logger)
        #expect(await passwords.verdict(user: "docker", password: password) == .accepted)
        #expect(await passwords.verdict(user: "docker", password: "docker") == .rejected)
        #expect(try HTPasswd.provision(path) == nil)
        let again = try String(contentsOfFile: note, encoding: .utf8)
        #expect(again == password + "\n")
    }

    @Test("a file that cannot be made is named")
    func impossible() throws {
        let path = try directory.write("a file", to: "file") + "/htpasswd"
        #expect {
            _ = try HTPasswd.provision(path)
        } throws: { error in
            "\(error)".hasPrefix("cannot read the password file '\(path)': there is no such file, and '\(path).password' cannot be made: ")
        }
    }

    @Test("with a directory in the place of the file nobody can log in, until there is a file")
    func directoryInstead() async throws {
        #expect(HTPasswd.isDirectory(directory.path))
        #expect(!HTPasswd.isDirectory(directory.file("none")))
        let passwords = try HTPasswd(path: directory.path, threadPool: .singleton, logger: logger)
        #expect(await passwords.verdict(user: "docker", password: "docker") == .rejected)
    }
}
