import ArgumentParser
import CoveCommands

struct RepositoryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "repository", abstract: "Repositories of a project.", discussion: ServerFailure.help,
        subcommands: [List.self, View.self, Delete.self, RepositoryGrantCommand.self], aliases: ["repo", "repositories"])

    private static let columns = [
        Column("NAME", "name"), Column("ARTIFACTS") { $0.integer("artifact_count").map(String.init) ?? "0" },
        Column("PULLS") { $0.integer("pull_count").map(String.init) ?? "0" }, Column("UPDATED", "update_time", .time),
        Column("DESCRIPTION", "description"),
    ]

    struct List: ServerCommand {
        static let configuration = CommandConfiguration(abstract: "List repositories: a project's, or all.", aliases: ["ls"])

        @Argument(help: "The project; without it, all that one may see.")
        var project: String?

        @OptionGroup var list: ListOptions
        @OptionGroup var server: ServerOptions

        func run(_ session: ServerSession) async throws {
            let path = project.map { ["projects", $0, "repositories"] } ?? ["repositories"]
            session.show(try await session.client.list(path, list.request()), columns, key: "name")
        }
    }

    struct View: ServerCommand {
        static let configuration = CommandConfiguration(abstract: "Show a repository.", aliases: ["show"])

        @Argument(help: "PROJECT/REPOSITORY.")
        var repository: ArtifactName

        @OptionGroup var server: ServerOptions

        func run(_ session: ServerSession) async throws {
            session.show(
                try await session.client.get(repository.path).value, columns + [Column("CREATED", "creation_time", .time)], key: "name")
        }
    }

    struct Delete: ServerCommand {
        static let configuration = CommandConfiguration(abstract: "Delete a repository with all that is in it.", aliases: ["rm"])

        @Argument(help: "PROJECT/REPOSITORY.")
        var repository: ArtifactName

        @OptionGroup var deletion: DeleteOptions
        @OptionGroup var server: ServerOptions

        func run(_ session: ServerSession) async throws {
            guard repository.reference == nil else {
                throw HarborError.unusable("this names an image in '\(repository.name)'; cove artifact delete deletes one")
            }
            let found = try await session.client.get(repository.path).value
            let count = found.integer("artifact_count") ?? 0
            let what = "repository '\(repository.name)' with \(count) artifact\(count == 1 ? "" : "s")"
            guard try deletion.allows(what, found.picking(["name", "artifact_count"]), session) else { return }
            try await session.client.delete(repository.path)
            session.done("repository '\(repository.name)' was deleted", ["name": .string(repository.name)])
        }
    }
}

extension ArtifactName: ExpressibleByArgument {
    public init?(argument: String) { self.init(parsing: argument) }
}
