import CoveOCI
import Foundation

/// A manifest on its way out.
package struct ExportedManifest: Sendable {
    package let id: Int64
    package let digest: Digest
    package let mediaType: String
    package let hasSubject: Bool
    /// UTC microseconds since 1970.
    package let createdAt: Int64
    package let payload: Data
}

/// What an export reads, a page at a time.
extension MetadataTransaction {
    /// Manifests of a repository in the order of their rows.
    package func manifests(in repositoryID: Int64, after last: Int64, limit: Int) throws -> [ExportedManifest] {
        try connection.rows(
            """
            SELECT id, digest, media_type, subject, created_at, payload FROM manifest
            WHERE repository_id = $1 AND id > $2 ORDER BY id LIMIT $3
            """, [.integer(repositoryID), .integer(last), .integer(Int64(limit))]
        ).map { row in
            ExportedManifest(
                id: try row.integer(0), digest: try digest(row, 1), mediaType: try row.text(2), hasSubject: row.values[3] != .null,
                createdAt: try row.integer(4), payload: try row.blob(5))
        }
    }

    /// Tags of a repository in byte order, each with the manifests that it has pointed at and that are still there.
    package func tags(in repositoryID: Int64, after last: String, limit: Int) throws -> [FoundTag] {
        let rows = try connection.rows(
            """
            SELECT t.name, m.digest, t.updated_at FROM tag t JOIN manifest m ON m.id = t.manifest_id
            WHERE t.repository_id = $1 AND t.name > $2 ORDER BY t.name LIMIT $3
            """, [.integer(repositoryID), .text(last), .integer(Int64(limit))])
        let names = try rows.map { try $0.text(0) }
        var earlier: [String: [FoundTag.Move]] = [:]
        for batch in Batch.lists(of: names) {
            let moves = try connection.rows(
                """
                SELECT h.name, h.digest, MAX(h.at) FROM tag_history h
                JOIN manifest m ON m.repository_id = h.repository_id AND m.digest = h.digest
                WHERE h.repository_id = $1 AND h.name IN (\(batch.parameters(from: 2))) GROUP BY h.name, h.digest
                ORDER BY MAX(h.at), h.digest
                """, [.integer(repositoryID)] + batch.items.map(SQLValue.text))
            for row in moves {
                earlier[try row.text(0), default: []].append(FoundTag.Move(digest: try digest(row, 1), at: try row.integer(2)))
            }
        }
        return try rows.map { row in
            let (name, current) = (try row.text(0), FoundTag.Move(digest: try digest(row, 1), at: try row.integer(2)))
            return FoundTag(
                tag: try Tag(parsing: name), current: current, earlier: (earlier[name] ?? []).filter { $0.digest != current.digest })
        }
    }

    /// Blobs that a repository holds, in the order of their rows.
    package func heldBlobs(in repositoryID: Int64, after last: Int64, limit: Int) throws -> [StoredBlob] {
        try connection.rows(
            """
            SELECT b.id, b.digest, b.size, b.location FROM repository_blob rb JOIN blob b ON b.id = rb.blob_id
            WHERE rb.repository_id = $1 AND rb.blob_id > $2 AND b.state = 0 ORDER BY rb.blob_id LIMIT $3
            """, [.integer(repositoryID), .integer(last), .integer(Int64(limit))]
        ).map { StoredBlob(id: try $0.integer(0), digest: try digest($0, 1), size: try $0.integer(2), location: try $0.text(3)) }
    }
}
