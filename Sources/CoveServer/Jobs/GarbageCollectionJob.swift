import CoveJobs
import CoveRegistry
import Foundation

/// Collects garbage, as `cove garbage-collect` does.
struct GarbageCollectionJob: JobHandler {
    static let kind = "GARBAGE_COLLECTION"

    struct Parameters: Codable, Equatable {
        var deleteUntagged: Bool?
        var dryRun: Bool?
        /// Blobs whose bytes are deleted at once.
        var workers: Int?
        /// Hours for which content stays that was pushed and that nothing refers to yet.
        var timeWindow: Int?

        enum CodingKeys: String, CodingKey {
            case deleteUntagged = "delete_untagged"
            case dryRun = "dry_run"
            case workers
            case timeWindow = "time_window"
        }

        /// Harbor's.
        static let usualWindow = 2
    }

    /// What came of it, by Harbor's names.
    private struct Result: Encodable {
        let freedSpace: Int64
        let purgedBlobs: Int
        let purgedManifests: Int

        enum CodingKeys: String, CodingKey {
            case freedSpace = "freed_space"
            case purgedBlobs = "purged_blobs"
            case purgedManifests = "purged_manifests"
        }
    }

    /// Somebody else is collecting, such as a command.
    private struct Busy: Error, CustomStringConvertible {
        let description = "garbage is being collected already, by another process"
    }

    let registry: Registry

    var kind: String { Self.kind }
    var retry: JobRetry { JobRetry(attempts: 5, delay: .seconds(15), longestDelay: .seconds(300)) }

    func run(_ context: JobContext) async throws {
        let parameters = try context.parameters(Parameters.self)
        guard !registry.isReadOnly else {
            throw JobFailure("the registry is read-only (storage.maintenance.readonly.enabled), so nothing of it is deleted")
        }
        var options = GarbageCollection.Options()
        options.deleteUntagged = parameters.deleteUntagged ?? false
        options.dryRun = parameters.dryRun ?? false
        options.workers = parameters.workers
        options.grace = (parameters.timeWindow ?? Parameters.usualWindow) * 3600
        context.log(
            "collecting garbage\(options.dryRun ? ", as a dry run: nothing is deleted" : "")\(options.deleteUntagged ? "; untagged manifests go as well" : "")"
        )
        let lines = LineCount()
        let outcome = try await GarbageCollection(registry: registry, options: options).run { said in
            try context.checkCancellation()
            for line in said { context.log(line) }
            if let last = said.last { context.progress(await lines.add(said.count), of: 0, last) }
        }
        guard let outcome else { throw Busy() }
        context.log(
            """
            \(options.dryRun ? "would free" : "freed") \(outcome.bytes) bytes: \(outcome.blobs) blobs, \(outcome.manifests) manifests, \
            in \(outcome.repositories) repositories; \(outcome.marked) blobs stay, of them \(outcome.youngBlobs) for their age only
            """)
        let result = Result(freedSpace: outcome.bytes, purgedBlobs: outcome.blobs, purgedManifests: outcome.manifests)
        context.setResult(String(decoding: try JSONEncoder().encode(result), as: UTF8.self))
    }

    private actor LineCount {
        private var count: Int64 = 0

        func add(_ more: Int) -> Int64 {
            count += Int64(more)
            return count
        }
    }
}
