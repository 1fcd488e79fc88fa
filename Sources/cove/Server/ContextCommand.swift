import ArgumentParser
import CoveCommands
import Foundation

struct ContextCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "context", abstract: "The servers that one is logged in at.",
        subcommands: [List.self, Use.self, Show.self, Delete.self], aliases: ["contexts"])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List them; the current one has a star.", aliases: ["ls"])

        @Option(name: [.short, .long, .customLong("output-format")], help: "How the result is printed.")
        var output = OutputFormat.table

        @Flag(name: [.short, .long], help: "Print only names.")
        var quiet = false

        func run() async throws {
            try await ServerFailure.reporting {
                let list = try Contexts.store.load()
                let items = list.contexts.keys.sorted().map { Contexts.value($0, list) }
                if quiet { return items.forEach { print(Column.text($0["name"])) } }
                switch output {
                case .table: print(Table.lines(items, Contexts.columns), terminator: "")
                case .json: print(JSONValue.array(items).text(isPretty: true))
                case .yaml: print(JSONValue.array(items).yaml, terminator: "")
                }
            }
        }
    }

    struct Use: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Have commands use a context.", aliases: ["switch"])

        @Argument(help: "Its name.", completion: .custom { _, _, _ in Contexts.names })
        var name: String

        func run() async throws {
            try await ServerFailure.reporting {
                try Contexts.need(name)
                try Contexts.store.change { $0.current = name }
                print("commands use '\(name)' now")
            }
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show a context, without its password.", aliases: ["view"])

        @Argument(help: "Its name; without it, the current one.", completion: .custom { _, _, _ in Contexts.names })
        var name: String?

        @Option(name: [.short, .long, .customLong("output-format")], help: "How the result is printed.")
        var output = OutputFormat.table

        func run() async throws {
            try await ServerFailure.reporting {
                let list = try Contexts.store.load()
                guard let name = name ?? list.current else { throw HarborError.unusable("no context is chosen; name one, or log in") }
                try Contexts.need(name)
                let value = Contexts.value(name, list)
                switch output {
                case .table: print(Table.card(value, Contexts.columns), terminator: "")
                case .json: print(value.text(isPretty: true))
                case .yaml: print(value.yaml, terminator: "")
                }
            }
        }
    }

    struct Delete: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Forget a context and its login.", aliases: ["rm"])

        @Argument(help: "Its name.", completion: .custom { _, _, _ in Contexts.names })
        var name: String

        func run() async throws {
            try Contexts.need(name)
            var command = LogoutCommand()
            command.server = name
            try await command.run()
        }
    }
}

private enum Contexts {
    static let columns = [
        Column("CURRENT") { $0.flag("current") ? "*" : "" }, Column("NAME", "name"), Column("SERVER", "server"),
        Column("USER", "username"), Column("PASSWORD", "password"),
    ]

    static var store: ContextStore { ContextStore(environment: ProcessInfo.processInfo.environment) }
    static var names: [String] { (try? store.load().contexts.keys.sorted()) ?? [] }

    static func need(_ name: String) throws {
        guard try store.load().contexts[name] != nil else {
            throw HarborError.missing("there is no context '\(name)'; cove context list shows those that there are")
        }
    }

    static func value(_ name: String, _ list: ContextList) -> JSONValue {
        guard let context = list.contexts[name] else { return .null }
        return .object(of: [
            "name": .string(name), "server": .string(context.server), "username": .string(context.username),
            "current": .boolean(list.current == name), "cacert": context.cacert.map { .string($0) },
            "insecure": .boolean(context.insecure ?? false),
            "password": .string(context.helper.map { "kept by docker-credential-\($0)" } ?? "kept in the file"),
        ])
    }
}
