/// A project's quota: what it may hold, and what it does.
package struct QuotaRecord: Sendable, Equatable {
    package let projectID: Int64
    package let project: String
    /// Of the project; empty for nobody.
    package let owner: String
    package let limit: ProjectLimit
    package let usage: ProjectUsage
    /// Microseconds since 1970.
    package let createdAt: Int64
    package let updatedAt: Int64
}

/// What a repository has part in of its project's quota.
package struct RepositoryUsage: Sendable, Equatable {
    package let repository: String
    /// Bytes of what no other repository of the project has.
    package var unique: Int64 = 0
    /// Bytes of what others have as well: of the quota they are taken once.
    package var shared: Int64 = 0
    /// Bytes of blobs that no manifest needs any more and that the quota leaves out; they go when garbage is collected.
    package var released: Int64 = 0
    package var blobs: Int64 = 0
    package var manifests: Int64 = 0
    package var tags: Int64 = 0
}

extension MetadataTransaction {
    /// What a project may hold; no limits when nobody has set any.
    package func limit(ofProject id: Int64) throws -> ProjectLimit {
        try connection.row("SELECT storage, tags FROM project_limit WHERE project_id = $1", [.integer(id)]).map {
            ProjectLimit(storage: try $0.integer(0), tags: try $0.integer(1))
        } ?? ProjectLimit()
    }

    /// What a project holds: as it is kept account of or, where there are no limits, counted.
    package func usage(ofProject id: Int64) throws -> ProjectUsage {
        let kept = try connection.row(
            """
            SELECT l.used_storage, l.used_tags FROM project p JOIN project_limit l ON l.project_id = p.id
            WHERE p.id = $1 AND p.is_limited = 1
            """, [.integer(id)])
        if let kept { return ProjectUsage(storage: try kept.integer(0), tags: try kept.integer(1)) }
        return try countedUsage(ofProject: id)
    }

    /// Sets what a project may hold. It may be less than it does: then nothing can be added until enough is gone. Pushes into the
    /// project that are under way end before.
    ///
    /// - Returns: false when there is no such project.
    @discardableResult
    package func setLimit(_ limit: ProjectLimit, ofProject id: Int64) throws -> Bool {
        let row = try connection.row(
            "SELECT is_limited FROM project WHERE id = $1\(connection.dialect.lockingRow)", [.integer(id)])
        guard let row else { return false }
        let wasLimited = try row.integer(0) != 0
        // The order of locks is that of every push: repositories, then the project's limit.
        if wasLimited != limit.isLimiting {
            let flag = SQLValue.integer(limit.isLimiting ? 1 : 0)
            try connection.perform("UPDATE project SET is_limited = $1 WHERE id = $2", [flag, .integer(id)])
            if !connection.dialect.lockingRow.isEmpty {
                _ = try connection.rows(
                    "SELECT id FROM repository WHERE project_id = $1 ORDER BY id\(connection.dialect.lockingRow)", [.integer(id)])
            }
            try connection.perform("UPDATE repository SET is_limited = $1 WHERE project_id = $2", [flag, .integer(id)])
        }
        try connection.perform(
            """
            INSERT INTO project_limit (project_id, storage, tags, created_at, updated_at) VALUES ($1, $2, $3, $4, $4)
            ON CONFLICT (project_id) DO UPDATE SET storage = excluded.storage, tags = excluded.tags, updated_at = excluded.updated_at
            """, [.integer(id), .integer(limit.storage), .integer(limit.tags), .integer(now)])
        if limit.isLimiting, !wasLimited { try recountUsage(of: id) }
        return true
    }

    /// Counts anew what a project with limits holds.
    package func recountUsage(of projectID: Int64) throws {
        if !connection.dialect.lockingRow.isEmpty {
            _ = try connection.rows(
                "SELECT project_id FROM project_limit WHERE project_id = $1\(connection.dialect.lockingRow)", [.integer(projectID)])
        }
        let usage = try countedUsage(ofProject: projectID)
        try connection.perform(
            "UPDATE project_limit SET used_storage = $1, used_tags = $2 WHERE project_id = $3",
            [.integer(usage.storage), .integer(usage.tags), .integer(projectID)])
    }

    /// What a project holds, counted row by row.
    package func countedUsage(ofProject id: Int64) throws -> ProjectUsage {
        let row = try connection.row(
            """
            SELECT (
                SELECT CAST(COALESCE(SUM(b.size), 0) AS BIGINT) FROM blob b WHERE b.id IN (
                    SELECT rb.blob_id FROM repository r JOIN repository_blob rb ON rb.repository_id = r.id
                    WHERE r.project_id = $1 AND rb.created_at > 0)
            ) + (
                SELECT CAST(COALESCE(SUM(d.size), 0) AS BIGINT) FROM (
                    SELECT m.digest AS digest, MAX(m.size) AS size FROM repository r JOIN manifest m ON m.repository_id = r.id
                    WHERE r.project_id = $1 GROUP BY m.digest) d
            ), (
                SELECT COUNT(*) FROM repository r JOIN tag t ON t.repository_id = r.id WHERE r.project_id = $1
            )
            """, [.integer(id)])
        return ProjectUsage(storage: try row?.integer(0) ?? 0, tags: try row?.integer(1) ?? 0)
    }

    // MARK: - Lists

    private static let quotaColumns = """
        p.id, p.name, COALESCE(a.name, ''), COALESCE(l.storage, -1), COALESCE(l.tags, -1), p.is_limited, l.used_storage, l.used_tags,
        p.created_at, COALESCE(NULLIF(l.updated_at, 0), p.created_at)
        """
    private static let quotaTables = "project p LEFT JOIN project_limit l ON l.project_id = p.id LEFT JOIN account a ON a.id = p.owner_id"

    private static let quotaListColumns = [
        ListColumn("id", "p.id", .integer),
        ListColumn("reference_id", "p.id", .integer),
        ListColumn("name", "p.name"),
        ListColumn("hard.storage", "COALESCE(l.storage, -1)", .integer),
        ListColumn("hard.tags", "COALESCE(l.tags, -1)", .integer),
        ListColumn("used.storage", "CASE WHEN p.is_limited = 1 THEN l.used_storage ELSE \(usedStorage) END", .integer),
        ListColumn(
            "used.tags",
            """
            CASE WHEN p.is_limited = 1 THEN l.used_tags
            ELSE (SELECT COUNT(*) FROM repository r JOIN tag t ON t.repository_id = r.id WHERE r.project_id = p.id) END
            """, .integer),
        // There is a quota as long as there is its project, whenever it was first set.
        ListColumn("creation_time", "p.created_at", .time),
        ListColumn("update_time", "COALESCE(NULLIF(l.updated_at, 0), p.created_at)", .time),
    ]

    /// For the order and the filter of a list only: it is slow where there are no limits.
    private static let usedStorage = """
        (SELECT CAST(COALESCE(SUM(b.size), 0) AS BIGINT) FROM blob b WHERE b.id IN (
            SELECT rb.blob_id FROM repository r JOIN repository_blob rb ON rb.repository_id = r.id
            WHERE r.project_id = p.id AND rb.created_at > 0))
        + (SELECT CAST(COALESCE(SUM(m.size), 0) AS BIGINT) FROM repository r JOIN manifest m ON m.repository_id = r.id
            WHERE r.project_id = p.id AND NOT EXISTS (
                SELECT 1 FROM repository o JOIN manifest om ON om.repository_id = o.id AND om.digest = m.digest
                WHERE o.project_id = p.id AND om.id < m.id))
        """

    /// Quotas of all projects, of which every one has one.
    package func quotas(ofProject id: Int64? = nil, _ query: ListQuery) throws -> (page: [QuotaRecord], total: Int64) {
        let (rows, total) = try list(
            SQLFragment(Self.quotaColumns), from: SQLFragment(Self.quotaTables),
            which: id.map { [SQLFragment("p.id = ?", [.integer($0)])] } ?? [], columns: Self.quotaListColumns, order: "p.id", query)
        return (try rows.map(quota), total)
    }

    package func quota(ofProject id: Int64) throws -> QuotaRecord? {
        try connection.row("SELECT \(Self.quotaColumns) FROM \(Self.quotaTables) WHERE p.id = $1", [.integer(id)]).map(quota)
    }

    private func quota(_ row: SQLRow) throws -> QuotaRecord {
        let usage =
            try row.integer(5) != 0
            ? ProjectUsage(storage: try row.integer(6), tags: try row.integer(7)) : try countedUsage(ofProject: try row.integer(0))
        return QuotaRecord(
            projectID: try row.integer(0), project: try row.text(1), owner: try row.text(2),
            limit: ProjectLimit(storage: try row.integer(3), tags: try row.integer(4)), usage: usage, createdAt: try row.integer(8),
            updatedAt: try row.integer(9))
    }

    // MARK: - What uses it

    /// What each repository of a project has part in, those that use most first.
    package func repositoryUsage(ofProject id: Int64) throws -> [RepositoryUsage] {
        var usages: [Int64: RepositoryUsage] = [:]
        for row in try connection.rows(
            """
            SELECT r.id, r.name, (SELECT COUNT(*) FROM tag t WHERE t.repository_id = r.id),
                (SELECT CAST(COALESCE(SUM(b.size), 0) AS BIGINT) FROM repository_blob rb JOIN blob b ON b.id = rb.blob_id
                    WHERE rb.repository_id = r.id AND rb.created_at = 0)
            FROM repository r WHERE r.project_id = $1
            """, [.integer(id)])
        {
            var usage = RepositoryUsage(repository: try row.text(1))
            usage.tags = try row.integer(2)
            usage.released = try row.integer(3)
            usages[try row.integer(0)] = usage
        }
        for (parts, count) in [
            (
                "SELECT rb.repository_id AS repository_id, b.digest AS digest, b.size AS size FROM repository r JOIN repository_blob rb"
                    + " ON rb.repository_id = r.id JOIN blob b ON b.id = rb.blob_id WHERE r.project_id = $1 AND rb.created_at > 0",
                \RepositoryUsage.blobs
            ),
            (
                "SELECT m.repository_id AS repository_id, m.digest AS digest, m.size AS size FROM repository r JOIN manifest m"
                    + " ON m.repository_id = r.id WHERE r.project_id = $1", \RepositoryUsage.manifests
            ),
        ] {
            let rows = try connection.rows(
                """
                WITH part AS (\(parts)), holders AS (SELECT digest, COUNT(*) AS number FROM part GROUP BY digest)
                SELECT p.repository_id, COUNT(*),
                    CAST(SUM(CASE WHEN h.number = 1 THEN p.size ELSE 0 END) AS BIGINT),
                    CAST(SUM(CASE WHEN h.number > 1 THEN p.size ELSE 0 END) AS BIGINT)
                FROM part p JOIN holders h ON h.digest = p.digest GROUP BY p.repository_id
                """, [.integer(id)])
            for row in rows {
                let repository = try row.integer(0)
                usages[repository]?[keyPath: count] += try row.integer(1)
                usages[repository]?.unique += try row.integer(2)
                usages[repository]?.shared += try row.integer(3)
            }
        }
        return usages.values.sorted { ($1.unique + $1.shared, $0.repository) < ($0.unique + $0.shared, $1.repository) }
    }
}
