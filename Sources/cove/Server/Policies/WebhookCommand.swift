import ArgumentParser
import CoveCommands

struct WebhookCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "webhook", abstract: "Whom a project tells of what happens in it.", discussion: ServerFailure.help,
        subcommands: [
            Create.self, List.self, View.self, Update.self, Delete.self, Test.self, Deliveries.self, Redeliver.self, Events.self,
        ], aliases: ["webhooks"])

    private static let columns = [
        Column("NAME", "name"), Column("ID", "id"), Column("ENABLED", "enabled", .yesNo),
        Column("URL") { ($0["targets"]?.items ?? []).compactMap { $0.text("address") }.joined(separator: ",") },
        Column("TYPE") { ($0["targets"]?.items ?? []).compactMap { $0.text("type") }.joined(separator: ",") },
        Column("EVENTS", "event_types"),
    ]

    private static func path(_ project: String) -> [String] { ["projects", project, "webhook", "policies"] }
    private static func id(_ policy: JSONValue) -> String { policy.integer("id").map(String.init) ?? "" }

    struct Create: ServerCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a webhook.",
            discussion: "cove webhook create team ci --url https://ci.example.org/hook --events PUSH_ARTIFACT,DELETE_ARTIFACT")

        @Argument(help: "The project.")
        var project: String

        @Argument(help: "The webhook's name.")
        var name: String

        @OptionGroup var target: WebhookTarget
        @OptionGroup var server: ServerOptions

        func validate() throws {
            guard target.url != nil else { throw ValidationError("--url says where to send") }
            guard !target.events.isEmpty else { throw ValidationError("--events says what to send; cove webhook events lists them") }
        }

        func run(_ session: ServerSession) async throws {
            let body = target.applied(to: ["name": .string(name), "enabled": true])
            let answer = try await session.client.post(path(project), body)
            session.done(
                "webhook '\(name)' was created",
                .object(of: ["name": .string(name), "id": answer.created.flatMap { Int64($0) }.map { .integer($0) }]))
        }
    }

    struct List: ServerCommand {
        static let configuration = CommandConfiguration(abstract: "List the webhooks of a project.", aliases: ["ls"])

        @Argument(help: "The project.")
        var project: String

        @OptionGroup var list: ListOptions
        @OptionGroup var server: ServerOptions

        func run(_ session: ServerSession) async throws {
            session.show(try await session.client.list(path(project), list.request()), columns, key: "name")
        }
    }

    struct View: ServerCommand {
        static let configuration = CommandConfiguration(abstract: "Show a webhook.", aliases: ["show"])

        @OptionGroup var webhook: WebhookChoice
        @OptionGroup var server: ServerOptions

        func run(_ session: ServerSession) async throws {
            session.show(
                try await webhook.find(session),
                columns + [Column("BY", "creator"), Column("CREATED", "creation_time", .time), Column("DESCRIPTION", "description")],
                key: "name")
        }
    }

    struct Update: ServerCommand {
        static let configuration = CommandConfiguration(
            abstract: "Change a webhook, or turn it off and on.", discussion: "cove webhook update team ci --enabled=false")

        @OptionGroup var webhook: WebhookChoice
        @OptionGroup var target: WebhookTarget

        @Flag(inversion: .prefixedNo, help: "Whether anything is sent.")
        var enabled: Bool?

        @OptionGroup var server: ServerOptions

        func run(_ session: ServerSession) async throws {
            let policy = try await webhook.find(session)
            var changed = target.applied(to: policy.fields).fields
            if let enabled { changed["enabled"] = .boolean(enabled) }
            _ = try await session.client.put(path(webhook.project) + [id(policy)], .object(changed))
            session.done("webhook '\(webhook.name)' was changed", policy.picking(["id", "name"]))
        }
    }

    struct Delete: ServerCommand {
        static let configuration = CommandConfiguration(abstract: "Delete a webhook.", aliases: ["rm"])

        @OptionGroup var webhook: WebhookChoice
        @OptionGroup var server: ServerOptions

        func run(_ session: ServerSession) async throws {
            let policy = try await webhook.find(session)
            try await session.client.delete(path(webhook.project) + [id(policy)])
            session.done("webhook '\(webhook.name)' was deleted", policy.picking(["id", "name"]))
        }
    }

    struct Deliveries: ServerCommand {
        static let configuration = CommandConfiguration(
            abstract: "What a webhook has sent, and what became of it; with --log what was sent and answered.")

        @OptionGroup var webhook: WebhookChoice

        @Option(help: "Show the log of a delivery, by its id.")
        var log: Int64?

        @OptionGroup var list: ListOptions
        @OptionGroup var watching: WatchOptions
        @OptionGroup var server: ServerOptions

        func run(_ session: ServerSession) async throws {
            let executions = path(webhook.project) + [id(try await webhook.find(session)), "executions"]
            if let log {
                let tasks = try await session.client.list(executions + [String(log), "tasks"]).items
                guard !tasks.isEmpty else { throw HarborError.missing("the delivery \(log) has no log yet") }
                for task in tasks {
                    print(try await session.client.get(executions + [String(log), "tasks", id(task), "log"]).text)
                }
                return
            }
            try await watching.run {
                session.show(
                    try await session.client.list(executions, list.request()),
                    [
                        Column("ID", "id"), Column("STATUS", "status"), Column("EVENT", "extra_attrs.event_type"),
                        Column("BEGAN", "start_time", .time), Column("ENDED", "end_time", .time), Column("MESSAGE", "status_message"),
                    ], key: "id")
            }
        }
    }

    struct Test: ServerCommand {
        static let configuration = CommandConfiguration(
            abstract: "Send a made-up event, to see whether the receiver takes it; cove webhook deliveries shows what it answered.")

        @OptionGroup var webhook: WebhookChoice
        @OptionGroup var server: ServerOptions

        func run(_ session: ServerSession) async throws {
            let policy = try await webhook.find(session)
            let answer = try await session.client.post(path(webhook.project) + [id(policy), "test"], .object([:]))
            session.done("a test of webhook '\(webhook.name)' is on its way", Self.delivery(answer))
        }

        static func delivery(_ answer: HarborClient.Answer) -> JSONValue {
            .object(of: ["delivery": answer.created.flatMap { Int64($0) }.map { .integer($0) }])
        }
    }

    struct Redeliver: ServerCommand {
        static let configuration = CommandConfiguration(
            abstract: "Send once more what a delivery has sent.", discussion: "cove webhook redeliver team ci 42")

        @OptionGroup var webhook: WebhookChoice

        @Argument(help: "The delivery's id, of cove webhook deliveries.")
        var delivery: Int64

        @OptionGroup var server: ServerOptions

        func run(_ session: ServerSession) async throws {
            let policy = try await webhook.find(session)
            let answer = try await session.client.post(
                path(webhook.project) + [id(policy), "executions", String(delivery)], .object([:]))
            session.done("delivery \(delivery) is sent once more", Test.delivery(answer))
        }
    }

    struct Events: ServerCommand {
        static let configuration = CommandConfiguration(abstract: "What a project's webhooks can be told of, and how.")

        @Argument(help: "The project.")
        var project: String

        @OptionGroup var server: ServerOptions

        func run(_ session: ServerSession) async throws {
            let events = try await session.client.get(["projects", project, "webhook", "events"]).value
            session.show(
                events, [Column("EVENTS", "event_type"), Column("TYPES", "notify_type"), Column("FORMATS", "payload_formats")],
                key: "event_type")
        }
    }
}

/// Which webhook.
struct WebhookChoice: ParsableArguments {
    @Argument(help: "The project.")
    var project: String

    @Argument(help: "The webhook's name, or its id.")
    var name: String

    func find(_ session: ServerSession) async throws -> JSONValue { try await session.client.webhook(name, of: project) }
}
