import Foundation
import TestSupport
import Testing

@testable import CoveClient

@Suite("Credential helpers")
struct CredentialHelperTests {
    /// A program in a directory of its own, that notes each run.
    private struct Program {
        let directory: TemporaryDirectory
        let path: String

        init(_ script: String) throws {
            directory = try TemporaryDirectory()
            path = try directory.write("#!/bin/sh\necho run >> \"$(dirname \"$0\")/runs\"\n\(script)\n", to: "docker-credential-test")
            try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: path)
        }

        var runs: Int { ((try? String(contentsOfFile: directory.file("runs"), encoding: .utf8)) ?? "").split(separator: "\n").count }
    }

    private static let answer =
        #"read server; test "$1" = get && printf '{"ServerURL":"%s","Username":"%s","Secret":"s3"}' "$server" "$server""#

    @Test(
        "it is asked for the server, and its login used for as long as it holds",
        arguments: [
            (nil, 1), (.seconds(60), 1), (.zero, 2),
        ] as [(Duration?, Int)])
    func lifetime(lifetime: Duration?, runs: Int) async throws {
        let program = try Program(Self.answer)
        let helper = CredentialHelper(command: program.path, server: "registry.example.org", lifetime: lifetime)
        #expect(try await helper.login() == Login(user: "registry.example.org", password: "s3"))
        #expect(try await helper.login().password == "s3")
        #expect(program.runs == runs)
    }

    @Test("a login that has ended is asked for again")
    func expiry() async throws {
        let program = try Program(Self.answer)
        let helper = CredentialHelper(command: program.path, server: "s", lifetime: .milliseconds(1))
        _ = try await helper.login()
        try await Task.sleep(for: .milliseconds(5))
        _ = try await helper.login()
        #expect(program.runs == 2)
    }

    @Test("those who ask at once share a run")
    func sharing() async throws {
        let program = try Program("sleep 0.2; " + Self.answer)
        let helper = CredentialHelper(command: program.path, server: "s", lifetime: .zero)
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<10 { group.addTask { _ = try? await helper.login() } }
        }
        #expect(program.runs == 1)
    }

    @Test("a server's name is no shell's to read")
    func quoting() async throws {
        let program = try Program(Self.answer)
        let helper = CredentialHelper(command: program.path, server: "$(touch x); `id`", lifetime: nil)
        #expect(try await helper.login().user == "$(touch x); `id`")
    }

    @Test(
        "one that fails, hangs, floods or says something else gives no login and tells nothing of what it wrote",
        arguments: [
            "echo secret >&2; exit 3", "exec sleep 30", "exec cat /dev/zero", "echo secret",
            #"echo '{"Username":"<token>","Secret":"secret"}'"#,
        ])
    func failures(script: String) async throws {
        let program = try Program(script)
        let helper = CredentialHelper(command: program.path, server: "s", lifetime: nil, timeout: .milliseconds(700))
        let error = await #expect(throws: ClientError.self) { try await helper.login() }
        #expect(error?.description.contains("secret") == false)
        #expect(error?.description.contains(program.path) == true)
    }

    @Test("one that is not there is named")
    func absent() async throws {
        let helper = CredentialHelper(command: "docker-credential-nowhere", server: "s", lifetime: nil)
        let error = await #expect(throws: ClientError.self) { try await helper.login() }
        #expect(error?.description.contains("docker-credential-nowhere") == true)
    }
}
