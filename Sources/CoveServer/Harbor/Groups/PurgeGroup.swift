import CoveIdentity
import CoveMetadata
import HTTPTypes
import HummingbirdCore

/// Purging the audit log: by hand, by the clock, and what came of it.
struct PurgeGroup: HarborGroup {
    /// Harbor's: some 27 years.
    private static let hours: ClosedRange<Int64> = 1...240_000
    /// In kinds of entries.
    private static let mostKinds = 50

    let platform: Platform

    private var job: SystemJob { SystemJob(platform: platform, kind: PurgeAuditJob.kind, path: "/system/purgeaudit") }

    var handlers: [HarborOperation: HarborHandler] {
        [
            .getPurgeHistory: history, .getPurgeJob: get, .stopPurge: stop, .getPurgeJobLog: log, .getPurgeSchedule: schedule,
            .createPurgeSchedule: create, .updatePurgeSchedule: update,
        ]
    }

    private func create(_ call: HarborCall) async throws -> Response {
        try call.require(.create, .purgeAudit, in: .system)
        return call.created(at: try await apply(call))
    }

    private func update(_ call: HarborCall) async throws -> Response {
        try call.require(.update, .purgeAudit, in: .system)
        _ = try await apply(call)
        return .empty(.ok)
    }

    private func apply(_ call: HarborCall) async throws -> String {
        let body = try await call.body(Harbor.Schedule.self)
        let request = try ScheduleRequest(body.schedule)
        if case .never = request { return try await job.apply(request, parameters: "{}") }
        return try await job.apply(request, parameters: try Self.parameters(body.parameters ?? [:]))
    }

    /// - Returns: JSON, as ``PurgeAuditJob/Parameters`` has it.
    static func parameters(_ given: [String: JSONValue]) throws(HarborFailure) -> String {
        let checked = SystemJobParameters(given)
        try checked.refuseOthers(than: ["audit_retention_hour", "dry_run", "include_event_types", "include_operations"])
        guard let hours = try checked.number("audit_retention_hour", in: hours) else {
            throw .badRequest("'parameters.audit_retention_hour' is required: for how many hours entries stay")
        }
        var fields: [String: JSONValue] = [
            "audit_retention_hour": .integer(hours), "dry_run": .boolean(try checked.flag("dry_run") ?? false),
        ]
        for name in ["include_event_types", "include_operations"] {
            guard let text = try checked.text(name) else { continue }
            let words = PurgeAuditJob.Parameters.words(text)
            guard words.count <= mostKinds, words.allSatisfy(isWord) else {
                throw .badRequest("'parameters.\(name)' must be words separated by commas, such as create_artifact,pull_artifact")
            }
            fields[name] = .string(text)
        }
        return JSONValue.object(fields).text
    }

    private static func isWord(_ text: String) -> Bool {
        text.utf8.count <= 64
            && text.utf8.allSatisfy {
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: "-")
            }
    }

    private func history(_ call: HarborCall) async throws -> Response {
        try call.require(.list, .purgeAudit, in: .system)
        let query = try call.list()
        let (views, total) = try await job.history(query)
        return call.page(views.map(Self.history), total: total, of: query)
    }

    private func get(_ call: HarborCall) async throws -> Response {
        try call.require(.read, .purgeAudit, in: .system)
        return .json(Self.history(try await job.view(try call.id("purge_id"))))
    }

    private func stop(_ call: HarborCall) async throws -> Response {
        try call.require(.stop, .purgeAudit, in: .system)
        try await job.stop(try call.id("purge_id"))
        return .empty(.ok)
    }

    private func log(_ call: HarborCall) async throws -> Response {
        try call.require(.read, .purgeAudit, in: .system)
        return try await job.log(try call.id("purge_id"))
    }

    private func schedule(_ call: HarborCall) async throws -> Response {
        try call.require(.read, .purgeAudit, in: .system)
        return .json(try await job.schedule().map(Self.history) ?? Harbor.ExecHistory())
    }

    private static func history(_ view: SystemJob.View) -> Harbor.ExecHistory {
        Harbor.ExecHistory(
            id: view.id, jobName: PurgeAuditJob.kind, jobKind: view.kind, jobParameters: view.parameters, schedule: view.schedule,
            jobStatus: view.status, deleted: false, creationTime: view.createdAt.map { HarborTime($0) },
            updateTime: view.updatedAt.map { HarborTime($0) })
    }
}
