import ArgumentParser
import CoveCommands

extension QuotaCommand {
    private static let columns = [
        Column("PROJECT", "ref.name"), Column("ID", "id"), Column("USED", "used.storage", .size), Column("LIMIT", "hard.storage", .size),
        Column("TAGS", "used.tags"), Column("MOST TAGS") { limit($0.integer("hard.tags")) }, Column("CHANGED", "update_time", .time),
    ]

    private static func limit(_ count: Int64?) -> String { count.map { $0 < 0 ? "unlimited" : String($0) } ?? "" }

    struct List: ServerCommand {
        static let configuration = CommandConfiguration(
            abstract: "List quotas; --sort=-used.storage has the fullest first.", aliases: ["ls"])

        @OptionGroup var list: ListOptions
        @OptionGroup var server: ServerOptions

        func run(_ session: ServerSession) async throws {
            session.show(try await session.client.list(["quotas"], list.request(), [("reference", "project")]), columns, key: "ref.name")
        }
    }

    struct View: ServerCommand {
        static let configuration = CommandConfiguration(abstract: "Show a project's quota.", aliases: ["show"])

        @Argument(help: "The project.")
        var project: String

        @OptionGroup var server: ServerOptions

        func run(_ session: ServerSession) async throws {
            session.show(try await session.client.quota(of: project), columns, key: "hard.storage")
        }
    }

    struct Update: ServerCommand {
        static let configuration = CommandConfiguration(
            abstract: "Change a project's quota.", discussion: "cove quota update team --storage 20GiB --tags 500")

        @Argument(help: "The project.")
        var project: String

        @Option(help: "What it may store, such as 20GiB; -1 for no limit.")
        var storage: String?

        @Option(help: "How many tags it may have; -1 for no limit.")
        var tags: Int64?

        @OptionGroup var server: ServerOptions

        func validate() throws {
            guard storage != nil || tags != nil else { throw ValidationError("say what to change: --storage or --tags") }
            if let storage, ByteSize.parse(storage) == nil {
                throw ValidationError("--storage '\(storage)' is no size; write 20GiB, or -1 for no limit")
            }
            if let tags, tags < -1 || tags == 0 { throw ValidationError("--tags is \(tags); it can be 1 and more, or -1 for no limit") }
        }

        func run(_ session: ServerSession) async throws {
            let quota = try await session.client.quota(of: project)
            var hard = quota["hard"]?.fields ?? [:]
            if let bytes = storage.flatMap({ ByteSize.parse($0) }) { hard["storage"] = .integer(bytes) }
            if let tags { hard["tags"] = .integer(tags) }
            let id = quota.integer("id").map(String.init) ?? ""
            _ = try await session.client.put(["quotas", id], ["hard": .object(hard)])
            session.done(
                "the quota of project '\(project)' was changed", ["project": .string(project), "hard": .object(hard)], key: "project")
        }
    }
}
