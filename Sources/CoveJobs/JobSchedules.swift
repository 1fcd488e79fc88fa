import CoveMetadata

extension MetadataTransaction {
    /// Sets when jobs of a kind are set off for a vendor, in place of what was set before.
    ///
    /// - Parameters:
    ///   - cronType: as Harbor's API has it: Hourly, Daily, Weekly, Custom.
    ///   - parameters: JSON; the job's, and its execution's attributes.
    ///   - mayOverlap: whether it is set off while what it set off before is still at work.
    /// - Returns: its row.
    @discardableResult
    package func setSchedule(
        _ vendor: JobVendor, kind: String, cron: CronExpression, cronType: String = "Custom", parameters: String = "{}",
        mayOverlap: Bool = false
    ) throws -> Int64 {
        try saveSchedule(
            vendor, kind: kind, cron: cron.text, cronType: cronType, parameters: parameters, mayOverlap: mayOverlap,
            nextAt: cron.next(after: now))
    }

    /// Sets off what is due, each once among all nodes. What was missed while nobody looked is made up for once.
    ///
    /// - Returns: what became of each: the execution's id, or nil for one that was left out, as the one before had not ended.
    func fireSchedules(limit: Int) throws -> [(schedule: JobScheduleRecord, executionID: Int64?)] {
        guard try !pausedKinds().contains(JobQueue.scheduler) else { return [] }
        return try dueSchedules(limit: limit).map { schedule in
            let cron = try? CronExpression(schedule.cron)
            try advanceSchedule(schedule.id, to: cron?.next(after: max(now, schedule.nextAt ?? now)))
            let id = try beginExecution(
                schedule.vendor, by: .schedule, attributes: schedule.parameters, isUnique: !schedule.mayOverlap,
                [NewJob(schedule.kind, parameters: schedule.parameters)])
            return (schedule, id)
        }
    }
}

extension JobQueue {
    /// The queue by whose name schedules are paused.
    package static let scheduler = "SCHEDULER"
}
