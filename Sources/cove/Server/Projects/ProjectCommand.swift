import ArgumentParser
import CoveCommands

struct ProjectCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "project", abstract: "Projects of a server, their members and robots.", discussion: ServerFailure.help,
        subcommands: [
            Create.self, List.self, View.self, Update.self, Delete.self, ProjectMemberCommand.self, ProjectRobotCommand.self, Logs.self,
        ], aliases: ["projects"])

    static let columns = [
        Column("NAME", "name"), Column("ID", "project_id"), Column("PUBLIC", "metadata.public", .yesNo),
        Column("REPOSITORIES") { $0.integer("repo_count").map(String.init) ?? "0" }, Column("OWNER", "owner_name"),
        Column("CREATED", "creation_time", .time),
    ]

    struct Create: ServerCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a project.", discussion: "cove project create team --public=false --storage-limit 10GiB")

        @Argument(help: "Its name.")
        var name: String

        @Flag(inversion: .prefixedNo, help: "Whether everybody may pull.")
        var `public` = false

        @Option(help: "What it may store, such as 10GiB; -1 for no limit. Without it, the server's usual limit.")
        var storageLimit: String?

        @OptionGroup var server: ServerOptions

        func validate() throws {
            if let storageLimit, ByteSize.parse(storageLimit) == nil {
                throw ValidationError("--storage-limit '\(storageLimit)' is no size; write 10GiB or -1")
            }
        }

        func run(_ session: ServerSession) async throws {
            let body = JSONValue.object(of: [
                "project_name": .string(name), "metadata": ["public": .string(self.public ? "true" : "false")],
                "storage_limit": storageLimit.flatMap { ByteSize.parse($0) }.map { .integer($0) },
            ])
            _ = try await session.client.post(["projects"], body)
            let project =
                session.output == .table
                ? JSONValue.object(["name": .string(name)]) : try await session.client.get(["projects", name]).value
            session.done("project '\(name)' was created", project)
        }
    }

    struct List: ServerCommand {
        static let configuration = CommandConfiguration(abstract: "List projects.", aliases: ["ls"])

        @Option(help: "Only those whose name has this in it.")
        var name: String?

        @Flag(inversion: .prefixedNo, help: "Only public, or only private ones.")
        var `public`: Bool?

        @OptionGroup var list: ListOptions
        @OptionGroup var server: ServerOptions

        func run(_ session: ServerSession) async throws {
            var extra: [(String, String)] = []
            if let name { extra.append(("name", name)) }
            if let isPublic = self.public { extra.append(("public", isPublic ? "true" : "false")) }
            session.show(try await session.client.list(["projects"], list.request(), extra), columns, key: "name")
        }
    }

    struct View: ServerCommand {
        static let configuration = CommandConfiguration(abstract: "Show a project, what it holds and who is in it.", aliases: ["show"])

        @Argument(help: "Its name.")
        var name: String

        @OptionGroup var server: ServerOptions

        func run(_ session: ServerSession) async throws {
            var project = try await session.client.get(["projects", name]).value.fields
            project["summary"] = try await session.client.find(["projects", name, "summary"])
            session.show(
                .object(project),
                columns + [
                    Column("ADMINS", "summary.project_admin_count"), Column("MAINTAINERS", "summary.maintainer_count"),
                    Column("DEVELOPERS", "summary.developer_count"), Column("GUESTS", "summary.guest_count"),
                    Column("LIMITED GUESTS", "summary.limited_guest_count"),
                    Column("STORAGE USED", "summary.quota.used.storage", .size),
                    Column("STORAGE LIMIT", "summary.quota.hard.storage", .size),
                ], key: "name")
        }
    }

    struct Update: ServerCommand {
        static let configuration = CommandConfiguration(
            abstract: "Change a project.", discussion: "cove project update team --public --set auto_scan=true")

        @Argument(help: "Its name.")
        var name: String

        @Flag(inversion: .prefixedNo, help: "Whether everybody may pull.")
        var `public`: Bool?

        @Option(help: "Other metadata, NAME=VALUE, as often as wanted.")
        var set: [String] = []

        @OptionGroup var server: ServerOptions

        func validate() throws {
            guard self.public != nil || !set.isEmpty else { throw ValidationError("say what to change: --public, --no-public or --set") }
            if let wrong = set.first(where: { !$0.contains("=") || $0.hasPrefix("=") }) {
                throw ValidationError("'\(wrong)' is not NAME=VALUE")
            }
        }

        func run(_ session: ServerSession) async throws {
            var metadata: [String: JSONValue] = [:]
            if let isPublic = self.public { metadata["public"] = .string(isPublic ? "true" : "false") }
            for setting in set {
                let parts = setting.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
                metadata[parts[0]] = .string(parts[1])
            }
            _ = try await session.client.put(["projects", name], ["metadata": .object(metadata)])
            session.done("project '\(name)' was changed", ["name": .string(name), "metadata": .object(metadata)])
        }
    }

    struct Delete: ServerCommand {
        static let configuration = CommandConfiguration(
            abstract: "Delete a project that holds nothing any more, or with --force all that is in it.",
            discussion: "cove project delete team --force --dry-run", aliases: ["rm"])

        @Argument(help: "Its name.")
        var name: String

        @Flag(help: "Delete its repositories first.")
        var force = false

        @OptionGroup var deletion: DeleteOptions
        @OptionGroup var server: ServerOptions

        func run(_ session: ServerSession) async throws {
            _ = try await session.client.get(["projects", name])
            let repositories = force ? try await session.client.list(["projects", name, "repositories"]).items : []
            let names = repositories.compactMap { $0.text("name") }
            let what = "project '\(name)'\(names.isEmpty ? "" : " with its repositories \(names.joined(separator: ", "))")"
            let value: JSONValue = ["name": .string(name), "repositories": .array(names.map { .string($0) })]
            guard try deletion.allows(what, value, session) else { return }
            for artifact in names.compactMap({ ArtifactName(parsing: $0) }) {
                try await session.client.delete(["projects", name, "repositories", HarborPath.encoded(artifact.repository)])
            }
            try await session.client.delete(["projects", name])
            session.done("project '\(name)' was deleted", ["name": .string(name)])
        }
    }

    struct Logs: ServerCommand {
        static let configuration = CommandConfiguration(abstract: "What was done in a project.", aliases: ["log"])

        @Argument(help: "Its name.")
        var name: String

        @OptionGroup var list: ListOptions
        @OptionGroup var server: ServerOptions

        func run(_ session: ServerSession) async throws {
            session.show(try await AuditEntries.list(session, project: name, list.request()), AuditEntries.columns, key: "id")
        }
    }
}
