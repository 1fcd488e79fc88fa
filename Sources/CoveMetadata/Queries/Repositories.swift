import CoveOCI

extension MetadataTransaction {
    /// The row of a repository, or nil when nothing was ever pushed to it.
    package func repositoryID(_ name: RepositoryName) throws -> Int64? {
        try connection.row("SELECT id FROM repository WHERE name = $1", [.text(name.description)])?.integer(0)
    }

    /// As ``repositoryID(_:)``, and keeps other transactions out of the repository until this one ends: what is read in it
    /// from now on stays as it is.
    package func lockedRepositoryID(_ name: RepositoryName) throws -> Int64? {
        let row = try connection.row(
            "SELECT id, project_id, is_limited FROM repository WHERE name = $1\(connection.dialect.lockingRow)",
            [.text(name.description)])
        guard let row else { return nil }
        let id = try row.integer(0)
        try openAccount(of: id, project: try row.integer(1), isLimited: try row.integer(2) != 0)
        return id
    }

    /// The locked row of a repository, made together with its project if need be.
    package func ensureRepository(_ name: RepositoryName) throws -> Int64 {
        if let id = try lockedRepositoryID(name) { return id }
        try connection.perform(
            "INSERT INTO project (name, created_at) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING",
            [.text(name.project), .integer(now)])
        // Locked, so that whoever sets the project's first limit counts this repository, or is waited for.
        let project = try connection.row(
            "SELECT id, is_limited FROM project WHERE name = $1\(connection.dialect.lockingRowShared)", [.text(name.project)])
        guard let project else { throw MetadataError.corrupt("project \(name.project) was inserted but is not there") }
        let added = try connection.run(
            """
            INSERT INTO repository (project_id, name, created_at, updated_at, is_limited) VALUES ($1, $2, $3, $3, $4)
            ON CONFLICT (name) DO NOTHING
            """, [project.values[0], .text(name.description), .integer(now), project.values[1]])
        guard let id = try lockedRepositoryID(name) else {
            throw MetadataError.corrupt("repository \(name) was inserted but is not there")
        }
        if added > 0 { notes.newRepositories.insert(id) }
        return id
    }

    /// Names in byte order, after `last`, at most `limit`.
    package func repositoryNames(after last: String, limit: Int) throws -> [String] {
        try connection.rows(
            "SELECT name FROM repository WHERE name > $1 ORDER BY name LIMIT $2",
            [.text(last), .integer(Int64(limit))]
        ).map { try $0.text(0) }
    }
}
