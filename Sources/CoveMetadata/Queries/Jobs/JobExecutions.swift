extension MetadataTransaction {
    private static let executionColumns = """
        id, vendor_type, vendor_id, triggered_by, status, status_message, attributes, created_at, started_at, ended_at, updated_at
        """

    /// Begins an execution. It ends with the last of its tasks.
    ///
    /// - Parameters:
    ///   - attributes: JSON.
    ///   - uniqueKey: of executions that have not ended, none has the same.
    /// - Returns: nil when one with this key has not ended.
    package func insertExecution(
        _ vendor: JobVendor, by trigger: JobTrigger, attributes: String = "{}", uniqueKey: String? = nil
    ) throws -> Int64? {
        if let uniqueKey {
            let other = try connection.row(
                "SELECT id FROM job_execution WHERE unique_key = $1 AND ended_at IS NULL LIMIT 1", [.text(uniqueKey)])
            // Two that come at once meet at the index, and the one that is late is run again and sees the other here.
            guard other == nil else { return nil }
        }
        let row = try connection.row(
            """
            INSERT INTO job_execution (vendor_type, vendor_id, triggered_by, status, attributes, unique_key, created_at, updated_at)
            VALUES ($1, $2, $3, 'Pending', $4, $5, $6, $7) RETURNING id
            """,
            [
                .text(vendor.type), .integer(vendor.id), .text(trigger.rawValue), .text(attributes),
                uniqueKey.map { .text($0) } ?? .null, .integer(now), .integer(now),
            ])
        return try row?.integer(0)
    }

    /// Works out how an execution stands from how its tasks do. One without tasks has ended well.
    ///
    /// Its row is locked first: of tasks that end at once, whoever comes last sees all of them.
    package func refreshExecution(_ id: Int64) throws {
        let known = try connection.row(
            "SELECT status FROM job_execution WHERE id = $1\(connection.dialect.lockingRow)", [.integer(id)])
        guard known != nil else { return }
        var counts: [JobStatus: Int64] = [:]
        var hasBegun = false
        var firstStart: Int64?
        for row in try connection.rows(
            "SELECT status, COUNT(*), MIN(started_at) FROM job WHERE execution_id = $1 GROUP BY status", [.integer(id)])
        {
            counts[try jobStatus(row, 0)] = try row.integer(1)
            if let start = try row.optionalInteger(2) {
                hasBegun = true
                firstStart = min(firstStart ?? start, start)
            }
        }
        let status = Self.status(counts, hasBegun: hasBegun)
        var message = ""
        if status == .error {
            message =
                try connection.row(
                    "SELECT status_message FROM job WHERE execution_id = $1 AND status = 'Error' ORDER BY id LIMIT 1", [.integer(id)]
                )?.text(0) ?? ""
        }
        try connection.perform(
            """
            UPDATE job_execution SET status = $1, status_message = $2, started_at = COALESCE(started_at, $3), ended_at = $4, updated_at = $5
            WHERE id = $6
            """,
            [
                .text(status.rawValue), .text(message), firstStart.map { .integer($0) } ?? .null,
                status.isFinal ? .integer(now) : .null, .integer(now), .integer(id),
            ])
    }

    static func status(_ counts: [JobStatus: Int64], hasBegun: Bool) -> JobStatus {
        func has(_ status: JobStatus) -> Bool { counts[status, default: 0] > 0 }
        if has(.running) { return .running }
        if has(.pending) || has(.scheduled) {
            if hasBegun { return .running }
            return has(.pending) ? .pending : .scheduled
        }
        return has(.error) ? .error : has(.stopped) ? .stopped : .success
    }

    /// Changes what is said of an execution; JSON.
    package func setExecutionAttributes(_ id: Int64, _ attributes: String) throws {
        try connection.perform(
            "UPDATE job_execution SET attributes = $1, updated_at = $2 WHERE id = $3", [.text(attributes), .integer(now), .integer(id)])
    }

    package func execution(_ id: Int64) throws -> JobExecutionRecord? {
        try connection.row("SELECT \(Self.executionColumns) FROM job_execution WHERE id = $1", [.integer(id)]).map(execution)
    }

    /// A page of executions, the latest first.
    ///
    /// - Parameter vendorID: nil for all of this type.
    /// - Throws: ``ListQueryError``.
    package func executions(
        of vendorTypes: String..., id vendorID: Int64?, _ query: ListQuery
    ) throws -> (executions: [JobExecutionRecord], total: Int64) {
        let columns = [
            ListColumn("id", "id", .integer), ListColumn("status", "status"), ListColumn("job_status", "status"),
            ListColumn("trigger", "triggered_by"), ListColumn("job_kind", "triggered_by"),
            ListColumn("vendor_id", "vendor_id", .integer), ListColumn("vendor_type", "vendor_type"),
            ListColumn("creation_time", "created_at", .time),
            ListColumn("start_time", "started_at", .time), ListColumn("update_time", "updated_at", .time),
            ListColumn("end_time", "ended_at", .time),
        ]
        let marks = vendorTypes.map { _ in "?" }.joined(separator: ", ")
        var which = [SQLFragment("vendor_type IN (\(marks))", vendorTypes.map { .text($0) })]
        if let vendorID { which.append(SQLFragment("vendor_id = ?", [.integer(vendorID)])) }
        let (rows, total) = try list(
            SQLFragment(Self.executionColumns), from: SQLFragment("job_execution"), which: which, columns: columns, order: "id DESC", query)
        return (try rows.map(execution), total)
    }

    /// The latest execution of a vendor.
    package func latestExecution(of vendor: JobVendor) throws -> JobExecutionRecord? {
        try connection.row(
            "SELECT \(Self.executionColumns) FROM job_execution WHERE vendor_type = $1 AND vendor_id = $2 ORDER BY id DESC LIMIT 1",
            [.text(vendor.type), .integer(vendor.id)]
        ).map(execution)
    }

    /// How many tasks of an execution stand how.
    package func taskCounts(of executionID: Int64) throws -> [JobStatus: Int64] {
        var counts: [JobStatus: Int64] = [:]
        for row in try connection.rows(
            "SELECT status, COUNT(*) FROM job WHERE execution_id = $1 GROUP BY status", [.integer(executionID)])
        {
            counts[try jobStatus(row, 0)] = try row.integer(1)
        }
        return counts
    }

    /// Removes executions of a vendor that is no more, with their jobs and logs. What of it is at work is told to end, as it is no
    /// longer its worker's.
    package func removeExecutions(of vendor: JobVendor) throws {
        try connection.perform(
            "DELETE FROM job_execution WHERE vendor_type = $1 AND vendor_id = $2", [.text(vendor.type), .integer(vendor.id)])
    }

    private func execution(_ row: SQLRow) throws -> JobExecutionRecord {
        JobExecutionRecord(
            id: try row.integer(0), vendor: JobVendor(try row.text(1), try row.integer(2)), trigger: try row.text(3),
            status: try jobStatus(row, 4), statusMessage: try row.text(5), attributes: try row.text(6), createdAt: try row.integer(7),
            startedAt: try row.optionalInteger(8), endedAt: try row.optionalInteger(9), updatedAt: try row.integer(10))
    }
}
