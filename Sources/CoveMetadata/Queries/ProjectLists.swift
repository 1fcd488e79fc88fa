/// A project as a list shows it.
package struct ListedProject: Sendable {
    package let project: ProjectRecord
    /// Empty for nobody's.
    package let owner: String
    package let repositories: Int64
    /// By name.
    package var metadata: [String: String] = [:]
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
        _ filter: ProjectFilter, visible: ProjectVisibility, _ query: ListQuery
    ) throws -> (page: [ListedProject], total: Int64) {
        var conditions: [SQLFragment] = visible == .all ? [] : [visible.projects]
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

    /// Projects that somebody may see and whose name contains a text, by name, at most `limit`.
    package func searchProjects(_ text: String, visible: ProjectVisibility, limit: Int) throws -> [ListedProject] {
        let condition = SQLFragment.all([visible.projects, try ListColumn("q", "p.name").condition(.contains(text))])
        let rows = try connection.rows(
            SQLFragment("SELECT \(Self.listedColumns) FROM project p LEFT JOIN account o ON o.id = p.owner_id WHERE ") + condition
                + SQLFragment(" ORDER BY p.name LIMIT ?", [.integer(Int64(limit))]))
        return try withMetadata(rows.map(Self.listed))
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
