import ArgumentParser
import CoveCommands

struct ScheduleCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schedule", abstract: "What the server does at set times.", discussion: ServerFailure.help,
        subcommands: [List.self, Status.self, Pause.self, Resume.self], aliases: ["schedules"])

    struct List: ServerCommand {
        static let configuration = CommandConfiguration(abstract: "List the schedules.", aliases: ["ls"])

        @OptionGroup var list: ListOptions
        @OptionGroup var server: ServerOptions

        func run(_ session: ServerSession) async throws {
            session.show(
                try await session.client.list(["schedules"], list.request()),
                [
                    Column("ID", "id"), Column("OF", "vendor_type"), Column("OF ID", "vendor_id"), Column("CRON", "cron"),
                    Column("CHANGED", "update_time", .time),
                ], key: "id")
        }
    }

    struct Status: ServerCommand {
        static let configuration = CommandConfiguration(abstract: "Say whether schedules are paused.")

        @OptionGroup var server: ServerOptions

        func run(_ session: ServerSession) async throws {
            let status = try await session.client.get(["schedules", "all", "paused"]).value
            session.show(status, [Column("PAUSED", "paused", .yesNo)], key: "paused")
        }
    }

    struct Pause: ServerCommand {
        static let configuration = CommandConfiguration(abstract: "Begin nothing by schedules until they are resumed.")

        @OptionGroup var server: ServerOptions

        func run(_ session: ServerSession) async throws { try await Jobs.act("pause", "scheduler", session) }
    }

    struct Resume: ServerCommand {
        static let configuration = CommandConfiguration(abstract: "Let schedules act again.")

        @OptionGroup var server: ServerOptions

        func run(_ session: ServerSession) async throws { try await Jobs.act("resume", "scheduler", session) }
    }
}
