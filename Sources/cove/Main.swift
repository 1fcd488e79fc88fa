import ArgumentParser
import CoveCommands
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
            ServeCommand.self, WorkerCommand.self, ImportCommand.self, ExportCommand.self, GarbageCollectCommand.self, ConfigCommand.self,
            MetadataCommand.self, AdminCommand.self, AccessCommand.self, HTPasswdCommand.self, CompletionCommand.self, VersionCommand.self,
            ExitCodesCommand.self,
        ],
        groupedSubcommands: [
            CommandGroup(
                name: "At a server",
                subcommands: [
                    LoginCommand.self, LogoutCommand.self, ContextCommand.self, WhoAmICommand.self, HealthCommand.self, InfoCommand.self,
                    ProjectCommand.self, UserCommand.self, UserGroupCommand.self, RobotCommand.self, RepositoryCommand.self,
                    ArtifactCommand.self, TagCommand.self, LabelCommand.self, QuotaCommand.self, WebhookCommand.self, AuditCommand.self,
                    JobCommand.self, ScheduleCommand.self, GCCommand.self,
                ])
        ]
    )

    static func main() async {
        let name = CommandLine.arguments.first
        let arguments = FlagValues.translate(Array(CommandLine.arguments.dropFirst()))
        if RegistryCommand.isMeant(by: name) {
            await RegistryCommand.main(RegistryCommand.arguments(arguments))
        } else if DockerCredentialCommand.isMeant(by: name) {
            await DockerCredentialCommand.main(arguments)
        } else if HarborCommand.isMeant(by: name) {
            await HarborCommand.main(arguments)
        } else {
            await Self.main(arguments)
        }
    }
}
