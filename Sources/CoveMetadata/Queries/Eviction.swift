import CoveOCI

/// What a mirror's content is asked for when it may be past its time.
extension MetadataTransaction {
    /// Tags that were neither pulled nor moved since `cutoff`, at most `limit`.
    package func tags(in repositoryID: Int64, unusedSince cutoff: Int64, limit: Int) throws -> [Tag] {
        try connection.rows(
            """
            SELECT t.name FROM tag t
            LEFT JOIN tag_pull p ON p.repository_id = t.repository_id AND p.name = t.name
            WHERE t.repository_id = $1 AND t.updated_at < $2 AND COALESCE(p.last_at, 0) < $2
            ORDER BY t.name LIMIT $3
            """, [.integer(repositoryID), .integer(cutoff), .integer(Int64(limit))]
        ).map { try Tag(parsing: $0.text(0)) }
    }

    /// Manifests without a tag that were neither pulled nor stored since `cutoff`, at most `limit`.
    package func manifests(in repositoryID: Int64, unusedSince cutoff: Int64, limit: Int) throws -> [Digest] {
        try connection.rows(
            """
            SELECT m.digest FROM manifest m
            LEFT JOIN manifest_pull p ON p.manifest_id = m.id
            WHERE m.repository_id = $1 AND m.created_at < $2 AND COALESCE(p.last_at, 0) < $2
            AND NOT EXISTS (SELECT 1 FROM tag t WHERE t.manifest_id = m.id)
            ORDER BY m.id LIMIT $3
            """, [.integer(repositoryID), .integer(cutoff), .integer(Int64(limit))]
        ).compactMap { Digest(storageKey: try $0.blob(0)) }
    }

    /// Blobs that the repository has held since before `cutoff` and that no manifest of it refers to, at most `limit`.
    package func strayBlobs(in repositoryID: Int64, heldSince cutoff: Int64, limit: Int) throws -> [StoredBlob] {
        try connection.rows(
            """
            SELECT b.id, b.digest, b.size, b.location FROM repository_blob rb
            JOIN blob b ON b.id = rb.blob_id
            WHERE rb.repository_id = $1 AND rb.created_at < $2 AND NOT EXISTS (
                SELECT 1 FROM manifest_reference r JOIN manifest m ON m.id = r.manifest_id
                WHERE r.digest = b.digest AND m.repository_id = $1)
            ORDER BY b.id LIMIT $3
            """, [.integer(repositoryID), .integer(cutoff), .integer(Int64(limit))]
        ).compactMap { row in
            guard let digest = Digest(storageKey: try row.blob(1)) else { return nil }
            return StoredBlob(id: try row.integer(0), digest: digest, size: try row.integer(2), location: try row.text(3))
        }
    }
}
