import CoveJobs
import CoveMetadata
import Foundation
import HTTPTypes
import HummingbirdCore

/// A job of the system's that is triggered by hand or by the clock and of which there is a history: collecting garbage, purging
/// the audit log.
struct SystemJob: Sendable {
    let platform: Platform
    /// The kind of the job, which is the vendor's type as well.
    let kind: String
    /// Where it is in the API: `/system/gc`.
    let path: String

    private var vendor: JobVendor { JobVendor(kind) }

    /// An execution or a schedule, which Harbor's API shows alike.
    struct View: Sendable {
        var id: Int64?
        var status: String?
        var kind: String?
        var parameters: String?
        var schedule: Harbor.ScheduleObj?
        var createdAt: Int64?
        var updatedAt: Int64?
    }

    // MARK: - Setting off

    /// Triggers it, sets its schedule, or removes that.
    ///
    /// - Parameter parameters: checked, as JSON.
    /// - Returns: where what was made is.
    /// - Throws: ``HarborFailure``: 409 when it is at work already.
    func apply(_ request: ScheduleRequest, parameters: String) async throws -> String {
        switch request {
        case .now:
            let job = NewJob(kind, parameters: parameters)
            guard let id = try await platform.jobs.begin(vendor, by: .manual, attributes: parameters, [job]) else {
                throw HarborFailure.conflict("\(kind) is at work already; wait until it has ended, or stop it")
            }
            return "\(path)/\(id)"
        case .never: _ = try await platform.metadata.write(in: .jobs) { [vendor] in try $0.removeSchedule(of: vendor) }
        case .cron(let cron, let type):
            _ = try await platform.metadata.write(in: .jobs) { [vendor, kind] in
                try $0.setSchedule(vendor, kind: kind, cron: cron, cronType: type, parameters: parameters)
            }
        }
        return "\(path)/schedule"
    }

    /// - Throws: ``HarborFailure``: 404.
    func stop(_ id: Int64) async throws {
        _ = try await execution(id)
        try await platform.jobs.stop(execution: id)
    }

    // MARK: - Seeing

    func schedule() async throws -> View? {
        try await platform.metadata.read { [vendor] in try $0.schedule(of: vendor) }.map { schedule in
            View(
                id: schedule.id, parameters: schedule.parameters,
                schedule: Harbor.ScheduleObj(
                    type: schedule.cronType, cron: schedule.cron, nextScheduledTime: schedule.nextAt.map { HarborTime($0) }),
                createdAt: schedule.createdAt, updatedAt: schedule.updatedAt)
        }
    }

    func history(_ query: ListQuery) async throws -> (views: [View], total: Int64) {
        let (found, total) = try await platform.metadata.read { [vendor] store in
            let (executions, total) = try store.executions(of: vendor.type, id: nil, query)
            return (try executions.map { ($0, try store.jobs(of: $0.id)) }, total)
        }
        return (found.map { Self.view($0, $1) }, total)
    }

    /// - Throws: ``HarborFailure``: 404.
    func view(_ id: Int64) async throws -> View {
        let execution = try await execution(id)
        return Self.view(execution, try await platform.metadata.read { try $0.jobs(of: id) })
    }

    func log(_ id: Int64) async throws -> Response {
        _ = try await execution(id)
        return try await platform.jobLog(try await platform.metadata.read { try $0.jobs(of: id) })
    }

    private func execution(_ id: Int64) async throws -> JobExecutionRecord {
        let found = try await platform.metadata.read { try $0.execution(id) }
        guard let found, found.vendor.type == kind else { throw HarborFailure.notFound("there is no run \(id) of \(kind)") }
        return found
    }

    private static func view(_ execution: JobExecutionRecord, _ jobs: [JobRecord]) -> View {
        var parameters = JSONValue(text: execution.attributes)
        for job in jobs { parameters = parameters.merging(JSONValue(text: job.result)) }
        return View(
            id: execution.id, status: execution.status.rawValue, kind: execution.trigger, parameters: parameters.text,
            schedule: Harbor.ScheduleObj(type: execution.trigger == JobTrigger.manual.rawValue ? "Manual" : "Schedule"),
            createdAt: execution.createdAt, updatedAt: execution.updatedAt)
    }
}

extension JSONValue {
    /// An empty object for what is no JSON.
    init(text: String) {
        self = (try? JSONDecoder().decode(JSONValue.self, from: Data(text.utf8))) ?? .object([:])
    }

    var text: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return (try? encoder.encode(self)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
    }

    /// Both objects in one; the other's fields win.
    func merging(_ other: JSONValue) -> JSONValue {
        guard case .object(let fields) = self, case .object(let more) = other else { return self }
        return .object(fields.merging(more) { _, new in new })
    }
}
