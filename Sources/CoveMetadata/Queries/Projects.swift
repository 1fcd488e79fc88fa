/// A project.
package struct ProjectRecord: Sendable, Equatable {
    package let id: Int64
    package let name: String
    /// Whose it is; nil for one that came into being with a push.
    package let ownerID: Int64?
    package let isPublic: Bool
    /// Microseconds since 1970.
    package let createdAt: Int64
    package let updatedAt: Int64

    static let columns = "p.id, p.name, p.owner_id, p.is_public, p.created_at, p.updated_at"

    package init(id: Int64, name: String, ownerID: Int64?, isPublic: Bool, createdAt: Int64, updatedAt: Int64) {
        self.id = id
        self.name = name
        self.ownerID = ownerID
        self.isPublic = isPublic
        self.createdAt = createdAt
        self.updatedAt = updatedAt
    }

    init(_ row: SQLRow) throws {
        id = try row.integer(0)
        name = try row.text(1)
        ownerID = try row.optionalInteger(2)
        isPublic = try row.integer(3) != 0
        createdAt = try row.integer(4)
        updatedAt = max(try row.integer(5), createdAt)
    }
}

extension MetadataTransaction {
    package func project(_ id: Int64) throws -> ProjectRecord? {
        try connection.row("SELECT \(ProjectRecord.columns) FROM project p WHERE p.id = $1", [.integer(id)]).map(ProjectRecord.init)
    }

    package func project(named name: String) throws -> ProjectRecord? {
        try connection.row("SELECT \(ProjectRecord.columns) FROM project p WHERE p.name = $1", [.text(name)]).map(ProjectRecord.init)
    }
}

/// What keeps a project from being deleted.
package struct ProjectContents: Sendable, Equatable {
    package let repositories: Int64
    /// The names of the first three of them.
    package let first: [String]

    package var isEmpty: Bool { repositories == 0 }
}

extension MetadataTransaction {
    /// - Parameter owner: the user whose it is; nil for nobody's.
    /// - Returns: nil when there is a project with that name.
    package func insertProject(_ name: String, owner: Int64?, isPublic: Bool) throws -> Int64? {
        try connection.row(
            """
            INSERT INTO project (name, owner_id, is_public, created_at, updated_at) VALUES ($1, $2, $3, $4, $4)
            ON CONFLICT (name) DO NOTHING RETURNING id
            """, [.text(name), .optional(owner), .integer(isPublic ? 1 : 0), .integer(now)])?.integer(0)
    }

    package func setPublic(_ isPublic: Bool, project id: Int64) throws {
        try connection.perform(
            "UPDATE project SET is_public = $1, updated_at = $2 WHERE id = $3",
            [.integer(isPublic ? 1 : 0), .integer(now), .integer(id)])
    }

    package func touchProject(_ id: Int64) throws {
        try connection.perform("UPDATE project SET updated_at = $1 WHERE id = $2", [.integer(now), .integer(id)])
    }

    package func contents(ofProject id: Int64) throws -> ProjectContents {
        let names = try connection.rows("SELECT name FROM repository WHERE project_id = $1 ORDER BY name LIMIT 3", [.integer(id)])
        return ProjectContents(
            repositories: try connection.row("SELECT COUNT(*) FROM repository WHERE project_id = $1", [.integer(id)])?.integer(0) ?? 0,
            first: try names.map { try $0.text(0) })
    }

    /// Forgets a project with its members, robots and rules, unless it has content. What robots of the system may do in a project
    /// of that name ends with it, so that they may not in another that is called the same.
    ///
    /// - Returns: what is in the way; nothing when it is gone.
    package func deleteProject(_ project: ProjectRecord) throws -> ProjectContents {
        // Waits for pushes that make a repository in it, and keeps others from doing so.
        _ = try connection.rows(
            "SELECT id FROM project WHERE id = $1\(connection.dialect.lockingRowEntirely)", [.integer(project.id)])
        let contents = try contents(ofProject: project.id)
        guard contents.isEmpty else { return contents }
        try deleteWebhookPolicies(ofProject: project.id)
        if let policy = try retentionPolicy(ofProject: project.id) { try deleteRetentionPolicy(policy) }
        try connection.perform("DELETE FROM cve_allowlist WHERE project_id = $1", [.integer(project.id)])
        try connection.perform(
            "DELETE FROM robot_permission WHERE kind = 'project' AND namespace = $1", [.text(project.name)])
        try connection.perform("DELETE FROM project WHERE id = $1", [.integer(project.id)])
        return contents
    }

    // MARK: - What is said of projects

    /// By name; whether the project is public is not among it.
    package func projectMetadata(_ id: Int64) throws -> [String: String] {
        let rows = try connection.rows("SELECT name, value FROM project_metadata WHERE project_id = $1", [.integer(id)])
        return Dictionary(try rows.map { (try $0.text(0), try $0.text(1)) }, uniquingKeysWith: { $1 })
    }

    package func setProjectMetadata(_ values: [String: String], ofProject id: Int64) throws {
        for (name, value) in values.sorted(by: { $0.key < $1.key }) {
            try connection.perform(
                """
                INSERT INTO project_metadata (project_id, name, value) VALUES ($1, $2, $3)
                ON CONFLICT (project_id, name) DO UPDATE SET value = excluded.value
                """, [.integer(id), .text(name), .text(value)])
        }
    }

    /// - Returns: false when there is nothing of that name.
    package func deleteProjectMetadata(_ name: String, ofProject id: Int64) throws -> Bool {
        try connection.run("DELETE FROM project_metadata WHERE project_id = $1 AND name = $2", [.integer(id), .text(name)]) > 0
    }
}
