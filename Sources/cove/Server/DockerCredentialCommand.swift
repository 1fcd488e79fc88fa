import ArgumentParser
import CoveCommands
import Foundation

/// Cove under the name of `docker-credential-cove`: Docker gets the logins of contexts, and may keep its own beside them.
struct DockerCredentialCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "docker-credential-cove",
        abstract: "Give Docker the logins of cove's contexts.",
        discussion: """
            Make a link of this name to cove in PATH, and write into ~/.docker/config.json:

              {"credHelpers": {"registry.example.org": "cove"}}     for one registry
              {"credsStore": "cove"}                                for all
            """
    )

    /// Whether the process was started under this name.
    static func isMeant(by name: String?) -> Bool {
        name?.split(separator: "/").last == "docker-credential-cove"
    }

    @Argument(help: "get, store, erase or list.")
    var action: String

    func run() async throws {
        let needsInput = ["get", "store", "erase"].contains(action)
        let input = needsInput ? FileHandle.standardInput.readDataToEndOfFile() : Data()
        let store = ContextStore(environment: ProcessInfo.processInfo.environment)
        do {
            let answer = try await DockerCredentials(store).run(action, input: String(decoding: input, as: UTF8.self))
            if !answer.isEmpty { print(answer) }
        } catch {
            // The protocol has failures on standard output.
            print("\(error)")
            throw ExitCode.failure
        }
    }
}
