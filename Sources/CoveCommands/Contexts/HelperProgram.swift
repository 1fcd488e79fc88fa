import Foundation
import NIOPosix

/// A credential helper of the system, by the protocol of Docker's: `docker-credential-NAME store`, `get` or `erase`.
package struct HelperProgram: Sendable {
    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    private let name: String

    package init(_ name: String) { self.name = name }

    private var program: String { "docker-credential-\(name)" }

    package func store(_ server: String, username: String, secret: String) async throws {
        let entry = JSONValue.object(["ServerURL": .string(server), "Username": .string(username), "Secret": .string(secret)])
        _ = try await run("store", entry.text())
    }

    package func secret(_ server: String) async throws -> String {
        let answer = try await run("get", server)
        guard let secret = JSONValue(parsing: answer)?.text("Secret") else {
            throw Failure(description: "'\(program)' gave no login for \(server); log in again: cove login \(server)")
        }
        return secret
    }

    package func erase(_ server: String) async throws { _ = try await run("erase", server) }

    private func run(_ verb: String, _ input: String) async throws -> Data {
        try await NIOThreadPool.singleton.runIfActive {
            let (standardInput, standardOutput) = (Pipe(), Pipe())
            let process = Process()
            process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
            process.arguments = [program, verb]
            process.standardInput = standardInput
            process.standardOutput = standardOutput
            process.standardError = FileHandle.nullDevice
            // It fits into the pipe, so a program that does not read it keeps nobody waiting.
            standardInput.fileHandleForWriting.write(Data((input + "\n").utf8))
            try standardInput.fileHandleForWriting.close()
            try process.run()
            let output = standardOutput.fileHandleForReading.readDataToEndOfFile()
            process.waitUntilExit()
            guard process.terminationStatus == 0 else {
                throw Failure(
                    description: process.terminationStatus == 127
                        ? "there is no program '\(program)'; put it into PATH, or log in with another --helper"
                        : "'\(program) \(verb)' ended with status \(process.terminationStatus)")
            }
            return output
        }
    }
}
