import ArgumentParser
import CoveCommands

struct LabelCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "label", abstract: "Labels, of a project or of all.", discussion: ServerFailure.help,
        subcommands: [Create.self, List.self, Delete.self], aliases: ["labels"])

    struct Create: ServerCommand {
        static let configuration = CommandConfiguration(abstract: "Make a label.")

        @Argument(help: "Its name.")
        var name: String

        @Option(help: "Its colour, such as #0065AB.")
        var color: String?

        @Option(help: "What it means.")
        var description: String?

        @Option(name: [.short, .long], help: "The project that it is of; without it, it is for all.")
        var project: String?

        @OptionGroup var server: ServerOptions

        func run(_ session: ServerSession) async throws {
            var id: Int64?
            if let project { id = try await session.client.projectID(project) }
            let body = JSONValue.object(of: [
                "name": .string(name), "color": color.map { .string($0) }, "description": description.map { .string($0) },
                "scope": id == nil ? "g" : "p", "project_id": id.map { .integer($0) },
            ])
            let answer = try await session.client.post(["labels"], body)
            session.done(
                "label '\(name)' was created",
                .object(of: ["name": .string(name), "id": answer.created.flatMap { Int64($0) }.map { .integer($0) }]))
        }
    }

    struct List: ServerCommand {
        static let configuration = CommandConfiguration(abstract: "List labels: a project's, or the global ones.", aliases: ["ls"])

        @Option(name: [.short, .long], help: "The project.")
        var project: String?

        @OptionGroup var list: ListOptions
        @OptionGroup var server: ServerOptions

        func run(_ session: ServerSession) async throws {
            session.show(
                try await session.client.list(["labels"], list.request(), try await session.client.labelScope(project)),
                [
                    Column("NAME", "name"), Column("ID", "id"), Column("COLOR", "color"), Column("DESCRIPTION", "description"),
                    Column("CREATED", "creation_time", .time),
                ], key: "name")
        }
    }

    struct Delete: ServerCommand {
        static let configuration = CommandConfiguration(abstract: "Delete a label.", aliases: ["rm"])

        @Argument(help: "Its name.")
        var name: String

        @Option(name: [.short, .long], help: "The project that it is of.")
        var project: String?

        @OptionGroup var deletion: DeleteOptions
        @OptionGroup var server: ServerOptions

        func run(_ session: ServerSession) async throws {
            let label = try await session.client.label(name, of: project)
            guard try deletion.allows("label '\(name)'", label.picking(["id", "name"]), session) else { return }
            try await session.client.delete(["labels", label.integer("id").map(String.init) ?? ""])
            session.done("label '\(name)' was deleted", label.picking(["id", "name"]))
        }
    }
}
