/// Reading the audit log.
extension MetadataTransaction {
    /// Of whose entries a list may tell.
    package enum AuditScope: Sendable, Equatable {
        case all
        /// Those of these projects.
        case projects([Int64])
    }

    /// So many entries are counted for a list, and no more: counting millions takes seconds.
    package static let mostCounted: Int64 = 10_000
    /// The entries of so many projects are merged from one list a project; of more, all entries are looked through.
    private static let mostMerged = 50
    private static let mostProjects = 5000

    /// What a list can be filtered by, in Harbor's words. It is sorted by `op_time`, as all of it is kept in that order.
    private static let auditColumns = [
        ListColumn("op_time", "a.at", .time), ListColumn("username", "a.operator"), ListColumn("operation", "a.operation"),
        ListColumn("resource", "a.resource"), ListColumn("resource_type", "a.resource_type"),
        ListColumn("operation_result", "a.result", .boolean), ListColumn("project_id", "a.project_id", .integer),
        ListColumn("id", "a.id", .integer), ListColumn("creation_time", "a.at", .time),
    ]

    /// A page of the audit log, the newest first unless `op_time` is asked for.
    ///
    /// - Returns: the entries, and how many there are: exact up to ``mostCounted``; beyond it at least that, and always more
    ///   than this page shows as long as there is another.
    /// - Throws: ``ListQueryError``.
    package func auditPage(_ query: ListQuery, in scope: AuditScope) throws -> (records: [AuditRecord], total: Int64) {
        let ascending = try Self.isAscending(query)
        let conditions = try query.conditions(Self.auditColumns)
        guard let sources = Self.sources(scope) else { return ([], 0) }
        let order = ascending ? "at, id" : "at DESC, id DESC"
        let end = Int64(query.offset + query.pageSize)
        let parts = sources.map { source in
            SQLFragment("SELECT \(Self.auditFields) FROM audit_log a WHERE ") + .all(source + conditions)
                + SQLFragment(" ORDER BY \(order) LIMIT ?", [.integer(end)])
        }
        let rows = try connection.rows(
            Self.united(parts)
                + SQLFragment(
                    " ORDER BY \(order) LIMIT ? OFFSET ?", [.integer(Int64(query.pageSize)), .integer(Int64(query.offset))]))
        let records = try rows.map(Self.auditRecord)
        if records.count < query.pageSize, query.offset == 0 || !records.isEmpty {
            return (records, Int64(query.offset + records.count))
        }
        let counts = sources.map { source in
            SQLFragment("SELECT 1 AS one FROM audit_log a WHERE ") + .all(source + conditions)
                + SQLFragment(" LIMIT ?", [.integer(Self.mostCounted + 1)])
        }
        let counted = try connection.row(SQLFragment("SELECT COUNT(*) FROM (") + Self.united(counts) + SQLFragment(") q"))?.integer(0) ?? 0
        guard counted > Self.mostCounted else { return (records, counted) }
        return (records, max(Self.mostCounted, Int64(query.offset + records.count) + (records.count == query.pageSize ? 1 : 0)))
    }

    private static func isAscending(_ query: ListQuery) throws(ListQueryError) -> Bool {
        for one in query.order where !["op_time", "creation_time", "id"].contains(one.key) {
            throw ListQueryError("sort: the audit log is sorted by op_time, not by '\(one.key.prefix(60))'")
        }
        return query.order.first.map { !$0.isDescending } ?? false
    }

    /// What holds for the rows of each list that is merged; nil when there is nothing to list.
    private static func sources(_ scope: AuditScope) -> [[SQLFragment]]? {
        guard case .projects(let ids) = scope else { return [[]] }
        if ids.isEmpty { return nil }
        if ids.count <= mostMerged { return ids.map { [SQLFragment("a.project_id = ?", [.integer($0)])] } }
        let latest = ids.sorted().suffix(mostProjects)
        let marks = latest.map { _ in "?" }.joined(separator: ", ")
        // Not through the index of projects, of which all would have to be sorted.
        return [[SQLFragment("a.project_id + 0 IN (\(marks))", latest.map(SQLValue.integer))]]
    }

    private static func united(_ parts: [SQLFragment]) -> SQLFragment {
        var whole = SQLFragment("SELECT * FROM (")
        for (index, part) in parts.enumerated() {
            if index > 0 { whole = whole + SQLFragment(" UNION ALL ") }
            whole = whole + SQLFragment("SELECT * FROM (") + part + SQLFragment(") p\(index)")
        }
        return whole + SQLFragment(") u")
    }

    /// Entries in the order of their numbers, for who reads all of them.
    ///
    /// - Parameters:
    ///   - id: the number after which to go on.
    ///   - end: none from this time on, in microseconds.
    package func auditRecords(
        after id: Int64, through last: Int64 = .max, from start: Int64? = nil, until end: Int64? = nil, project: String? = nil, limit: Int
    ) throws -> [AuditRecord] {
        var conditions = [SQLFragment("a.id > ?", [.integer(id)]), SQLFragment("a.id <= ?", [.integer(last)])]
        if let start { conditions.append(SQLFragment("a.at >= ?", [.integer(start)])) }
        if let end { conditions.append(SQLFragment("a.at < ?", [.integer(end)])) }
        if let project { conditions.append(SQLFragment("a.project = ?", [.text(project)])) }
        return try connection.rows(
            SQLFragment("SELECT \(Self.auditFields) FROM audit_log a WHERE ") + .all(conditions)
                + SQLFragment(" ORDER BY a.id LIMIT ?", [.integer(Int64(limit))])
        ).map(Self.auditRecord)
    }

    /// The highest number of an entry that is there, 0 for none.
    func lastAuditID() throws -> Int64 {
        try connection.row("SELECT COALESCE(MAX(id), 0) FROM audit_log", [])?.integer(0) ?? 0
    }

    private static let auditFields = """
        a.id, a.at, a.project_id, a.project, a.operator, a.operation, a.resource_type, a.resource, a.result, a.status, a.description, \
        a.address, a.user_agent, a.request_id
        """

    private static func auditRecord(_ row: SQLRow) throws -> AuditRecord {
        var entry = AuditEntry(by: try row.text(4), try row.text(5), try row.text(6), try row.text(7))
        entry.projectID = try row.optionalInteger(2)
        let project = try row.text(3)
        entry.project = project.isEmpty ? nil : project
        entry.succeeded = try row.integer(8) != 0
        entry.status = Int(try row.integer(9))
        entry.description = try row.text(10)
        entry.address = try row.optionalText(11)
        entry.userAgent = try row.optionalText(12)
        entry.requestID = try row.optionalText(13)
        return AuditRecord(id: try row.integer(0), at: try row.integer(1), entry: entry)
    }
}
