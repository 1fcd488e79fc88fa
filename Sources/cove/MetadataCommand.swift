import ArgumentParser
import CoveMetadata
import CoveServer
import Foundation

struct MetadataCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "metadata",
        abstract: "Look after the metadata store: SQLite or PostgreSQL.",
        subcommands: [Migrate.self, Status.self, Copy.self])

    struct Migrate: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Bring the schema up to date.",
            discussion: "cove serve does so as well. Of several that run at once, one does it and the others wait.")

        @OptionGroup var source: SourceOptions

        @Flag(help: "Print the result as JSON.")
        var json = false

        func run() async throws {
            let source = try source.resolve()
            let before = try await MetadataCommand.saying { try await source.version().found }
            try await MetadataCommand.saying { try await source.open().close() }
            let after = try await MetadataCommand.saying { try await source.version().found }
            if json {
                Console.printJSON(["store": source.description, "before": before, "version": after])
            } else {
                print("\(source.description): " + (before == after ? "up to date (\(after))" : "from version \(before) to \(after)"))
            }
        }
    }

    struct Status: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print where the store is, the version of its schema and how many rows it holds.",
            discussion: "The exit code is 1 when the store cannot be used, or its schema is not up to date.")

        @OptionGroup var source: SourceOptions

        @Flag(help: "Print the result as JSON.")
        var json = false

        func run() async throws {
            let source = try source.resolve()
            let version = try await MetadataCommand.saying { try await source.version() }
            let isCurrent = version.found >= version.supported
            var counts: [(table: String, rows: Int64)] = []
            if isCurrent { counts = try await MetadataCommand.saying { try await source.counts() } }
            if json {
                Console.printJSON([
                    "store": source.description, "version": version.found, "supported": version.supported, "current": isCurrent,
                    "rows": Dictionary(uniqueKeysWithValues: counts.map { ($0.table, $0.rows) }),
                ])
            } else {
                print("store    \(source.description)")
                print("schema   \(version.found) of \(version.supported)" + (isCurrent ? "" : ": run cove metadata migrate"))
                for count in counts { print("\(count.table.padding(toLength: 20, withPad: " ", startingAt: 0)) \(count.rows)") }
            }
            if !isCurrent { throw ExitCode.failure }
        }
    }

    struct Copy: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Copy a metadata store into an empty one.",
            discussion: """
                cove metadata copy --from sqlite:/var/lib/registry/cove.db --to postgresql://cove:secret@db/cove

                The source may be in use: one moment of it is copied, and what is pushed afterwards is not in the copy. Set
                storage.maintenance.readonly.enabled while you change over. The bytes of blobs stay where they are. All rows
                arrive and are counted again, or none do.
                """)

        @Option(help: "sqlite:PATH or postgresql://user:password@host/database.")
        var from: String

        @Option(help: "As --from. Its schema is made if need be; it must hold nothing yet.")
        var to: String

        @Flag(help: "Print the result as JSON.")
        var json = false

        func run() async throws {
            do {
                let (from, to) = (try MetadataSource(url: from), try MetadataSource(url: to))
                guard from.location != to.location else { throw Console.failure("--from and --to are the same store") }
                if case .sqlite(let path) = from.location, !FileManager.default.fileExists(atPath: path) {
                    throw Console.failure("--from: there is no file '\(path)'")
                }
                let bar = ProgressBar()
                let counts: [(table: String, rows: Int64)]
                do {
                    counts = try await MetadataCopy(from: from.engine(), to: to.engine()).run { progress in
                        bar.show(progress.table, progress.done, of: progress.total)
                    }
                } catch let error as MetadataCopy.NotEmpty {
                    bar.end()
                    throw Console.failure("\(to.description) is not empty: \(error.rows) rows in \(error.table); name an empty database")
                } catch let error as MetadataError {
                    bar.end()
                    throw to.refusal(error)
                }
                bar.end()
                if json {
                    Console.printJSON([
                        "from": from.description, "to": to.description,
                        "rows": Dictionary(uniqueKeysWithValues: counts.map { ($0.table, $0.rows) }),
                    ])
                } else {
                    for count in counts { print("\(count.table.padding(toLength: 20, withPad: " ", startingAt: 0)) \(count.rows)") }
                    print("copied and counted: \(from.description) to \(to.description)")
                }
            } catch let error as ServeError {
                throw Console.failure(error.description)
            }
        }
    }

    /// Which store a command is about.
    struct SourceOptions: ParsableArguments {
        @Argument(
            help: "A config.yml; without it, REGISTRY_CONFIGURATION_PATH or the defaults.", completion: .file(extensions: ["yml", "yaml"]))
        var file: String?

        @Option(help: "The store itself, instead of a config.yml: sqlite:PATH or postgresql://user:password@host/database.")
        var url: String?

        func resolve() throws -> MetadataSource {
            if file != nil, url != nil { throw Console.failure("give a config.yml or --url, not both") }
            guard let url else { return MetadataSource(try loadConfiguration(file).configuration) }
            do throws(ServeError) {
                return try MetadataSource(url: url)
            } catch {
                throw Console.failure(error.description)
            }
        }
    }

    /// Ends the command with what went wrong.
    static func saying<T>(_ body: () async throws -> T) async throws -> T {
        do {
            return try await body()
        } catch let error as ServeError {
            throw Console.failure(error.description)
        }
    }
}
