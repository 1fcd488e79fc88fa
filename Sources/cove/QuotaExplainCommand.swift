import ArgumentParser
import CoveMetadata
import CoveServer
import Foundation

struct QuotaExplainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain", abstract: "On the server itself: print what uses a project's quota, repository by repository.",
        discussion: """
            UNIQUE is what the project would hold less without the repository; SHARED, layers that others of its repositories have as
            well, which the quota takes once. RELEASED is what no manifest of the repository needs any more: the quota leaves it out,
            and it goes when garbage is collected.
            """)

    @Argument(help: "The project's name.")
    var project: String

    @Option(
        help: "A config.yml; without it, REGISTRY_CONFIGURATION_PATH or the defaults.", completion: .file(extensions: ["yml", "yaml"]))
    var config: String?

    @Flag(help: "Print the result as JSON.")
    var json = false

    func run() async throws {
        let (configuration, warnings) = try loadConfiguration(config)
        for warning in warnings { Console.warn(warning) }
        let explanation: Maintenance.QuotaExplanation
        do throws(ServeError) {
            explanation = try await Maintenance(configuration, logger: .forCommands).explainQuota(of: project)
        } catch {
            throw Console.failure(error.description)
        }
        if json { printJSON(explanation) } else { printTable(explanation) }
    }

    private func printTable(_ explanation: Maintenance.QuotaExplanation) {
        let (limit, usage) = (explanation.quota.limit, explanation.quota.usage)
        func of(_ limit: Int64, _ text: String) -> String { limit < 0 ? "no limit" : "of \(text)" }
        print("project   \(explanation.quota.project)")
        print("storage   \(QuotaExceeded.bytes(usage.storage)) \(of(limit.storage, QuotaExceeded.bytes(limit.storage)))")
        print("tags      \(usage.tags) \(of(limit.tags, String(limit.tags)))")
        var rows = [["REPOSITORY", "UNIQUE", "SHARED", "RELEASED", "MANIFESTS", "TAGS"]]
        for repository in explanation.repositories {
            rows.append([
                repository.repository, QuotaExceeded.bytes(repository.unique), QuotaExceeded.bytes(repository.shared),
                QuotaExceeded.bytes(repository.released), String(repository.manifests), String(repository.tags),
            ])
        }
        let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        print("")
        for row in rows {
            let cells = zip(row, widths).map { $0.padding(toLength: $1, withPad: " ", startingAt: 0) }
            print(cells.joined(separator: "  ").trimmingCharacters(in: .whitespaces))
        }
    }

    private func printJSON(_ explanation: Maintenance.QuotaExplanation) {
        let (limit, usage) = (explanation.quota.limit, explanation.quota.usage)
        Console.printJSON([
            "project": explanation.quota.project,
            "hard": ["storage": limit.storage, "tags": limit.tags], "used": ["storage": usage.storage, "tags": usage.tags],
            "counted": ["storage": explanation.counted.storage, "tags": explanation.counted.tags],
            "repositories": explanation.repositories.map { repository in
                [
                    "repository": repository.repository, "unique_bytes": repository.unique, "shared_bytes": repository.shared,
                    "released_bytes": repository.released, "blobs": repository.blobs, "manifests": repository.manifests,
                    "tags": repository.tags,
                ] as [String: Any]
            },
        ])
    }
}
