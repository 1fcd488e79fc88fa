import CoveIdentity
import CoveJobs
import CoveMetadata
import HTTPTypes
import HummingbirdCore

/// Who runs jobs, which wait, and ending and reading single ones.
struct JobServiceGroup: HarborGroup {
    private static let allKinds = "all"

    let platform: Platform
    /// The kinds there are, and the pseudo-kind by which schedules are paused.
    private let kinds: [String]

    init(platform: Platform) {
        self.platform = platform
        kinds = (JobMapping.handlers(platform).map(\.kind) + [JobQueue.scheduler]).sorted()
    }

    var handlers: [HarborOperation: HarborHandler] {
        [
            .getWorkerPools: pools, .getWorkers: workers, .listJobQueues: queues, .actionPendingJobs: act, .stopRunningJob: stop,
            .actionGetJobLog: log,
        ]
    }

    private func pools(_ call: HarborCall) async throws -> Response {
        try call.require(.list, .jobserviceMonitor, in: .system)
        let workers = try await platform.metadata.read { try $0.workers() }
        return .json(
            workers.map { worker in
                Harbor.WorkerPool(
                    pid: worker.pid, workerPoolId: worker.name, startAt: HarborTime(worker.startedAt),
                    heartbeatAt: HarborTime(worker.beatAt), concurrency: worker.concurrency, host: worker.host)
            })
    }

    /// A worker for each job that a pool may run at once; those that are at work say at what.
    private func workers(_ call: HarborCall) async throws -> Response {
        try call.require(.list, .jobserviceMonitor, in: .system)
        let name = call.path("pool_id")
        let (pools, jobs) = try await platform.metadata.read { (try $0.workers(), try $0.runningJobs()) }
        let chosen = pools.filter { name == Self.allKinds || $0.name == name }
        guard !chosen.isEmpty || name == Self.allKinds else {
            throw HarborFailure.notFound("there is no pool of workers '\(name.prefix(60))'")
        }
        return .json(
            chosen.flatMap { pool -> [Harbor.Worker] in
                let busy = jobs.filter { $0.worker == pool.name }
                return (0..<max(Int(clamping: pool.concurrency), busy.count)).map { slot in
                    var worker = Harbor.Worker(id: "\(pool.name)-\(slot + 1)", poolId: pool.name)
                    guard slot < busy.count else { return worker }
                    let job = busy[slot]
                    worker.jobName = job.kind
                    worker.jobId = "\(job.id)"
                    worker.startAt = job.startedAt.map { HarborTime($0) }
                    worker.checkIn = job.checkIn
                    worker.checkinAt = job.checkedInAt.map { HarborTime($0) }
                    return worker
                }
            })
    }

    private func queues(_ call: HarborCall) async throws -> Response {
        try call.require(.list, .jobserviceMonitor, in: .system)
        let (queues, paused) = try await platform.metadata.read { (try $0.jobQueues(), try $0.pausedKinds()) }
        let waiting = Dictionary(queues.map { ($0.kind, $0) }) { first, _ in first }
        let now = Int64.nowMicroseconds
        return .json(
            Set(kinds + queues.map(\.kind)).sorted().map { kind in
                let queue = waiting[kind]
                return Harbor.JobQueue(
                    jobType: kind, count: queue?.count ?? 0, latency: queue?.oldest.map { max(0, now - $0) / 1_000_000 } ?? 0,
                    paused: paused.contains(kind))
            })
    }

    private func act(_ call: HarborCall) async throws -> Response {
        try call.require(.stop, .jobserviceMonitor, in: .system)
        let asked = call.path("job_type")
        let isAll = asked.lowercased() == Self.allKinds
        guard let action = try await call.body(Harbor.ActionRequest.self).action else {
            throw HarborFailure.badRequest("'action' is required: stop, pause or resume")
        }
        let known = Set(kinds).union(try await platform.metadata.read { try $0.jobQueues() }.map(\.kind))
        // Kinds are written in capitals; people type them as they like.
        let chosen = known.filter { isAll || $0.lowercased() == asked.lowercased() }.sorted()
        guard !chosen.isEmpty else {
            throw HarborFailure.notFound(
                "there are no jobs of type '\(asked.prefix(60))'; there are \(known.sorted().joined(separator: ", "))")
        }
        switch action {
        case "pause": try await platform.metadata.write(in: .jobs) { for kind in chosen { try $0.pauseJobs(of: kind) } }
        case "resume":
            try await platform.metadata.write(in: .jobs) { for kind in chosen { try $0.resumeJobs(of: kind) } }
            platform.jobs.signal.raise()
        default: for kind in chosen { try await platform.jobs.stopWaiting(kind: kind) }
        }
        return .empty(.ok)
    }

    private func stop(_ call: HarborCall) async throws -> Response {
        try call.require(.stop, .jobserviceMonitor, in: .system)
        if call.path("job_id").lowercased() == Self.allKinds {
            for job in try await platform.metadata.read({ try $0.runningJobs() }) { _ = try await platform.jobs.stop(job: job.id) }
            return .empty(.ok)
        }
        guard let id = Int64(call.path("job_id")), try await platform.jobs.stop(job: id) != nil else { throw unknown(call) }
        return .empty(.ok)
    }

    private func log(_ call: HarborCall) async throws -> Response {
        try call.require(.read, .jobserviceMonitor, in: .system)
        guard let id = Int64(call.path("job_id")), let job = try await platform.metadata.read({ try $0.job(id) }) else {
            throw unknown(call)
        }
        return try await platform.jobLog([job])
    }

    private func unknown(_ call: HarborCall) -> HarborFailure {
        .notFound("there is no job '\(call.path("job_id").prefix(60))'")
    }
}

extension Platform {
    /// The logs of jobs, one after another. Each is bounded in size.
    ///
    /// - Throws: ``HarborFailure``: 404 when they are not kept any more.
    func jobLog(_ records: [JobRecord]) async throws -> Response {
        if let first = records.first, records.allSatisfy({ $0.logLines == 0 && $0.status.isFinal && $0.attempt > 0 }) {
            throw HarborFailure.notFound("the log of job \(first.id) is not kept any more (jobs.logretention)")
        }
        var text = ""
        for record in records.prefix(Self.logsAtOnce) {
            try await jobs.log(of: record.id) { lines in for line in lines { text += line + "\n" } }
        }
        return .text(text)
    }

    private static let logsAtOnce = 20
}
