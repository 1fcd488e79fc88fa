import CoveOCI

/// What belongs to a manifest: its entries when it is an index, and its referrers.
extension MetadataTransaction {
    /// The subject of a referrer, by its manifest or by cosign's way of tags.
    package func subject(of manifestID: Int64) throws -> Digest? {
        guard let row = try connection.row("SELECT subject FROM artifact WHERE manifest_id = $1", [.integer(manifestID)]),
            row.values[0] != .null
        else { return nil }
        return try digest(row, 0)
    }

    /// Those entries of an index that are manifests of the repository.
    package func entries(of digest: Digest, in repositoryID: Int64) throws -> [Digest] {
        try connection.rows(
            """
            SELECT DISTINCT c.digest FROM manifest m
            JOIN manifest_reference mr ON mr.manifest_id = m.id AND mr.role = 'child'
            JOIN manifest c ON c.repository_id = m.repository_id AND c.digest = mr.digest
            WHERE m.repository_id = $1 AND m.digest = $2
            """, [.integer(repositoryID), .bytes(digest.storageKey)]
        ).map { try self.digest($0, 0) }
    }

    /// All that refer to a manifest.
    package func referrers(of digest: Digest, in repositoryID: Int64) throws -> [Digest] {
        try connection.rows(
            """
            SELECT m.digest FROM artifact a JOIN manifest m ON m.id = a.manifest_id
            WHERE a.repository_id = $1 AND a.subject = $2
            """, [.integer(repositoryID), .bytes(digest.storageKey)]
        ).map { try self.digest($0, 0) }
    }

    package func belongings(of digest: Digest, in repositoryID: Int64) throws -> [Digest] {
        try entries(of: digest, in: repositoryID) + referrers(of: digest, in: repositoryID)
    }
}
