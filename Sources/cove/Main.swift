import ArgumentParser
import CoveServer

@main
struct Cove: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cove",
        abstract: "A container registry and distribution platform in one binary.",
        discussion: """
            Start a registry on 127.0.0.1:5000 with its data under ./data:

              cove serve

            or with the config.yml of registry:2:

              cove serve /etc/docker/registry/config.yml
            """,
        version: Version.current,
        subcommands: [
            ServeCommand.self, ImportCommand.self, ExportCommand.self, GarbageCollectCommand.self, ConfigCommand.self, MetadataCommand.self,
            HTPasswdCommand.self, CompletionCommand.self, VersionCommand.self,
        ]
    )

    static func main() async {
        let arguments = CommandLine.arguments
        if RegistryCommand.isMeant(by: arguments.first) {
            await RegistryCommand.main(RegistryCommand.arguments(Array(arguments.dropFirst())))
        } else {
            await Self.main(nil)
        }
    }
}
