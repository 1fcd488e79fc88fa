import CoveMetadata
import Logging

/// The durable queue: jobs, what they are tasks of, and when they are set off. Whoever serves the same store shares it.
package struct JobQueue: Sendable {
    package let metadata: MetadataStore
    /// Raised when this process has put something in.
    package let signal = JobSignal()

    package init(metadata: MetadataStore) {
        self.metadata = metadata
    }

    // MARK: - Putting in

    /// Puts a job in.
    ///
    /// - Parameters:
    ///   - kind: of a ``JobHandler``.
    ///   - parameters: JSON.
    ///   - priority: higher ones first.
    ///   - runAt: not before; UTC microseconds since 1970.
    ///   - vendor: on whose behalf: an execution is made, of which this is the task.
    /// - Returns: the job's id.
    package func enqueue(
        kind: String, parameters: String = "{}", priority: Int64 = 0, runAt: Int64? = nil, vendor: JobVendor? = nil,
        trigger: JobTrigger = .event
    ) async throws -> Int64 {
        let job = NewJob(kind, parameters: parameters, priority: priority, runAt: runAt)
        let id = try await metadata.write(in: .jobs) { try $0.enqueue(job, vendor: vendor, trigger: trigger) }
        signal.raise()
        return id
    }

    /// As ``enqueue(kind:parameters:priority:runAt:vendor:trigger:)``, as a part of the caller's transaction. Workers see it when
    /// that is committed; raise ``signal`` then, or they find it within a second.
    package func enqueue(
        kind: String, parameters: String = "{}", priority: Int64 = 0, runAt: Int64? = nil, vendor: JobVendor? = nil,
        trigger: JobTrigger = .event, in store: MetadataTransaction
    ) throws -> Int64 {
        try store.enqueue(NewJob(kind, parameters: parameters, priority: priority, runAt: runAt), vendor: vendor, trigger: trigger)
    }

    /// Begins an execution with its tasks. It ends with the last of them, at once when there are none; a task that is at work may
    /// add others (``add(_:to:)``).
    ///
    /// - Parameters:
    ///   - attributes: JSON.
    ///   - isUnique: whether this vendor may have no other that has not ended.
    /// - Returns: the execution's id; nil when another has not ended.
    package func begin(
        _ vendor: JobVendor, by trigger: JobTrigger, attributes: String = "{}", isUnique: Bool = true, _ jobs: [NewJob]
    ) async throws -> Int64? {
        let id = try await metadata.write(in: .jobs) {
            try $0.beginExecution(vendor, by: trigger, attributes: attributes, isUnique: isUnique, jobs)
        }
        signal.raise()
        return id
    }

    /// Adds tasks to an execution, by one of its tasks that is at work.
    package func add(_ jobs: [NewJob], to executionID: Int64) async throws -> [Int64] {
        let ids = try await metadata.write(in: .jobs) { store in
            let ids = try jobs.map { try store.insertJob($0, in: executionID) }
            try store.refreshExecution(executionID)
            return ids
        }
        signal.raise()
        return ids
    }

    // MARK: - Ending

    /// Ends a job that waits; one that runs is ended by its worker, within about a second.
    ///
    /// - Returns: how it stands now; nil when there is no such job.
    package func stop(job id: Int64) async throws -> JobStatus? {
        try await metadata.write(in: .jobs) { try $0.stopJob(id) }
    }

    /// As ``stop(job:)``, for all tasks of an execution.
    ///
    /// - Returns: how many had not ended.
    @discardableResult
    package func stop(execution id: Int64) async throws -> Int {
        try await metadata.write(in: .jobs) { try $0.stopExecution(id) }
    }

    /// Ends all jobs of a kind that wait; nil for every kind.
    ///
    /// - Returns: how many.
    @discardableResult
    package func stopWaiting(kind: String?) async throws -> Int {
        var count = 0
        while true {
            let stopped = try await metadata.write(in: .jobs) { try $0.stopWaitingJobs(of: kind, limit: Self.batch) }
            count += stopped
            if stopped < Self.batch { return count }
        }
    }

    private static let batch = 200

    // MARK: - Logs

    /// The log of a job, piece by piece.
    package func log(of job: Int64, _ write: ([String]) async throws -> Void) async throws {
        var next: Int64 = 0
        while true {
            let from = next
            let lines = try await metadata.read { try $0.jobLog(job, from: from, limit: 1000) }
            if lines.isEmpty { return }
            try await write(lines)
            next += Int64(lines.count)
        }
    }
}

extension MetadataTransaction {
    /// Puts a job in; with a vendor, as the task of an execution of its own.
    package func enqueue(_ job: NewJob, vendor: JobVendor?, trigger: JobTrigger) throws -> Int64 {
        guard let vendor else { return try insertJob(job) }
        let execution = try insertExecution(vendor, by: trigger)
        let id = try insertJob(job, in: execution)
        if let execution { try refreshExecution(execution) }
        return id
    }

    /// As ``JobQueue/begin(_:by:attributes:isUnique:_:)``.
    package func beginExecution(
        _ vendor: JobVendor, by trigger: JobTrigger, attributes: String = "{}", isUnique: Bool = true, _ jobs: [NewJob]
    ) throws -> Int64? {
        let key = isUnique ? "\(vendor.type):\(vendor.id)" : nil
        guard let id = try insertExecution(vendor, by: trigger, attributes: attributes, uniqueKey: key) else { return nil }
        for job in jobs { _ = try insertJob(job, in: id) }
        try refreshExecution(id)
        return id
    }
}
