/// A job to be.
package struct NewJob: Sendable, Equatable {
    package var kind: String
    /// JSON.
    package var parameters: String
    /// Higher ones first.
    package var priority: Int64
    /// Not before; UTC microseconds since 1970. Nil for at once.
    package var runAt: Int64?

    package init(_ kind: String, parameters: String = "{}", priority: Int64 = 0, runAt: Int64? = nil) {
        self.kind = kind
        self.parameters = parameters
        self.priority = priority
        self.runAt = runAt
    }
}

/// A job as it stands. Times are UTC microseconds since 1970.
package struct JobRecord: Sendable, Equatable {
    package let id: Int64
    package let kind: String
    package let executionID: Int64?
    /// JSON.
    package let parameters: String
    package let status: JobStatus
    package let statusMessage: String
    /// How often it has been taken. What is written in the name of an earlier run is refused.
    package let attempt: Int64
    /// Runs that failed.
    package let failures: Int64
    package let worker: String?
    /// What it last said of itself.
    package let checkIn: String
    package let checkedInAt: Int64?
    package let done: Int64
    /// 0 while nobody knows.
    package let total: Int64
    /// What came of it, as JSON.
    package let result: String
    package let createdAt: Int64
    package let runAt: Int64
    /// Of the last run.
    package let startedAt: Int64?
    package let endedAt: Int64?
    package let updatedAt: Int64
    package let logLines: Int64
    package let logBytes: Int64
}

/// What is known of a run, for whoever writes in its name.
package struct JobRun: Sendable, Hashable {
    package let id: Int64
    package let attempt: Int64
    package let worker: String

    package init(id: Int64, attempt: Int64, worker: String) {
        self.id = id
        self.attempt = attempt
        self.worker = worker
    }
}

/// What one trigger set off.
package struct JobExecutionRecord: Sendable, Equatable {
    package let id: Int64
    package let vendor: JobVendor
    package let trigger: String
    package let status: JobStatus
    package let statusMessage: String
    /// What it was asked for and what came of it, as JSON.
    package let attributes: String
    package let createdAt: Int64
    package let startedAt: Int64?
    package let endedAt: Int64?
    package let updatedAt: Int64
}

/// What is set off by the clock.
package struct JobScheduleRecord: Sendable, Equatable {
    package let id: Int64
    package let vendor: JobVendor
    package let kind: String
    package let cron: String
    /// As Harbor's API has it: Hourly, Daily, Weekly, Custom.
    package let cronType: String
    /// JSON; also what its executions have for attributes.
    package let parameters: String
    /// Whether it is set off while what it set off before is still at work.
    package let mayOverlap: Bool
    /// Nil: never again.
    package let nextAt: Int64?
    package let firedAt: Int64?
    package let createdAt: Int64
    package let updatedAt: Int64
}

/// A process that runs jobs.
package struct JobWorkerRecord: Sendable, Equatable {
    package let name: String
    package let host: String
    package let pid: Int64
    package let concurrency: Int64
    /// Grows while the process lives.
    package let beat: Int64
    package let startedAt: Int64
    package let beatAt: Int64
}

/// The jobs of a kind that wait.
package struct JobQueueRecord: Sendable, Equatable {
    package let kind: String
    package let count: Int64
    /// When the one that has waited longest could have run; nil when none waits.
    package let oldest: Int64?
}
