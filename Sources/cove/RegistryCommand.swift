import ArgumentParser
import CoveServer
import Foundation

/// Cove under the name of `registry`, for entrypoints and `docker exec registry bin/registry …` lines.
struct RegistryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "registry",
        abstract: "Cove in the place of registry:2. Every command of cove is here as well.",
        version: "registry (cove) \(Version.current)",
        subcommands: [Serve.self] + Cove.configuration.ungroupedSubcommands.filter { $0 != ServeCommand.self },
        groupedSubcommands: Cove.configuration.groupedSubcommands
    )

    /// Names of the binary under which it is this command.
    private static let names: Set<String> = ["registry", "docker-registry"]

    /// Whether the process was started under such a name.
    static func isMeant(by name: String?) -> Bool {
        names.contains(name?.split(separator: "/").last.map(String.init) ?? "")
    }

    /// registry:2's `-v` beside `--version`, which is the library's.
    static func arguments(_ arguments: [String]) -> [String] { arguments == ["-v"] ? ["--version"] : arguments }

    /// Needs a configuration, as registry:2 does: a typing error must not begin a registry of its own.
    struct Serve: AsyncParsableCommand {
        static let configuration = CommandConfiguration(commandName: "serve", abstract: "Run the registry with a configuration.")

        @Argument(help: "A config.yml; without it, REGISTRY_CONFIGURATION_PATH.", completion: .file(extensions: ["yml", "yaml"]))
        var file: String?

        func run() async throws {
            if file == nil, ProcessInfo.processInfo.environment["REGISTRY_CONFIGURATION_PATH"] == nil {
                throw Console.failure("configuration path unspecified: name a config.yml, or set REGISTRY_CONFIGURATION_PATH")
            }
            var command = ServeCommand()
            command.file = file
            try await command.run()
        }
    }
}
