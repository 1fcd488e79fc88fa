/// Ending jobs before they have ended, and holding them back.
extension MetadataTransaction {
    /// Ends a job that waits, and asks the worker of one that runs to end it.
    ///
    /// - Returns: how it stands now: ``JobStatus/running`` until its worker has ended it; nil when there is no such job.
    package func stopJob(_ id: Int64) throws -> JobStatus? {
        // It may be taken, or given back, between the two statements.
        for _ in 0..<3 {
            let row = try connection.row(
                """
                UPDATE job SET status = 'Stopped', stop_requested = 1, ended_at = $1, updated_at = $2
                WHERE id = $3 AND status IN ('Pending', 'Scheduled') RETURNING execution_id
                """, [.integer(now), .integer(now), .integer(id)])
            if let row {
                if let executionID = try row.optionalInteger(0) { try refreshExecution(executionID) }
                return .stopped
            }
            if try connection.run("UPDATE job SET stop_requested = 1 WHERE id = $1 AND status = 'Running'", [.integer(id)]) > 0 {
                return .running
            }
            guard let status = try connection.row("SELECT status FROM job WHERE id = $1", [.integer(id)]).map({ try jobStatus($0, 0) })
            else { return nil }
            if status.isFinal { return status }
        }
        throw MetadataError.unavailable("job \(id) changes hands too quickly to be stopped")
    }

    /// As ``stopJob(_:)``, for all tasks of an execution.
    ///
    /// - Returns: how many of them had not ended.
    @discardableResult
    package func stopExecution(_ id: Int64) throws -> Int {
        let ids = try connection.rows(
            "SELECT id FROM job WHERE execution_id = $1 AND status IN ('Pending', 'Scheduled', 'Running') ORDER BY id", [.integer(id)]
        ).map { try $0.integer(0) }
        for job in ids { _ = try stopJob(job) }
        if ids.isEmpty { try refreshExecution(id) }
        return ids.count
    }

    /// Ends jobs of a kind that wait; nil for every kind.
    ///
    /// - Returns: how many; `limit` when there may be more.
    package func stopWaitingJobs(of kind: String?, limit: Int) throws -> Int {
        let ids = try connection.rows(
            """
            SELECT id FROM job WHERE status IN ('Pending', 'Scheduled') AND ($1 = '' OR kind = $2) ORDER BY id LIMIT $3
            \(connection.dialect.lockingFreeRows)
            """, [.text(kind ?? ""), .text(kind ?? ""), .integer(Int64(limit))]
        ).map { try $0.integer(0) }
        for id in ids { _ = try stopJob(id) }
        return ids.count
    }

    /// Runs of a worker that somebody wants to stop.
    package func stopRequests(of worker: String) throws -> [JobRun] {
        try connection.rows(
            "SELECT id, attempt FROM job WHERE status = 'Running' AND worker = $1 AND stop_requested = 1", [.text(worker)]
        ).map { JobRun(id: try $0.integer(0), attempt: try $0.integer(1), worker: worker) }
    }

    // MARK: - Queues

    package func pauseJobs(of kind: String) throws {
        try connection.perform(
            "INSERT INTO job_pause (kind, paused_at) VALUES ($1, $2) ON CONFLICT (kind) DO NOTHING", [.text(kind), .integer(now)])
    }

    package func resumeJobs(of kind: String) throws {
        try connection.perform("DELETE FROM job_pause WHERE kind = $1", [.text(kind)])
    }

    package func pausedKinds() throws -> Set<String> {
        Set(try connection.rows("SELECT kind FROM job_pause", []).map { try $0.text(0) })
    }

    /// The jobs that wait, a row for each kind of which some do.
    package func jobQueues() throws -> [JobQueueRecord] {
        try connection.rows(
            """
            SELECT kind, COUNT(*), MIN(CASE WHEN status = 'Pending' THEN run_at END) FROM job WHERE status IN ('Pending', 'Scheduled')
            GROUP BY kind ORDER BY kind
            """, []
        ).map { JobQueueRecord(kind: try $0.text(0), count: try $0.integer(1), oldest: try $0.optionalInteger(2)) }
    }
}
