/// How many projects and repositories there are for somebody.
package struct CatalogueCounts: Sendable, Equatable {
    package var privateProjects: Int64 = 0
    package var privateRepositories: Int64 = 0
    package var publicProjects: Int64 = 0
    package var publicRepositories: Int64 = 0
}

extension MetadataTransaction {
    /// Repositories that somebody may see and whose name contains a text, at most `limit`.
    package func searchRepositories(
        _ text: String, visible: ProjectVisibility, limit: Int
    ) throws -> [(repository: RepositoryRecord, project: String, isPublic: Bool)] {
        let shown = "CASE WHEN r.name LIKE '%/%' THEN r.name ELSE 'library/' || r.name END"
        let condition = SQLFragment.all([visible.repositories, try ListColumn("q", shown).condition(.contains(text))])
        return try connection.rows(
            SQLFragment(
                "SELECT \(RepositoryRecord.columns), p.name, p.is_public FROM repository r JOIN project p ON p.id = r.project_id WHERE ")
                + condition + SQLFragment(" ORDER BY r.name LIMIT ?", [.integer(Int64(limit))])
        ).map { (try RepositoryRecord($0), try $0.text(8), try $0.integer(9) != 0) }
    }

    /// Of private projects only those that somebody may see are counted.
    package func catalogueCounts(visible: ProjectVisibility) throws -> CatalogueCounts {
        var counts = CatalogueCounts()
        let rows = try connection.rows(
            SQLFragment(
                """
                SELECT p.is_public, COUNT(*), CAST(SUM((SELECT COUNT(*) FROM repository r WHERE r.project_id = p.id)) AS BIGINT)
                FROM project p WHERE
                """ + " ") + visible.projects + SQLFragment(" GROUP BY p.is_public"))
        for row in rows {
            if try row.integer(0) != 0 {
                counts.publicProjects = try row.integer(1)
                counts.publicRepositories = try row.integer(2)
            } else {
                counts.privateProjects = try row.integer(1)
                counts.privateRepositories = try row.integer(2)
            }
        }
        return counts
    }
}
