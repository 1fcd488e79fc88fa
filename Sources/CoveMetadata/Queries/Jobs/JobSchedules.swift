extension MetadataTransaction {
    private static let scheduleColumns = """
        id, vendor_type, vendor_id, kind, cron, cron_type, parameters, may_overlap, next_at, fired_at, created_at, updated_at
        """

    /// Sets when something is set off, in place of what was set for this vendor before.
    ///
    /// - Parameter nextAt: UTC microseconds since 1970.
    /// - Returns: its row.
    @discardableResult
    package func saveSchedule(
        _ vendor: JobVendor, kind: String, cron: String, cronType: String, parameters: String, mayOverlap: Bool, nextAt: Int64?
    ) throws -> Int64 {
        let row = try connection.row(
            """
            INSERT INTO job_schedule (vendor_type, vendor_id, kind, cron, cron_type, parameters, may_overlap, next_at, created_at, updated_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
            ON CONFLICT (vendor_type, vendor_id) DO UPDATE SET kind = excluded.kind, cron = excluded.cron, cron_type = excluded.cron_type,
            parameters = excluded.parameters, may_overlap = excluded.may_overlap, next_at = excluded.next_at,
            updated_at = excluded.updated_at RETURNING id
            """,
            [
                .text(vendor.type), .integer(vendor.id), .text(kind), .text(cron), .text(cronType), .text(parameters),
                .integer(mayOverlap ? 1 : 0), nextAt.map { .integer($0) } ?? .null, .integer(now), .integer(now),
            ])
        return try row?.integer(0) ?? 0
    }

    /// - Returns: false when there was none.
    @discardableResult
    package func removeSchedule(of vendor: JobVendor) throws -> Bool {
        try connection.run(
            "DELETE FROM job_schedule WHERE vendor_type = $1 AND vendor_id = $2", [.text(vendor.type), .integer(vendor.id)]) > 0
    }

    package func schedule(of vendor: JobVendor) throws -> JobScheduleRecord? {
        try connection.row(
            "SELECT \(Self.scheduleColumns) FROM job_schedule WHERE vendor_type = $1 AND vendor_id = $2",
            [.text(vendor.type), .integer(vendor.id)]
        ).map(schedule)
    }

    /// A page of all schedules.
    package func schedules(_ query: ListQuery) throws -> (schedules: [JobScheduleRecord], total: Int64) {
        let (rows, total) = try list(
            SQLFragment(Self.scheduleColumns), from: SQLFragment("job_schedule"), columns: [], order: "id", query)
        return (try rows.map(schedule), total)
    }

    package func hasDueSchedules() throws -> Bool {
        try connection.row("SELECT 1 FROM job_schedule WHERE next_at <= $1 LIMIT 1", [.integer(now)]) != nil
    }

    /// Schedules whose time has come, kept from other nodes until the transaction ends.
    package func dueSchedules(limit: Int) throws -> [JobScheduleRecord] {
        try connection.rows(
            """
            SELECT \(Self.scheduleColumns) FROM job_schedule WHERE next_at <= $1 ORDER BY next_at, id LIMIT $2
            \(connection.dialect.lockingFreeRows)
            """, [.integer(now), .integer(Int64(limit))]
        ).map(schedule)
    }

    /// Sets when a schedule is due next.
    package func advanceSchedule(_ id: Int64, to nextAt: Int64?) throws {
        try connection.perform(
            "UPDATE job_schedule SET next_at = $1, fired_at = $2 WHERE id = $3",
            [nextAt.map { .integer($0) } ?? .null, .integer(now), .integer(id)])
    }

    private func schedule(_ row: SQLRow) throws -> JobScheduleRecord {
        JobScheduleRecord(
            id: try row.integer(0), vendor: JobVendor(try row.text(1), try row.integer(2)), kind: try row.text(3), cron: try row.text(4),
            cronType: try row.text(5), parameters: try row.text(6), mayOverlap: try row.integer(7) != 0,
            nextAt: try row.optionalInteger(8), firedAt: try row.optionalInteger(9), createdAt: try row.integer(10),
            updatedAt: try row.integer(11))
    }
}
