import CoveOCI

/// What the collector of unreferenced blobs asks of the store.
extension MetadataTransaction {
    /// Marks up to `limit` blobs that nobody has held since before `cutoff` as being deleted, and returns them together
    /// with those that an interrupted run left so marked. From this commit on no push, mount or pull sees them.
    package func condemnBlobs(unreferencedBefore cutoff: Int64, limit: Int) throws -> [StoredBlob] {
        try connection.perform(
            """
            UPDATE blob SET state = 1 WHERE id IN (
                SELECT b.id FROM blob b
                WHERE b.unreferenced_since < $1 AND b.state = 0
                AND NOT EXISTS (SELECT 1 FROM repository_blob rb WHERE rb.blob_id = b.id)
                ORDER BY b.unreferenced_since LIMIT $2\(connection.dialect.lockingFreeRows))
            AND state = 0 AND unreferenced_since < $1
            """, [.integer(cutoff), .integer(Int64(limit))])
        return try connection.rows(
            """
            SELECT id, digest, size, location FROM blob
            WHERE unreferenced_since IS NOT NULL AND state = 1 ORDER BY unreferenced_since LIMIT $1
            """, [.integer(Int64(limit))]
        ).map { row in
            guard let digest = Digest(storageKey: try row.blob(1)) else {
                throw MetadataError.corrupt("blob \(try row.integer(0)) has a malformed digest")
            }
            return StoredBlob(
                id: try row.integer(0), digest: digest, size: try row.integer(2), location: try row.text(3))
        }
    }

    /// Forgets condemned blobs whose bytes are gone.
    package func forgetBlobs(_ ids: [Int64]) throws {
        for id in ids {
            try connection.perform("DELETE FROM blob WHERE id = $1 AND state = 1", [.integer(id)])
        }
    }

    /// The locations among `candidates` that no blob row knows.
    package func unknownLocations(among candidates: [String]) throws -> [String] {
        try candidates.filter {
            try connection.row("SELECT 1 FROM blob WHERE location = $1", [.text($0)]) == nil
        }
    }
}
