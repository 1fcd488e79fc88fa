import ArgumentParser
import CoveServer
import Foundation

struct AuditCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit", abstract: "The audit log: who did what, to which, from where, with what result.",
        discussion: ServerFailure.help, subcommands: [List.self, Export.self])

    struct Export: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "On the server itself: write the audit log as JSON lines, the oldest entry first.",
            discussion: """
                cove audit export --config config.yml > audit.jsonl
                cove audit export --since 2026-05-01 --until 2026-06-01 --project team

                It reads the metadata store itself, on the machine of the server, which may be running.
                """
        )

        @Option(
            help: "A config.yml; without it, REGISTRY_CONFIGURATION_PATH or the defaults.", completion: .file(extensions: ["yml", "yaml"]))
        var config: String?

        @Option(help: "Entries from this time on: 2026-05-01, or 2026-05-01T10:00:00Z.")
        var since: String?

        @Option(help: "Entries before this time.")
        var until: String?

        @Option(help: "Only entries of this project.")
        var project: String?

        func validate() throws {
            for (option, text) in [("--since", since), ("--until", until)] {
                guard let text, AuditExport.time(text) == nil else { continue }
                throw ValidationError("\(option): '\(text)' is no time such as 2026-05-01 or 2026-05-01T10:00:00Z")
            }
        }

        func run() async throws {
            let (configuration, warnings) = try loadConfiguration(config)
            for warning in warnings { Console.warn(warning) }
            var export = AuditExport()
            export.start = since.flatMap(AuditExport.time)
            export.end = until.flatMap(AuditExport.time)
            export.project = project
            do {
                _ = try await export.run(configuration) { try FileHandle.standardOutput.write(contentsOf: $0) }
            } catch let error as ServeError {
                throw Console.failure(error.description)
            }
        }
    }
}
