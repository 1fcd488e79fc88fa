import ArgumentParser
import CoveCommands

struct RepositoryGrantCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "grant", abstract: "Let users and groups into some repositories of a project, beside the roles.",
        subcommands: [Add.self, List.self, Remove.self], aliases: ["grants"])

    struct Add: ServerCommand {
        static let configuration = CommandConfiguration(
            abstract: "Give a grant.",
            discussion: """
                cove repository grant add team/app --member alice --actions pull,push
                cove repository grant add 'team/frontend/**' --member group:designers

                * is anything within a component of the name, ** also beyond it.
                """,
            aliases: ["create"])

        @Argument(help: "PROJECT/PATTERN.")
        var repositories: ArtifactName

        @Option(help: "Whom: a user, or group:NAME.")
        var member: String

        @Option(help: "Some of pull, push and delete.")
        var actions = "pull"

        @OptionGroup var server: ServerOptions

        func run(_ session: ServerSession) async throws {
            let name = MemberName(parsing: member)
            let actions = actions.split(separator: ",").map { JSONValue.string(String($0)) }
            let body: JSONValue = [
                name.kind == .group ? "group" : "user": .string(name.name), "pattern": .string(repositories.repository),
                "actions": .array(actions),
            ]
            let id = try await session.client.post(["projects", repositories.project, "grants"], body).created
            session.done(
                "grant \(id ?? ""): \(name.name) may \(self.actions) '\(repositories.name)' now",
                .object(of: ["id": id.map { .string($0) }, "name": .string(name.name)]), key: "id")
        }
    }

    struct List: ServerCommand {
        static let configuration = CommandConfiguration(abstract: "List the grants of a project.", aliases: ["ls"])

        @Argument(help: "The project.")
        var project: String

        @OptionGroup var list: ListOptions
        @OptionGroup var server: ServerOptions

        func run(_ session: ServerSession) async throws {
            session.show(
                try await session.client.list(["projects", project, "grants"], list.request()),
                [
                    Column("ID", "id"), Column("WHO") { $0.text("user") ?? $0.text("group") ?? "" },
                    Column("KIND") { $0.text("user") == nil ? "group" : "user" }, Column("REPOSITORIES", "pattern"),
                    Column("ACTIONS", "actions"),
                ], key: "id")
        }
    }

    struct Remove: ServerCommand {
        static let configuration = CommandConfiguration(abstract: "Take a grant back.", aliases: ["rm", "delete"])

        @Argument(help: "The project.")
        var project: String

        @Argument(help: "The grant's number, as cove repository grant list has it.")
        var grant: Int64

        @OptionGroup var server: ServerOptions

        func run(_ session: ServerSession) async throws {
            try await session.client.delete(["projects", project, "grants", String(grant)])
            session.done("grant \(grant) of project '\(project)' was taken back", ["id": .string(String(grant))], key: "id")
        }
    }
}
