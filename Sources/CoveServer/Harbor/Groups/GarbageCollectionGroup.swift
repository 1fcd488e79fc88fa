import CoveIdentity
import CoveMetadata
import HTTPTypes
import HummingbirdCore

/// Collecting garbage: by hand, by the clock, and what came of it.
struct GarbageCollectionGroup: HarborGroup {
    private static let workers: ClosedRange<Int64> = 1...10
    /// In hours: ten years.
    private static let window: ClosedRange<Int64> = 0...87_600

    let platform: Platform

    private var job: SystemJob { SystemJob(platform: platform, kind: GarbageCollectionJob.kind, path: "/system/gc") }

    var handlers: [HarborOperation: HarborHandler] {
        [
            .getGCHistory: history, .getGC: get, .stopGC: stop, .getGCLog: log, .getGCSchedule: schedule,
            .createGCSchedule: create, .updateGCSchedule: update,
        ]
    }

    private func create(_ call: HarborCall) async throws -> Response {
        try call.require(.create, .garbageCollection, in: .system)
        return call.created(at: try await apply(call))
    }

    private func update(_ call: HarborCall) async throws -> Response {
        try call.require(.update, .garbageCollection, in: .system)
        _ = try await apply(call)
        return .empty(.ok)
    }

    private func apply(_ call: HarborCall) async throws -> String {
        let body = try await call.body(Harbor.Schedule.self)
        let request = try ScheduleRequest(body.schedule)
        return try await job.apply(request, parameters: try Self.parameters(body.parameters ?? [:]))
    }

    /// - Returns: JSON, as ``GarbageCollectionJob/Parameters`` has it.
    static func parameters(_ given: [String: JSONValue]) throws(HarborFailure) -> String {
        let checked = SystemJobParameters(given)
        try checked.refuseOthers(than: ["delete_untagged", "dry_run", "workers", "time_window"])
        return JSONValue.object([
            "delete_untagged": .boolean(try checked.flag("delete_untagged") ?? false),
            "dry_run": .boolean(try checked.flag("dry_run") ?? false),
            "workers": .integer(try checked.number("workers", in: workers) ?? 1),
            "time_window": .integer(
                try checked.number("time_window", in: window) ?? Int64(GarbageCollectionJob.Parameters.usualWindow)),
        ]).text
    }

    private func history(_ call: HarborCall) async throws -> Response {
        try call.require(.list, .garbageCollection, in: .system)
        let query = try call.list()
        let (views, total) = try await job.history(query)
        return call.page(views.map(Self.history), total: total, of: query)
    }

    private func get(_ call: HarborCall) async throws -> Response {
        try call.require(.read, .garbageCollection, in: .system)
        return .json(Self.history(try await job.view(try call.id("gc_id"))))
    }

    private func stop(_ call: HarborCall) async throws -> Response {
        try call.require(.stop, .garbageCollection, in: .system)
        try await job.stop(try call.id("gc_id"))
        return .empty(.ok)
    }

    private func log(_ call: HarborCall) async throws -> Response {
        try call.require(.read, .garbageCollection, in: .system)
        return try await job.log(try call.id("gc_id"))
    }

    private func schedule(_ call: HarborCall) async throws -> Response {
        try call.require(.read, .garbageCollection, in: .system)
        return .json(try await job.schedule().map(Self.history) ?? Harbor.GCHistory())
    }

    private static func history(_ view: SystemJob.View) -> Harbor.GCHistory {
        Harbor.GCHistory(
            id: view.id, jobName: GarbageCollectionJob.kind, jobKind: view.kind, jobParameters: view.parameters, schedule: view.schedule,
            jobStatus: view.status, deleted: false, creationTime: view.createdAt.map { HarborTime($0) },
            updateTime: view.updatedAt.map { HarborTime($0) })
    }
}
