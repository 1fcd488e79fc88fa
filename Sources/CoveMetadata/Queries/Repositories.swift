import CoveOCI

extension MetadataTransaction {
    /// The row of a repository, or nil when nothing was ever pushed to it.
    package func repositoryID(_ name: RepositoryName) throws -> Int64? {
        try connection.row("SELECT id FROM repository WHERE name = $1", [.text(name.description)])?.integer(0)
    }

    /// As ``repositoryID(_:)``, and keeps other transactions out of the repository until this one ends: what is read in it
    /// from now on stays as it is.
    package func lockedRepositoryID(_ name: RepositoryName) throws -> Int64? {
        try connection.row(
            "SELECT id FROM repository WHERE name = $1\(connection.dialect.lockingRow)", [.text(name.description)]
        )?.integer(0)
    }

    /// The locked row of a repository, made together with its project if need be.
    package func ensureRepository(_ name: RepositoryName) throws -> Int64 {
        if let id = try lockedRepositoryID(name) { return id }
        try connection.perform(
            "INSERT INTO project (name, created_at) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING",
            [.text(name.project), .integer(now)])
        let added = try connection.run(
            """
            INSERT INTO repository (project_id, name, created_at)
            SELECT id, $1, $2 FROM project WHERE name = $3 ON CONFLICT (name) DO NOTHING
            """, [.text(name.description), .integer(now), .text(name.project)])
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
