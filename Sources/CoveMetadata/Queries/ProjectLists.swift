/// A project as a list shows it.
package struct ListedProject: Sendable {
    package let project: ProjectRecord
    /// Empty for nobody's.
    package let owner: String
    package let repositories: Int64
    /// By name.
    package var metadata: [String: String] = [:]
}

/// Whose eyes a list of projects is for.
package enum ProjectViewer: Sendable, Equatable {
    /// Sees all.
    case everything
    /// Sees the public ones, and those of a member.
    case account(Int64)
    /// Sees the public ones, and these.
    case projects(named: [String])
    /// Sees the public ones.
    case anybody
}

/// Which projects a list has.
package struct ProjectFilter: Sendable, Equatable {
    /// A part of the name.
    package var name: String?
    package var isPublic: Bool?
    /// The name of a user.
    package var owner: String?

    package init(name: String? = nil, isPublic: Bool? = nil, owner: String? = nil) {
        self.name = name
        self.isPublic = isPublic
        self.owner = owner
    }
}

extension MetadataTransaction {
    private static let listedColumns = """
        \(ProjectRecord.columns), COALESCE(o.name, ''), (SELECT COUNT(*) FROM repository r WHERE r.project_id = p.id)
        """

    private static let projectColumns = [
        ListColumn("project_id", "p.id", .integer),
        ListColumn("name", "p.name"),
        ListColumn("owner_id", "p.owner_id", .integer),
        ListColumn("owner", "COALESCE(o.name, '')"),
        ListColumn("public", "p.is_public", .boolean),
        ListColumn("creation_time", "p.created_at", .time),
        ListColumn("update_time", "p.updated_at", .time),
    ]

    /// A page of the projects that somebody may see, by name.
    package func projects(
        _ filter: ProjectFilter, for viewer: ProjectViewer, _ query: ListQuery
    ) throws -> (page: [ListedProject], total: Int64) {
        var conditions: [SQLFragment] = []
        switch viewer {
        case .everything: break
        case .anybody: conditions.append(SQLFragment("p.is_public = 1"))
        case .projects(let names):
            let isNamed = names.map { SQLFragment("p.name = ?", [.text($0)]) }
            conditions.append(.any([SQLFragment("p.is_public = 1")] + isNamed))
        case .account(let id):
            conditions.append(
                SQLFragment(
                    """
                    (p.is_public = 1
                    OR p.id IN (SELECT m.project_id FROM project_member m WHERE m.account_id = ?)
                    OR p.id IN (
                        SELECT m.project_id FROM project_member m JOIN account_group_member g ON g.group_id = m.group_id
                        WHERE g.account_id = ?))
                    """, [.integer(id), .integer(id)]))
        }
        if let isPublic = filter.isPublic { conditions.append(SQLFragment("p.is_public = ?", [.integer(isPublic ? 1 : 0)])) }
        if let owner = filter.owner { conditions.append(SQLFragment("o.name_key = ?", [.text(owner.lowercased())])) }
        if let name = filter.name {
            let pattern = name.lowercased().replacing("!", with: "!!").replacing("%", with: "!%").replacing("_", with: "!_")
            conditions.append(SQLFragment("p.name LIKE ? ESCAPE '!'", [.text("%\(pattern)%")]))
        }
        let (rows, total) = try list(
            SQLFragment(Self.listedColumns), from: SQLFragment("project p LEFT JOIN account o ON o.id = p.owner_id"), which: conditions,
            columns: Self.projectColumns, order: "p.name", query)
        return (try withMetadata(rows.map(Self.listed)), total)
    }

    package func listedProject(_ id: Int64) throws -> ListedProject? {
        let row = try connection.row(
            "SELECT \(Self.listedColumns) FROM project p LEFT JOIN account o ON o.id = p.owner_id WHERE p.id = $1", [.integer(id)])
        guard let row else { return nil }
        return try withMetadata([Self.listed(row)]).first
    }

    private static func listed(_ row: SQLRow) throws -> ListedProject {
        ListedProject(project: try ProjectRecord(row), owner: try row.text(6), repositories: try row.integer(7))
    }

    private func withMetadata(_ projects: [ListedProject]) throws -> [ListedProject] {
        guard !projects.isEmpty else { return [] }
        let places = (1...projects.count).map { "$\($0)" }.joined(separator: ", ")
        let rows = try connection.rows(
            "SELECT project_id, name, value FROM project_metadata WHERE project_id IN (\(places))", projects.map { .integer($0.project.id) }
        )
        var values: [Int64: [String: String]] = [:]
        for row in rows { values[try row.integer(0), default: [:]][try row.text(1)] = try row.text(2) }
        return projects.map { project in
            var project = project
            project.metadata = values[project.project.id] ?? [:]
            return project
        }
    }
}
