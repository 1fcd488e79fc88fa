import ArgumentParser
import CoveCommands

struct JobCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "job", abstract: "What the server does in the background.", discussion: ServerFailure.help,
        subcommands: [List.self, Workers.self, Log.self, Stop.self, Pause.self, Resume.self], aliases: ["jobs", "jobservice"])

    struct List: ServerCommand {
        static let configuration = CommandConfiguration(
            abstract: "The queues: how many jobs of each kind wait and run, and for how long they have waited.", aliases: ["ls", "queues"])

        @OptionGroup var watching: WatchOptions
        @OptionGroup var server: ServerOptions

        func run(_ session: ServerSession) async throws {
            try await watching.run {
                let queues = try await session.client.get(["jobservice", "queues"]).value.items
                let running = try await Jobs.workers(session.client).filter { $0.text("job_id")?.isEmpty == false }
                let items = queues.map { queue in
                    let ids = running.filter { $0.text("job_name") == queue.text("job_type") }.compactMap { $0["job_id"] }
                    return JSONValue.object(queue.fields.merging(["running": .array(ids)]) { $1 })
                }
                session.show(
                    Listing(items: items, total: nil),
                    [
                        Column("KIND", "job_type"), Column("WAITING") { $0.integer("count").map(String.init) ?? "0" },
                        Column("FOR") { "\($0.integer("latency") ?? 0) s" }, Column("PAUSED", "paused", .yesNo),
                        Column("RUNNING", "running"),
                    ], key: "job_type")
            }
        }
    }

    struct Workers: ServerCommand {
        static let configuration = CommandConfiguration(abstract: "Who works, where, and at what.")

        @OptionGroup var watching: WatchOptions
        @OptionGroup var server: ServerOptions

        func run(_ session: ServerSession) async throws {
            try await watching.run {
                session.show(
                    Listing(items: try await Jobs.workers(session.client), total: nil),
                    [
                        Column("WORKER", "id"), Column("POOL", "pool_id"), Column("KIND", "job_name"), Column("JOB", "job_id"),
                        Column("SINCE", "start_at", .time), Column("SEEN", "checkin_at", .time), Column("SAYS", "check_in"),
                    ], key: "id")
            }
        }
    }

    struct Log: ServerCommand {
        static let configuration = CommandConfiguration(abstract: "The log of a job.")

        @Argument(help: "The job's id.")
        var job: String

        @OptionGroup var server: ServerOptions

        func run(_ session: ServerSession) async throws {
            let text = try await session.client.get(["jobservice", "jobs", job, "log"]).text
            print(text, terminator: text.hasSuffix("\n") ? "" : "\n")
        }
    }

    struct Stop: ServerCommand {
        static let configuration = CommandConfiguration(
            abstract: "Stop a job, or all of a kind that wait.", discussion: "cove job stop 17\ncove job stop --kind GARBAGE_COLLECTION")

        @Argument(help: "The job's id.")
        var job: String?

        @Option(help: "A kind of jobs, or all.")
        var kind: String?

        @OptionGroup var server: ServerOptions

        func validate() throws {
            guard (job == nil) != (kind == nil) else { throw ValidationError("name a job, or --kind") }
        }

        func run(_ session: ServerSession) async throws {
            if let job {
                _ = try await session.client.put(["jobservice", "jobs", job])
                session.done("job \(job) is asked to stop", ["id": .string(job)], key: "id")
            } else if let kind {
                try await Jobs.act("stop", kind, session)
            }
        }
    }

    struct Pause: ServerCommand {
        static let configuration = CommandConfiguration(abstract: "Begin no jobs of a kind until they are resumed.")

        @Argument(help: "The kind, or all.")
        var kind: String

        @OptionGroup var server: ServerOptions

        func run(_ session: ServerSession) async throws { try await Jobs.act("pause", kind, session) }
    }

    struct Resume: ServerCommand {
        static let configuration = CommandConfiguration(abstract: "Begin jobs of a kind again.")

        @Argument(help: "The kind, or all.")
        var kind: String

        @OptionGroup var server: ServerOptions

        func run(_ session: ServerSession) async throws { try await Jobs.act("resume", kind, session) }
    }
}

enum Jobs {
    /// The workers of all pools.
    static func workers(_ client: HarborClient) async throws -> [JSONValue] {
        try await client.get(["jobservice", "pools", "all", "workers"]).value.items
    }

    static func act(_ action: String, _ kind: String, _ session: ServerSession) async throws {
        _ = try await session.client.put(["jobservice", "queues", kind], ["action": .string(action)])
        session.done("\(action): \(kind)", ["job_type": .string(kind), "action": .string(action)], key: "job_type")
    }
}
