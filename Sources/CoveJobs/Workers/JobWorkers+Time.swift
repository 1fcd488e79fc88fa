import CoveMetadata
import CoveTelemetry
import Logging

/// What is due: schedules, jobs that were put off, looking for workers that are gone, forgetting what is old.
extension JobWorkers {
    private static let batch = 100
    private static let counting = Duration.seconds(10)

    /// Looks at the clock until cancelled.
    func keepTime() async {
        var heard: [String: (beat: Int64, at: ContinuousClock.Instant)] = [:]
        var (lookAt, pruneAt, countAt) = (ContinuousClock.now, ContinuousClock.now, ContinuousClock.now)
        var failures = 0
        while true {
            do {
                try await release()
                if metadata.isShared, ContinuousClock.now >= lookAt {
                    lookAt = .now + beatInterval
                    try await giveUpSilent(&heard)
                }
                if ContinuousClock.now >= countAt {
                    countAt = .now + Self.counting
                    statistics.count(try await metadata.read { try $0.jobCounts() })
                }
                if ContinuousClock.now >= pruneAt {
                    pruneAt = .now + pruneInterval / 6
                    try await prune()
                }
                failures = 0
            } catch {
                failures += 1
                if failures == 1 { logger.error("could not look for what is due", metadata: ["error": "\(error)"]) }
            }
            do { try await Task.sleep(for: options.poll) } catch { return }
        }
    }

    /// Sets off schedules and lets jobs be taken whose time has come.
    func release() async throws {
        let due = try await metadata.read { (schedules: try $0.hasDueSchedules(), jobs: try $0.hasDueJobs()) }
        if due.schedules {
            let fired = try await metadata.write(in: .jobs) { try $0.fireSchedules(limit: Self.batch) }
            for (schedule, execution) in fired {
                let place: Logger.Metadata = ["vendor": "\(schedule.vendor.type)", "vendor_id": "\(schedule.vendor.id)"]
                if execution == nil {
                    statistics.skipped.add()
                    logger.warning("a schedule was due while what it had set off before was at work; it is left out", metadata: place)
                } else {
                    statistics.fired.add()
                    logger.debug("a schedule was due", metadata: place)
                }
            }
            if !fired.isEmpty { queue.signal.raise() }
        }
        if due.jobs, try await metadata.write(in: .jobs, { try $0.releaseScheduledJobs(limit: Self.batch) }) > 0 { queue.signal.raise() }
    }

    /// What is to be forgotten sooner than in an hour is looked for as often.
    private var pruneInterval: Duration { min(.seconds(3600), options.logRetention, options.retention) }

    /// Forgets what is old, on one of the nodes.
    func prune() async throws {
        let interval = pruneInterval.microseconds
        guard try await metadata.write(in: .upkeep, { try $0.takeTurn(at: "pruning jobs", every: interval) }) else { return }
        let logs = Int64.nowMicroseconds - options.logRetention.microseconds
        let jobs = Int64.nowMicroseconds - options.retention.microseconds
        while try await metadata.write(in: .jobs, { try $0.pruneJobLogs(before: logs, limit: Self.batch) }) == Self.batch {}
        while try await metadata.write(in: .jobs, { try $0.pruneJobs(before: jobs, limit: Self.batch) }) == Self.batch {}
    }
}
