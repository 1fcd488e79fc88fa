import CoveIdentity
import CoveJobs
import CoveMetadata
import HummingbirdCore

/// What is set off by the clock.
struct ScheduleGroup: HarborGroup {
    let platform: Platform

    var handlers: [HarborOperation: HarborHandler] { [.listSchedules: list, .getSchedulePaused: paused] }

    private func list(_ call: HarborCall) async throws -> Response {
        try call.require(.list, .jobserviceMonitor, in: .system)
        let query = try call.list()
        let (schedules, total) = try await platform.metadata.read { try $0.schedules(query) }
        let tasks = schedules.map {
            Harbor.ScheduleTask(
                id: $0.id, vendorType: $0.vendor.type, vendorId: $0.vendor.id, cron: $0.cron, updateTime: HarborTime($0.updatedAt))
        }
        return call.page(tasks, total: total, of: query)
    }

    private func paused(_ call: HarborCall) async throws -> Response {
        try call.require(.list, .jobserviceMonitor, in: .system)
        guard call.path("job_type").lowercased() == "all" else {
            throw HarborFailure.badRequest(
                "job_type: '\(call.path("job_type").prefix(60))' cannot be asked for; schedules are paused all together: all")
        }
        let kinds = try await platform.metadata.read { try $0.pausedKinds() }
        return .json(Harbor.SchedulerStatus(paused: kinds.contains(JobQueue.scheduler)))
    }
}
