/// Who has a role in a project: a user or a group.
package struct MemberRecord: Sendable, Equatable {
    package let id: Int64
    package let projectID: Int64
    /// As Harbor numbers them.
    package let role: Int64
    package let isGroup: Bool
    /// The row of the user or of the group.
    package let entityID: Int64
    package let name: String

    static let columns = """
        m.id, m.project_id, m.role, CASE WHEN m.group_id IS NULL THEN 0 ELSE 1 END, COALESCE(m.account_id, m.group_id),
        COALESCE(a.name, g.name)
        """
    static let tables = """
        project_member m LEFT JOIN account a ON a.id = m.account_id LEFT JOIN account_group g ON g.id = m.group_id
        """

    init(_ row: SQLRow) throws {
        id = try row.integer(0)
        projectID = try row.integer(1)
        role = try row.integer(2)
        isGroup = try row.integer(3) != 0
        entityID = try row.integer(4)
        name = try row.text(5)
    }
}

/// Who may become a member.
package enum MemberEntity: Sendable, Equatable {
    case account(Int64)
    case group(Int64)
}

extension MetadataTransaction {
    /// A member of that project; nil for one of another.
    package func member(_ id: Int64, ofProject projectID: Int64) throws -> MemberRecord? {
        try connection.row(
            "SELECT \(MemberRecord.columns) FROM \(MemberRecord.tables) WHERE m.id = $1 AND m.project_id = $2",
            [.integer(id), .integer(projectID)]
        ).map(MemberRecord.init)
    }

    /// - Returns: nil for who is a member already.
    package func insertMember(_ entity: MemberEntity, role: Int64, ofProject projectID: Int64) throws -> Int64? {
        let (account, group): (SQLValue, SQLValue) =
            switch entity {
            case .account(let id): (.integer(id), .null)
            case .group(let id): (.null, .integer(id))
            }
        return try connection.row(
            """
            INSERT INTO project_member (project_id, account_id, group_id, role, created_at, updated_at)
            VALUES ($1, $2, $3, $4, $5, $5) ON CONFLICT DO NOTHING RETURNING id
            """, [.integer(projectID), account, group, .integer(role), .integer(now)])?.integer(0)
    }

    package func setRole(_ role: Int64, ofMember id: Int64) throws {
        try connection.perform(
            "UPDATE project_member SET role = $1, updated_at = $2 WHERE id = $3", [.integer(role), .integer(now), .integer(id)])
    }

    package func deleteMember(_ id: Int64) throws {
        try connection.perform("DELETE FROM project_member WHERE id = $1", [.integer(id)])
    }

    /// A page of a project's members, by name.
    ///
    /// - Parameter text: only those whose names have it in them.
    package func members(
        ofProject projectID: Int64, searching text: String?, _ query: ListQuery
    ) throws -> (page: [MemberRecord], total: Int64) {
        var conditions = [SQLFragment("m.project_id = ?", [.integer(projectID)])]
        if let text {
            let pattern = text.lowercased().replacing("!", with: "!!").replacing("%", with: "!%").replacing("_", with: "!_")
            conditions.append(SQLFragment("LOWER(COALESCE(a.name, g.name)) LIKE ? ESCAPE '!'", [.text("%\(pattern)%")]))
        }
        let (rows, total) = try list(
            SQLFragment(MemberRecord.columns), from: SQLFragment(MemberRecord.tables), which: conditions, columns: [],
            order: "COALESCE(a.name, g.name), m.id", query)
        return (try rows.map(MemberRecord.init), total)
    }

    /// How many members have which role.
    package func memberCounts(ofProject projectID: Int64) throws -> [Int64: Int64] {
        let rows = try connection.rows(
            "SELECT role, COUNT(*) FROM project_member WHERE project_id = $1 GROUP BY role", [.integer(projectID)])
        return Dictionary(try rows.map { (try $0.integer(0), try $0.integer(1)) }, uniquingKeysWith: +)
    }
}
