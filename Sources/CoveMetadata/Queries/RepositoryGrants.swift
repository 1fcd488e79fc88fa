/// What a user or a group may do in some repositories of a project, beside the roles.
package struct RepositoryGrantRecord: Sendable, Equatable {
    package let id: Int64
    /// Whose it is: one of these two.
    package let user: String?
    package let group: String?
    /// About the name without the project.
    package let pattern: String
    /// Some of `pull`, `push`, `delete`.
    package let actions: [String]
    /// Microseconds since 1970.
    package let createdAt: Int64

    static let columns = "r.id, a.name, g.name, r.pattern, r.actions, r.created_at"
    static let tables = """
        repository_grant r LEFT JOIN account a ON a.id = r.account_id LEFT JOIN account_group g ON g.id = r.group_id
        """

    init(_ row: SQLRow) throws {
        id = try row.integer(0)
        user = try row.optionalText(1)
        group = try row.optionalText(2)
        pattern = try row.text(3)
        actions = try row.text(4).split(separator: ",").map(String.init)
        createdAt = try row.integer(5)
    }
}

extension MetadataTransaction {
    /// - Returns: the grant's row; nil when the same one is to have the same pattern already.
    package func insertRepositoryGrant(
        in projectID: Int64, to entity: MemberEntity, pattern: String, actions: [String]
    ) throws -> Int64? {
        let (column, id): (String, Int64) =
            switch entity {
            case .account(let id): ("account_id", id)
            case .group(let id): ("group_id", id)
            }
        return try connection.row(
            """
            INSERT INTO repository_grant (project_id, \(column), pattern, actions, created_at)
            SELECT $1, $2, $3, $4, $5 WHERE NOT EXISTS (
                SELECT 1 FROM repository_grant WHERE project_id = $1 AND \(column) = $2 AND pattern = $3)
            RETURNING id
            """, [.integer(projectID), .integer(id), .text(pattern), .text(actions.joined(separator: ",")), .integer(now)])?.integer(0)
    }

    /// - Returns: false when the project has no such grant.
    package func removeRepositoryGrant(_ id: Int64, in projectID: Int64) throws -> Bool {
        try connection.run("DELETE FROM repository_grant WHERE id = $1 AND project_id = $2", [.integer(id), .integer(projectID)]) > 0
    }

    /// A grant of that project; nil for one of another.
    package func repositoryGrant(_ id: Int64, in projectID: Int64) throws -> RepositoryGrantRecord? {
        try connection.row(
            "SELECT \(RepositoryGrantRecord.columns) FROM \(RepositoryGrantRecord.tables) WHERE r.id = $1 AND r.project_id = $2",
            [.integer(id), .integer(projectID)]
        ).map(RepositoryGrantRecord.init)
    }

    /// All grants of a project, with whom they are to.
    package func repositoryGrants(in projectID: Int64) throws -> [RepositoryGrantRecord] {
        try connection.rows(
            "SELECT \(RepositoryGrantRecord.columns) FROM \(RepositoryGrantRecord.tables) WHERE r.project_id = $1 ORDER BY r.id",
            [.integer(projectID)]
        ).map(RepositoryGrantRecord.init)
    }

    /// A page of the grants of a project.
    package func repositoryGrants(
        in projectID: Int64, _ query: ListQuery
    ) throws -> (page: [RepositoryGrantRecord], total: Int64) {
        let (rows, total) = try list(
            SQLFragment(RepositoryGrantRecord.columns), from: SQLFragment(RepositoryGrantRecord.tables),
            which: [SQLFragment("r.project_id = ?", [.integer(projectID)])],
            columns: [
                ListColumn("id", "r.id", .integer), ListColumn("user", "COALESCE(a.name, '')"), ListColumn("group", "COALESCE(g.name, '')"),
                ListColumn("pattern", "r.pattern"), ListColumn("creation_time", "r.created_at", .time),
            ], order: "r.id", query)
        return (try rows.map(RepositoryGrantRecord.init), total)
    }
}
