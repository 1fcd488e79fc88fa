import ArgumentParser
import CoveConfiguration
import CoveServer
import Foundation

struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Run the registry.",
        discussion: """
            Without a file (nor one named in REGISTRY_CONFIGURATION_PATH): 127.0.0.1:5000, data under ./data, deletion
            allowed. REGISTRY_* variables override the file: REGISTRY_HTTP_ADDR=:5001 cove serve config.yml

            SIGTERM and SIGINT stop accepting connections and let running requests end (http.draintimeout).
            """
    )

    @Argument(help: "A config.yml in registry:2's format.", completion: .file(extensions: ["yml", "yaml"]))
    var file: String?

    func run() async throws {
        let (configuration, warnings) = try loadConfiguration(file)
        do {
            try await Serve.run(configuration, warnings: warnings)
        } catch let error as ServeError {
            throw Console.failure(error.problems)
        }
    }
}

/// Loads a configuration, or ends the command with every problem on a line of its own.
func loadConfiguration(_ file: String?) throws -> (configuration: Configuration, warnings: [String]) {
    let environment = ProcessInfo.processInfo.environment
    do throws(ConfigurationError) {
        return try Configuration.load(file: file ?? environment["REGISTRY_CONFIGURATION_PATH"], environment: environment)
    } catch {
        throw Console.failure(error.problems)
    }
}
