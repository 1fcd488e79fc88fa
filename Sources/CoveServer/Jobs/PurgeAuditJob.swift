import CoveJobs
import CoveMetadata
import Foundation

/// Removes old entries of the audit log.
struct PurgeAuditJob: JobHandler {
    static let kind = "PURGE_AUDIT_LOG"

    struct Parameters: Codable, Equatable {
        /// Hours for which entries stay.
        var retentionHours: Int?
        var dryRun: Bool?
        /// Kinds of entries, separated by commas: `create_artifact`. Without any, and without operations, all kinds.
        var eventTypes: String?
        /// As older clients say it, of artifacts: `create,delete,pull`.
        var operations: String?

        enum CodingKeys: String, CodingKey {
            case retentionHours = "audit_retention_hour"
            case dryRun = "dry_run"
            case eventTypes = "include_event_types"
            case operations = "include_operations"
        }

        /// The kinds that go.
        var events: Set<String> {
            Set(Self.words(eventTypes) + Self.words(operations).map { "\($0)_artifact" })
        }

        static func words(_ list: String?) -> [String] {
            (list ?? "").split(separator: ",").map { $0.filter { $0 != " " }.lowercased() }.filter { !$0.isEmpty }
        }
    }

    private struct Result: Encodable {
        let purged: Int64
    }

    private static let batch = 1000

    let metadata: MetadataStore

    var kind: String { Self.kind }
    var retry: JobRetry { JobRetry(attempts: 5) }

    func run(_ context: JobContext) async throws {
        let parameters = try context.parameters(Parameters.self)
        guard let hours = parameters.retentionHours, hours > 0 else {
            throw JobFailure("audit_retention_hour is missing: say for how many hours entries stay")
        }
        let cutoff = context.job.createdAt - Int64(hours) * 3_600_000_000
        let events = parameters.events
        let total = try await metadata.read { try $0.purgeableAudit(before: cutoff, events: events) }
        let kinds = events.isEmpty ? "of any kind" : "of the kinds \(events.sorted().joined(separator: ", "))"
        context.log("\(total) entries \(kinds) are older than \(hours) hours")
        if parameters.dryRun ?? false {
            context.log("as this is a dry run, they stay")
            return
        }
        var purged: Int64 = 0
        while true {
            try context.checkCancellation()
            let gone = try await metadata.write(in: .upkeep) { try $0.purgeAudit(before: cutoff, events: events, limit: Self.batch) }
            purged += Int64(gone)
            context.progress(purged, of: max(total, purged))
            context.setResult(String(decoding: try JSONEncoder().encode(Result(purged: purged)), as: UTF8.self))
            if gone < Self.batch { break }
        }
        context.log("\(purged) entries were removed")
    }
}
