import ArgumentParser
import CoveCommands

struct GCCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gc", abstract: "Have a server collect garbage, and see what came of it.", discussion: ServerFailure.help,
        subcommands: [Run.self, List.self, Log.self, Stop.self, Schedule.self])

    struct Run: ServerCommand {
        static let configuration = CommandConfiguration(abstract: "Collect now.")

        @Flag(help: "Delete what has no tag, too.")
        var deleteUntagged = false

        @Flag(help: "Only say what would be freed.")
        var dryRun = false

        @OptionGroup var server: ServerOptions

        func run(_ session: ServerSession) async throws {
            let body: JSONValue = [
                "schedule": ["type": "Manual"],
                "parameters": ["delete_untagged": .boolean(deleteUntagged), "dry_run": .boolean(dryRun)],
            ]
            let answer = try await session.client.post(["system", "gc", "schedule"], body)
            session.done(
                "the collection has begun; cove gc list shows how it goes", .object(of: ["id": answer.created.map { .string($0) }]),
                key: "id")
        }
    }

    struct List: ServerCommand {
        static let configuration = CommandConfiguration(abstract: "List the collections.", aliases: ["ls"])

        @OptionGroup var list: ListOptions
        @OptionGroup var watching: WatchOptions
        @OptionGroup var server: ServerOptions

        func run(_ session: ServerSession) async throws {
            try await watching.run {
                session.show(
                    try await session.client.list(["system", "gc"], list.request()),
                    [
                        Column("ID", "id"), Column("STATUS", "job_status"), Column("BY", "job_kind"),
                        Column("PARAMETERS", "job_parameters"),
                        Column("BEGAN", "creation_time", .time), Column("CHANGED", "update_time", .time),
                    ], key: "id")
            }
        }
    }

    struct Log: ServerCommand {
        static let configuration = CommandConfiguration(abstract: "The log of a collection.")

        @Argument(help: "Its id.")
        var id: Int64

        @OptionGroup var server: ServerOptions

        func run(_ session: ServerSession) async throws {
            let text = try await session.client.get(["system", "gc", String(id), "log"]).text
            print(text, terminator: text.hasSuffix("\n") ? "" : "\n")
        }
    }

    struct Stop: ServerCommand {
        static let configuration = CommandConfiguration(abstract: "Stop a collection.")

        @Argument(help: "Its id.")
        var id: Int64

        @OptionGroup var server: ServerOptions

        func run(_ session: ServerSession) async throws {
            _ = try await session.client.put(["system", "gc", String(id)])
            session.done("collection \(id) is asked to stop", ["id": .integer(id)], key: "id")
        }
    }

    struct Schedule: ServerCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show when garbage is collected, or set it.",
            discussion: """
                cove gc schedule
                cove gc schedule --set daily
                cove gc schedule --set '0 30 3 * * 6'
                cove gc schedule --set none
                """
        )

        @Option(help: "hourly, daily, weekly, none, or six fields of a cron expression.")
        var set: String?

        @Flag(help: "Delete what has no tag, too.")
        var deleteUntagged = false

        @OptionGroup var server: ServerOptions

        func run(_ session: ServerSession) async throws {
            let now = try await session.client.get(["system", "gc", "schedule"]).value
            guard let set else {
                let columns = [
                    Column("WHEN", "schedule.type"), Column("CRON", "schedule.cron"), Column("NEXT", "schedule.next_scheduled_time", .time),
                    Column("PARAMETERS", "job_parameters"),
                ]
                return session.show(now, columns, key: "schedule.cron")
            }
            let body: JSONValue = [
                "schedule": Self.schedule(set), "parameters": ["delete_untagged": .boolean(deleteUntagged), "dry_run": false],
            ]
            // Harbor makes a schedule with POST and changes it with PUT.
            if now.text("schedule.type") == nil {
                _ = try await session.client.post(["system", "gc", "schedule"], body)
            } else {
                _ = try await session.client.put(["system", "gc", "schedule"], body)
            }
            session.done("garbage is collected: \(set)", body["schedule"] ?? .null, key: "cron")
        }

        private static func schedule(_ text: String) -> JSONValue {
            switch text.lowercased() {
            case "none": ["type": "None", "cron": ""]
            case "hourly": ["type": "Hourly", "cron": "0 0 * * * *"]
            case "daily": ["type": "Daily", "cron": "0 0 0 * * *"]
            case "weekly": ["type": "Weekly", "cron": "0 0 0 * * 0"]
            default: ["type": "Custom", "cron": .string(text)]
            }
        }
    }
}
