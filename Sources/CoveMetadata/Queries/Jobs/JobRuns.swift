/// Taking jobs and what becomes of them. Whatever is written in the name of a run names its attempt, and is refused when the
/// job has been taken from it.
extension MetadataTransaction {
    /// The run that a statement must belong to; its parameters are the statement's last.
    private static func fence(from number: Int) -> String {
        "id = $\(number) AND attempt = $\(number + 1) AND worker = $\(number + 2) AND status = 'Running'"
    }

    private func fence(_ run: JobRun) -> [SQLValue] { [.integer(run.id), .integer(run.attempt), .text(run.worker)] }

    /// Whether there is anything to take, without locking it.
    package func hasPendingJobs(of kinds: [String]) throws -> Bool {
        guard let batch = Batch.lists(of: kinds).first else { return false }
        return try connection.row(
            """
            SELECT 1 FROM job WHERE status = 'Pending' AND kind IN (\(batch.parameters(from: 1)))
            AND kind NOT IN (SELECT kind FROM job_pause) LIMIT 1
            """, batch.items.map { .text($0) }) != nil
    }

    /// Takes waiting jobs for a worker, the most urgent first and then those that have waited longest. What others take at this
    /// moment is passed over. One that others have given up gets none.
    package func takeJobs(of kinds: [String], for worker: String, limit: Int) throws -> [JobRecord] {
        guard let batch = Batch.lists(of: kinds).first, limit > 0, try isKnown(worker) else { return [] }
        let ids = try connection.rows(
            """
            SELECT id FROM job WHERE status = 'Pending' AND kind IN (\(batch.parameters(from: 1)))
            AND kind NOT IN (SELECT kind FROM job_pause) ORDER BY priority DESC, run_at, id LIMIT $\(batch.items.count + 1)
            \(connection.dialect.lockingFreeRows)
            """, batch.items.map { .text($0) } + [.integer(Int64(limit))]
        ).map { try $0.integer(0) }
        var taken: [JobRecord] = []
        for id in ids {
            let row = try connection.row(
                """
                UPDATE job SET status = 'Running', attempt = attempt + 1, worker = $1, started_at = $2, updated_at = $3, check_in = '',
                done = 0, total = 0 WHERE id = $4 AND status = 'Pending' RETURNING \(Self.jobColumns)
                """, [.text(worker), .integer(now), .integer(now), .integer(id)])
            if let row { taken.append(try job(row)) }
        }
        for executionID in Set(taken.compactMap(\.executionID)).sorted() { try refreshExecution(executionID) }
        return taken
    }

    /// Whether a worker has not been given up, which nobody can do before this transaction ends.
    private func isKnown(_ worker: String) throws -> Bool {
        try connection.row("SELECT 1 FROM job_worker WHERE name = $1\(connection.dialect.lockingRow)", [.text(worker)]) != nil
    }

    /// Lets jobs be taken whose time has come.
    ///
    /// - Returns: how many.
    @discardableResult
    package func releaseScheduledJobs(limit: Int) throws -> Int {
        let ids = try connection.rows(
            "SELECT id FROM job WHERE status = 'Scheduled' AND run_at <= $1 ORDER BY run_at LIMIT $2 \(connection.dialect.lockingFreeRows)",
            [.integer(now), .integer(Int64(limit))]
        ).map { try $0.integer(0) }
        for id in ids {
            try connection.perform(
                "UPDATE job SET status = 'Pending', updated_at = $1 WHERE id = $2 AND status = 'Scheduled'", [.integer(now), .integer(id)])
        }
        return ids.count
    }

    package func hasDueJobs() throws -> Bool {
        try connection.row("SELECT 1 FROM job WHERE status = 'Scheduled' AND run_at <= $1 LIMIT 1", [.integer(now)]) != nil
    }

    /// Ends a job.
    ///
    /// - Parameter result: JSON.
    /// - Returns: false when the job is no longer this run's.
    package func finishJob(_ run: JobRun, as status: JobStatus, message: String = "", result: String? = nil) throws -> Bool {
        let row = try connection.row(
            """
            UPDATE job SET status = $1, status_message = $2, result = COALESCE($3, result), ended_at = $4, updated_at = $5,
            failures = failures + $6, worker = NULL WHERE \(Self.fence(from: 7)) RETURNING execution_id
            """,
            [
                .text(status.rawValue), .text(message), result.map { .text($0) } ?? .null, .integer(now), .integer(now),
                .integer(status == .error ? 1 : 0),
            ] + fence(run))
        return try concluded(row)
    }

    /// Lets a job run again later, unless somebody wants it to stop.
    ///
    /// - Parameter isFailure: whether this run counts as one that failed.
    /// - Returns: as ``finishJob(_:as:message:result:)``.
    package func putOffJob(_ run: JobRun, until runAt: Int64, message: String, isFailure: Bool) throws -> Bool {
        let status = runAt > now ? JobStatus.scheduled : .pending
        let row = try connection.row(
            """
            UPDATE job SET status = CASE WHEN stop_requested = 1 THEN 'Stopped' ELSE $1 END,
            ended_at = CASE WHEN stop_requested = 1 THEN CAST($2 AS BIGINT) ELSE NULL END,
            status_message = $3, run_at = $4, updated_at = $5, failures = failures + $6, worker = NULL
            WHERE \(Self.fence(from: 7)) RETURNING execution_id
            """,
            [
                .text(status.rawValue), .integer(now), .text(message), .integer(runAt), .integer(now), .integer(isFailure ? 1 : 0),
            ] + fence(run))
        return try concluded(row)
    }

    /// Takes a job from a worker that is gone. It runs again, unless somebody wants it to stop, or it has been lost too often.
    ///
    /// - Parameters:
    ///   - most: losses after which it is given up.
    ///   - note: a line for its log.
    /// - Returns: how it stands now; nil when the job is no longer that run's.
    package func reclaimJob(_ run: JobRun, most: Int64, note: String) throws -> JobStatus? {
        let row = try connection.row(
            """
            UPDATE job SET losses = losses + 1, run_at = $1, updated_at = $2, worker = NULL,
            status = CASE WHEN stop_requested = 1 THEN 'Stopped' WHEN losses + 1 >= $3 THEN 'Error' ELSE 'Pending' END,
            status_message = $4,
            ended_at = CASE WHEN stop_requested = 1 OR losses + 1 >= $5 THEN CAST($6 AS BIGINT) ELSE NULL END
            WHERE \(Self.fence(from: 7)) RETURNING execution_id, status
            """,
            [.integer(now), .integer(now), .integer(most), .text(note), .integer(most), .integer(now)] + fence(run))
        guard let row else { return nil }
        try appendJobLog([note], to: run.id)
        _ = try concluded(row)
        return try jobStatus(row, 1)
    }

    private func concluded(_ row: SQLRow?) throws -> Bool {
        guard let row else { return false }
        if let executionID = try row.optionalInteger(0) { try refreshExecution(executionID) }
        return true
    }

    // MARK: - What a run says

    /// - Returns: false when the job is no longer this run's.
    package func checkIn(_ run: JobRun, _ text: String, done: Int64, total: Int64) throws -> Bool {
        try connection.run(
            "UPDATE job SET check_in = $1, checked_in_at = $2, done = $3, total = $4, updated_at = $5 WHERE \(Self.fence(from: 6))",
            [.text(text), .integer(now), .integer(done), .integer(total), .integer(now)] + fence(run)) > 0
    }

    /// Appends lines to the log of a run.
    ///
    /// - Returns: as ``checkIn(_:_:done:total:)``.
    package func appendJobLog(_ lines: [String], of run: JobRun) throws -> Bool {
        guard try connection.row("SELECT 1 FROM job WHERE \(Self.fence(from: 1))\(connection.dialect.lockingRow)", fence(run)) != nil
        else { return false }
        try appendJobLog(lines, to: run.id)
        return true
    }

    private func appendJobLog(_ lines: [String], to id: Int64) throws {
        let bytes = lines.reduce(0) { $0 + $1.utf8.count + 1 }
        let row = try connection.row(
            "UPDATE job SET log_lines = log_lines + $1, log_bytes = log_bytes + $2 WHERE id = $3 RETURNING log_lines",
            [.integer(Int64(lines.count)), .integer(Int64(bytes)), .integer(id)])
        guard let last = try row?.integer(0) else { return }
        let first = last - Int64(lines.count)
        for batch in Batch.all(of: Array(lines.enumerated())) {
            try connection.perform(
                "INSERT INTO job_log (job_id, number, text) VALUES \(tuples(batch.items.count, of: 3))",
                batch.items.flatMap { [.integer(id), .integer(first + Int64($0.offset)), .text($0.element)] })
        }
    }

    package func jobLog(_ id: Int64, from number: Int64, limit: Int) throws -> [String] {
        try connection.rows(
            "SELECT text FROM job_log WHERE job_id = $1 AND number >= $2 ORDER BY number LIMIT $3",
            [.integer(id), .integer(number), .integer(Int64(limit))]
        ).map { try $0.text(0) }
    }

}
