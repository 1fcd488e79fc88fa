import CoveOCI

/// A repository as lists show it.
package struct RepositoryRecord: Sendable, Equatable {
    package let id: Int64
    package let projectID: Int64
    package let name: RepositoryName
    package let description: String
    package let artifactCount: Int64
    package let pullCount: Int64
    /// Microseconds since 1970.
    package let createdAt: Int64
    package let updatedAt: Int64

    static let pulls = "COALESCE((SELECT rp.count FROM repository_pull rp WHERE rp.repository_id = r.id), 0)"
    static let columns = "r.id, r.project_id, r.name, r.description, r.artifact_count, \(pulls), r.created_at, r.updated_at"

    init(_ row: SQLRow) throws {
        id = try row.integer(0)
        projectID = try row.integer(1)
        name = try RepositoryName(parsing: row.text(2))
        description = try row.text(3)
        artifactCount = try row.integer(4)
        pullCount = try row.integer(5)
        createdAt = try row.integer(6)
        updatedAt = max(try row.integer(7), createdAt)
    }

    /// With its project: `library/alpine` for what is called `alpine` on the wire.
    package var fullName: String { name.description.contains("/") ? name.description : "library/\(name)" }
}

extension MetadataTransaction {
    /// The first of these names that is a repository of the project.
    package func repository(_ names: [RepositoryName], inProject projectID: Int64) throws -> RepositoryRecord? {
        for name in names {
            let row = try connection.row(
                "SELECT \(RepositoryRecord.columns) FROM repository r WHERE r.name = $1 AND r.project_id = $2",
                [.text(name.description), .integer(projectID)])
            if let row { return try RepositoryRecord(row) }
        }
        return nil
    }

    /// A page of the repositories of a project, by name.
    ///
    /// - Parameter visible: to whom; `.all` for whoever may see all of this project.
    package func repositories(
        inProject projectID: Int64, visible: ProjectVisibility = .all, _ query: ListQuery
    ) throws -> (repositories: [RepositoryRecord], total: Int64) {
        try repositories([SQLFragment("r.project_id = ?", [.integer(projectID)])], visible, query)
    }

    /// A page of the repositories of all projects that somebody may see, by name.
    package func repositories(
        visible: ProjectVisibility, _ query: ListQuery
    ) throws -> (repositories: [RepositoryRecord], total: Int64) {
        try repositories([], visible, query)
    }

    private func repositories(
        _ conditions: [SQLFragment], _ visible: ProjectVisibility, _ query: ListQuery
    ) throws -> (repositories: [RepositoryRecord], total: Int64) {
        let from = visible == .all ? "repository r" : "repository r JOIN project p ON p.id = r.project_id"
        let (rows, total) = try list(
            SQLFragment(RepositoryRecord.columns), from: SQLFragment(from),
            which: conditions + (visible == .all ? [] : [visible.repositories]), columns: Self.repositoryColumns, order: "r.name", query)
        return (try rows.map(RepositoryRecord.init), total)
    }

    private static let repositoryColumns = [
        // As they are shown: that of one component is in the project library.
        ListColumn("name", "CASE WHEN r.name LIKE '%/%' THEN r.name ELSE 'library/' || r.name END"),
        ListColumn("description", "r.description"), ListColumn("repository_id", "r.id", .integer), ListColumn("id", "r.id", .integer),
        ListColumn("project_id", "r.project_id", .integer), ListColumn("artifact_count", "r.artifact_count", .integer),
        ListColumn("pull_count", RepositoryRecord.pulls, .integer), ListColumn("creation_time", "r.created_at", .time),
        ListColumn("update_time", "r.updated_at", .time),
    ]

    package func describeRepository(_ id: Int64, as description: String) throws {
        try connection.perform(
            "UPDATE repository SET description = $1, updated_at = $2 WHERE id = $3", [.text(description), .integer(now), .integer(id)])
    }

    /// Some manifests of a repository, at most `limit`.
    package func anyManifests(in repositoryID: Int64, limit: Int) throws -> [Digest] {
        try connection.rows(
            "SELECT digest FROM manifest WHERE repository_id = $1 ORDER BY id LIMIT $2", [.integer(repositoryID), .integer(Int64(limit))]
        ).map { try digest($0, 0) }
    }

    /// Some blobs that a repository holds, at most `limit`.
    package func anyHeldBlobs(in repositoryID: Int64, limit: Int) throws -> [StoredBlob] {
        try connection.rows(
            """
            SELECT b.id, b.digest, b.size, b.location FROM repository_blob rb JOIN blob b ON b.id = rb.blob_id
            WHERE rb.repository_id = $1 ORDER BY rb.blob_id LIMIT $2
            """, [.integer(repositoryID), .integer(Int64(limit))]
        ).map {
            StoredBlob(id: try $0.integer(0), digest: try digest($0, 1), size: try $0.integer(2), location: try $0.text(3))
        }
    }

    /// Forgets a repository that holds nothing any more, with what its tags have pointed at.
    ///
    /// - Returns: false when it holds something, and stays.
    package func forgetRepository(_ id: Int64) throws -> Bool {
        let holds = try connection.row(
            """
            SELECT 1 WHERE EXISTS (SELECT 1 FROM manifest WHERE repository_id = $1)
            OR EXISTS (SELECT 1 FROM repository_blob WHERE repository_id = $1)
            """, [.integer(id)])
        guard holds == nil else { return false }
        try requireNotice(in: id)
        for table in ["tag_history", "import_manifest"] {
            try connection.perform("DELETE FROM \(table) WHERE repository_id = $1", [.integer(id)])
        }
        try connection.perform("DELETE FROM repository WHERE id = $1", [.integer(id)])
        return true
    }
}
