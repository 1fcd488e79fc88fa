extension MetadataTransaction {
    package func insertWorker(_ name: String, host: String, pid: Int64, concurrency: Int) throws {
        try connection.perform(
            "INSERT INTO job_worker (name, host, pid, concurrency, started_at, beat_at) VALUES ($1, $2, $3, $4, $5, $6)",
            [.text(name), .text(host), .integer(pid), .integer(Int64(concurrency)), .integer(now), .integer(now)])
    }

    /// Says that a worker lives.
    ///
    /// - Returns: false when others have given it up: its jobs are no longer its own.
    package func beat(_ worker: String) throws -> Bool {
        try connection.run("UPDATE job_worker SET beat = beat + 1, beat_at = $1 WHERE name = $2", [.integer(now), .text(worker)]) > 0
    }

    package func workers() throws -> [JobWorkerRecord] {
        try connection.rows("SELECT name, host, pid, concurrency, beat, started_at, beat_at FROM job_worker ORDER BY started_at, name", [])
            .map {
                JobWorkerRecord(
                    name: try $0.text(0), host: try $0.text(1), pid: try $0.integer(2), concurrency: try $0.integer(3),
                    beat: try $0.integer(4), startedAt: try $0.integer(5), beatAt: try $0.integer(6))
            }
    }

    /// Forgets a worker.
    ///
    /// - Parameter beat: only if it has given no sign of life since this one; nil for in any case.
    /// - Returns: false when it was gone already, or lives.
    package func removeWorker(_ name: String, ifBeatIs beat: Int64? = nil) throws -> Bool {
        guard let beat else { return try connection.run("DELETE FROM job_worker WHERE name = $1", [.text(name)]) > 0 }
        return try connection.run("DELETE FROM job_worker WHERE name = $1 AND beat = $2", [.text(name), .integer(beat)]) > 0
    }

    /// Runs whose worker nobody knows any more.
    package func orphanedRuns() throws -> [JobRun] {
        try connection.rows(
            """
            SELECT id, attempt, COALESCE(worker, '') FROM job WHERE status = 'Running'
            AND NOT EXISTS (SELECT 1 FROM job_worker w WHERE w.name = job.worker) ORDER BY id
            """, []
        ).map { JobRun(id: try $0.integer(0), attempt: try $0.integer(1), worker: try $0.text(2)) }
    }
}
