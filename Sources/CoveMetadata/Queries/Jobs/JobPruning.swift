/// Forgetting what has ended. Each call does some, so that nobody waits long for it.
extension MetadataTransaction {
    /// Removes the logs of jobs that ended before `cutoff`.
    ///
    /// - Returns: of how many jobs; `limit` when there may be more.
    package func pruneJobLogs(before cutoff: Int64, limit: Int) throws -> Int {
        let ids = try connection.rows(
            "SELECT id FROM job WHERE ended_at < $1 AND log_lines > 0 ORDER BY ended_at LIMIT $2 \(connection.dialect.lockingFreeRows)",
            [.integer(cutoff), .integer(Int64(limit))]
        ).map { try $0.integer(0) }
        for id in ids {
            try connection.perform("DELETE FROM job_log WHERE job_id = $1", [.integer(id)])
            try connection.perform("UPDATE job SET log_lines = 0, log_bytes = 0 WHERE id = $1", [.integer(id)])
        }
        return ids.count
    }

    /// Removes executions that ended before `cutoff`, with their jobs, but the latest of each vendor; and jobs without one.
    ///
    /// - Returns: as ``pruneJobLogs(before:limit:)``.
    package func pruneJobs(before cutoff: Int64, limit: Int) throws -> Int {
        let executions = try connection.rows(
            """
            SELECT id FROM job_execution WHERE ended_at < $1 AND EXISTS (
                SELECT 1 FROM job_execution later
                WHERE later.vendor_type = job_execution.vendor_type AND later.vendor_id = job_execution.vendor_id
                AND later.id > job_execution.id)
            ORDER BY ended_at LIMIT $2 \(connection.dialect.lockingFreeRows)
            """, [.integer(cutoff), .integer(Int64(limit))]
        ).map { try $0.integer(0) }
        for id in executions { try connection.perform("DELETE FROM job_execution WHERE id = $1", [.integer(id)]) }
        let jobs = try connection.rows(
            """
            SELECT id FROM job WHERE ended_at < $1 AND execution_id IS NULL ORDER BY ended_at LIMIT $2 \(connection.dialect.lockingFreeRows)
            """, [.integer(cutoff), .integer(Int64(limit))]
        ).map { try $0.integer(0) }
        for id in jobs { try connection.perform("DELETE FROM job WHERE id = $1", [.integer(id)]) }
        return max(executions.count, jobs.count)
    }

    /// How many jobs stand how, by kind; those that have ended are left out.
    package func jobCounts() throws -> [(kind: String, status: JobStatus, count: Int64)] {
        try connection.rows(
            """
            SELECT kind, status, COUNT(*) FROM job WHERE status IN ('Pending', 'Scheduled', 'Running')
            GROUP BY kind, status ORDER BY kind, status
            """, []
        ).map { (try $0.text(0), try jobStatus($0, 1), try $0.integer(2)) }
    }
}
