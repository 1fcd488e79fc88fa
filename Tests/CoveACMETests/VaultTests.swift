import CoveMetadata
import Foundation
import Logging
import NIOPosix
import TestSupport
import Testing

@testable import CoveACME

@Suite("ACME: what is kept")
struct VaultTests {
    private let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory()
    }

    private func vaults() async throws -> [any CertificateVault] {
        [
            try DirectoryVault(directory.file("a/vault"), threads: .singleton),
            DatabaseVault(try await MetadataStore.open(TestDatabase.engine())),
        ]
    }

    @Test("an entry is what was saved last, and gone once it is removed")
    func entries() async throws {
        for vault in try await vaults() {
            #expect(try await vault.load(["a.example"]) == [:])
            try await vault.save([1, 2, 3], as: "a.example")
            try await vault.save([], as: "b.example+state")
            try await vault.save([4], as: "a.example")
            #expect(try await vault.load(["a.example", "b.example+state", "c.example"]) == ["a.example": [4], "b.example+state": []])
            try await vault.remove("a.example")
            try await vault.remove("a.example")
            #expect(try await vault.load(["a.example"]) == [:])
        }
    }

    @Test("one at a time has the turn")
    func turns() async throws {
        for vault in try await vaults() {
            let ran = Shared<[String]>([])
            try await vault.exclusively {
                ran.change { $0.append("first") }
                try await vault.exclusively { ran.change { $0.append("second") } }
            }
            try await vault.exclusively { ran.change { $0.append("third") } }
            #expect(ran.value == ["first", "third"])
        }
    }

    @Test("only its owner can read a file, and a draft of it is left nowhere")
    func permissions() async throws {
        let vault = try DirectoryVault(directory.file("vault"), threads: .singleton)
        try await vault.save([1], as: "a.example")
        func mode(_ path: String) throws -> Int? {
            try FileManager.default.attributesOfItem(atPath: directory.file(path))[.posixPermissions] as? Int
        }
        #expect(try mode("vault") == 0o700)
        #expect(try mode("vault/a.example") == 0o600)
        #expect(directory.files(under: "vault") == ["a.example"])
    }

    @Test("a name that is no file's name is refused", arguments: ["", "../a", "a/b", ".hidden", "a\0b"])
    func names(name: String) async throws {
        let vault = try DirectoryVault(directory.file("vault"), threads: .singleton)
        await #expect(throws: ACMEError.self) { try await vault.save([1], as: name) }
        await #expect(throws: ACMEError.self) { try await vault.load([name]) }
    }

    @Test("a file in the directory's place is named")
    func noDirectory() throws {
        try directory.write("x", to: "file")
        #expect {
            try DirectoryVault(directory.file("file"), threads: .singleton)
        } throws: {
            "\($0)" == "'\(directory.file("file"))' is a file; name a directory"
        }
    }

    @Test("a challenge is found by its host and its kind, and by no other")
    func challenges() async throws {
        let vault = try DirectoryVault(directory.file("vault"), threads: .singleton)
        let board = ChallengeBoard(
            hosts: ["a.example"], vault: vault, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let challenge = PendingChallenge(host: "a.example", kind: .http01, token: "t", keyAuthorization: "t.k")
        try await board.present(challenge)
        #expect(await board.challenge(.http01, for: "a.example") == challenge)
        #expect(await board.challenge(.tlsALPN01, for: "a.example") == nil)
        #expect(await board.challenge(.http01, for: "b.example") == nil)
        // A file that is there is not looked at for a name that is not a host's.
        #expect(await board.challenge(.http01, for: "../vault/a.example") == nil)
        await board.withdraw("a.example")
        #expect(await board.challenge(.http01, for: "a.example") == nil)
    }
}
