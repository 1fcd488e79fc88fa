extension MetadataTransaction {
    static let jobColumns = """
        id, kind, execution_id, parameters, status, status_message, attempt, failures, worker, check_in, checked_in_at, done, total, \
        result, created_at, run_at, started_at, ended_at, updated_at, log_lines, log_bytes
        """

    package func insertJob(_ job: NewJob, in executionID: Int64? = nil) throws -> Int64 {
        let runAt = job.runAt ?? now
        let status = runAt > now ? JobStatus.scheduled : .pending
        let row = try connection.row(
            """
            INSERT INTO job (kind, execution_id, parameters, priority, status, run_at, created_at, updated_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING id
            """,
            [
                .text(job.kind), executionID.map { .integer($0) } ?? .null, .text(job.parameters), .integer(job.priority),
                .text(status.rawValue), .integer(runAt), .integer(now), .integer(now),
            ])
        return try row?.integer(0) ?? 0
    }

    package func job(_ id: Int64) throws -> JobRecord? {
        try connection.row("SELECT \(Self.jobColumns) FROM job WHERE id = $1", [.integer(id)]).map(job)
    }

    /// The tasks of an execution.
    package func jobs(of executionID: Int64) throws -> [JobRecord] {
        try connection.rows("SELECT \(Self.jobColumns) FROM job WHERE execution_id = $1 ORDER BY id", [.integer(executionID)]).map(job)
    }

    /// A page of the tasks of an execution.
    ///
    /// - Throws: ``ListQueryError``.
    package func jobs(of executionID: Int64, _ query: ListQuery) throws -> (jobs: [JobRecord], total: Int64) {
        let columns = [
            ListColumn("id", "id", .integer), ListColumn("status", "status"), ListColumn("status_message", "status_message"),
            ListColumn("creation_time", "created_at", .time), ListColumn("start_time", "started_at", .time),
            ListColumn("update_time", "updated_at", .time), ListColumn("end_time", "ended_at", .time),
            ListColumn("run_count", "attempt", .integer),
        ]
        let (rows, total) = try list(
            SQLFragment(Self.jobColumns), from: SQLFragment("job"), which: [SQLFragment("execution_id = ?", [.integer(executionID)])],
            columns: columns, order: "id DESC", query)
        return (try rows.map(job), total)
    }

    /// Jobs that are at work, those of one worker or of all.
    package func runningJobs(of worker: String? = nil) throws -> [JobRecord] {
        if let worker {
            return try connection.rows(
                "SELECT \(Self.jobColumns) FROM job WHERE status = 'Running' AND worker = $1 ORDER BY id", [.text(worker)]
            ).map(job)
        }
        return try connection.rows("SELECT \(Self.jobColumns) FROM job WHERE status = 'Running' ORDER BY id", []).map(job)
    }

    func job(_ row: SQLRow) throws -> JobRecord {
        JobRecord(
            id: try row.integer(0), kind: try row.text(1), executionID: try row.optionalInteger(2), parameters: try row.text(3),
            status: try jobStatus(row, 4), statusMessage: try row.text(5), attempt: try row.integer(6), failures: try row.integer(7),
            worker: try row.optionalText(8), checkIn: try row.text(9), checkedInAt: try row.optionalInteger(10),
            done: try row.integer(11), total: try row.integer(12), result: try row.text(13), createdAt: try row.integer(14),
            runAt: try row.integer(15), startedAt: try row.optionalInteger(16), endedAt: try row.optionalInteger(17),
            updatedAt: try row.integer(18), logLines: try row.integer(19), logBytes: try row.integer(20))
    }

    func jobStatus(_ row: SQLRow, _ column: Int) throws -> JobStatus {
        guard let status = JobStatus(rawValue: try row.text(column)) else {
            throw MetadataError.corrupt("'\(try row.text(column))' is no status of a job")
        }
        return status
    }
}
