import CoveOCI

/// Keeps `artifact`, and each repository's count of it, in step with manifests and tags: called by whatever changes those, in the
/// same transaction.
extension MetadataTransaction {
    /// Whether `a`, the row of `m`, should be listed: as what nobody refers to as its subject's referrer, and what has a tag or is
    /// in no index of its repository.
    private static let belongs = """
        (a.subject IS NULL AND (
            EXISTS (SELECT 1 FROM tag t WHERE t.manifest_id = a.manifest_id)
            OR NOT EXISTS (
                SELECT 1 FROM manifest_reference mr JOIN manifest p ON p.id = mr.manifest_id
                WHERE mr.digest = m.digest AND mr.role = 'child' AND p.repository_id = m.repository_id)))
        """
    private static let isWrong = "a.is_listed <> CASE WHEN \(belongs) THEN 1 ELSE 0 END"

    /// Gives a manifest that was just stored, with its references, its row. Its tags come later.
    func insertArtifact(
        _ manifest: Manifest, id: Int64, digest: Digest, size: Int64, references: [ManifestReference], pushedAt: Int64,
        in repositoryID: Int64
    ) throws {
        let isIndex = manifest.kind == .index
        let content = references.reduce(isIndex ? 0 : size) { $1.role == .child ? $0 : $0 &+ $1.descriptor.size }
        let subject: SQLValue = manifest.subject.map { .bytes($0.digest.storageKey) } ?? .null
        try connection.perform(
            """
            INSERT INTO artifact (manifest_id, repository_id, project_id, subject, is_listed, type, media_type, size, pushed_at)
            SELECT $1, r.id, r.project_id, $2, CASE WHEN $3 = 1 OR EXISTS (
                SELECT 1 FROM manifest_reference mr JOIN manifest p ON p.id = mr.manifest_id
                WHERE mr.digest = $4 AND mr.role = 'child' AND p.repository_id = r.id) THEN 0 ELSE 1 END, $5, $6, $7, $8
            FROM repository r WHERE r.id = $9
            """,
            [
                .integer(id), subject, .integer(manifest.subject == nil ? 0 : 1), .bytes(digest.storageKey),
                .text(ArtifactKind.name(of: manifest.contentType)), .text(manifest.contentType), .integer(max(0, content)),
                .integer(pushedAt), .integer(repositoryID),
            ])
        try connection.perform(
            """
            UPDATE repository SET updated_at = $1,
                artifact_count = artifact_count + (SELECT is_listed FROM artifact WHERE manifest_id = $2)
            WHERE id = $3
            """, [.integer(now), .integer(id), .integer(repositoryID)])
        if isIndex {
            try connection.perform(
                """
                UPDATE artifact SET size = size + (
                    SELECT CAST(COALESCE(SUM(ca.size), 0) AS BIGINT) FROM manifest cm JOIN artifact ca ON ca.manifest_id = cm.id
                    WHERE cm.repository_id = $1 AND cm.digest IN (
                        SELECT mr.digest FROM manifest_reference mr WHERE mr.manifest_id = $2 AND mr.role = 'child'))
                WHERE manifest_id = $2
                """, [.integer(repositoryID), .integer(id)])
            try relist(try children(of: id, in: repositoryID), in: repositoryID)
        } else {
            try resizeIndexes(of: digest, by: max(0, content), in: repositoryID)
        }
    }

    /// Adds what came or went to the indexes that have it as an entry: an index may be here before what it lists.
    private func resizeIndexes(of digest: Digest, by bytes: Int64, in repositoryID: Int64) throws {
        try connection.perform(
            """
            UPDATE artifact SET size = size + $1 WHERE manifest_id IN (
                SELECT p.id FROM manifest_reference mr JOIN manifest p ON p.id = mr.manifest_id
                WHERE mr.digest = $2 AND mr.role = 'child' AND p.repository_id = $3)
            """, [.integer(bytes), .bytes(digest.storageKey), .integer(repositoryID)])
    }

    /// The same bytes under another type.
    func retypeArtifact(_ manifest: Manifest, id: Int64) throws {
        try connection.perform(
            "UPDATE artifact SET type = $1, media_type = $2 WHERE manifest_id = $3",
            [.text(ArtifactKind.name(of: manifest.contentType)), .text(manifest.contentType), .integer(id)])
    }

    /// A tag now points at a manifest.
    func listTagged(_ manifestID: Int64, _ tag: Tag, in repositoryID: Int64) throws {
        if let signed = tag.signedDigest {
            try connection.perform(
                """
                UPDATE artifact SET subject = $1 WHERE manifest_id = $2 AND subject IS NULL
                AND EXISTS (SELECT 1 FROM manifest s WHERE s.repository_id = $3 AND s.digest = $1 AND s.id <> $2)
                """, [.bytes(signed.storageKey), .integer(manifestID), .integer(repositoryID)])
            return try relist([manifestID], in: repositoryID)
        }
        try connection.perform(
            """
            UPDATE repository SET artifact_count = artifact_count + 1
            WHERE id = $1 AND EXISTS (SELECT 1 FROM artifact WHERE manifest_id = $2 AND is_listed = 0 AND subject IS NULL)
            """, [.integer(repositoryID), .integer(manifestID)])
        try connection.perform(
            "UPDATE artifact SET is_listed = 1 WHERE manifest_id = $1 AND is_listed = 0 AND subject IS NULL", [.integer(manifestID)])
    }

    /// Lists of these manifests those, and only those, that belong on lists.
    func relist(_ ids: [Int64], in repositoryID: Int64) throws {
        for batch in Batch.all(of: ids, sizes: [64, 8, 1]) {
            let parameters: [SQLValue] = [.integer(repositoryID)] + batch.items.map { .integer($0) }
            let wrong = """
                FROM artifact a JOIN manifest m ON m.id = a.manifest_id
                WHERE a.repository_id = $1 AND a.manifest_id IN (\(batch.parameters(from: 2))) AND \(Self.isWrong)
                """
            try connection.perform(
                """
                UPDATE repository SET artifact_count = artifact_count
                    + (SELECT CAST(COALESCE(SUM(1 - 2 * a.is_listed), 0) AS BIGINT) \(wrong))
                WHERE id = $1 AND EXISTS (SELECT 1 \(wrong))
                """, parameters)
            try connection.perform(
                "UPDATE artifact SET is_listed = 1 - is_listed WHERE manifest_id IN (SELECT a.manifest_id \(wrong))", parameters)
        }
    }

    /// The manifests of a repository that are entries of an index in it.
    package func children(of manifestID: Int64, in repositoryID: Int64) throws -> [Int64] {
        try connection.rows(
            """
            SELECT m.id FROM manifest m WHERE m.repository_id = $1 AND m.digest IN (
                SELECT mr.digest FROM manifest_reference mr WHERE mr.manifest_id = $2 AND mr.role = 'child')
            """, [.integer(repositoryID), .integer(manifestID)]
        ).map { try $0.integer(0) }
    }

    /// Before a manifest goes, while its references are still there.
    ///
    /// - Returns: what was listed by it alone, to be given to ``relist(_:in:)`` when it is gone.
    func removeArtifact(_ manifestID: Int64, digest: Digest, mediaType: String, in repositoryID: Int64) throws -> [Int64] {
        try connection.perform(
            """
            UPDATE repository SET artifact_count = artifact_count - 1
            WHERE id = $1 AND EXISTS (SELECT 1 FROM artifact WHERE manifest_id = $2 AND is_listed = 1)
            """, [.integer(repositoryID), .integer(manifestID)])
        let isIndex = mediaType == MediaType.imageIndex || mediaType == MediaType.dockerManifestList
        let children = isIndex ? try children(of: manifestID, in: repositoryID) : []
        let size = try connection.row("SELECT size FROM artifact WHERE manifest_id = $1", [.integer(manifestID)])?.integer(0) ?? 0
        try resizeIndexes(of: digest, by: -size, in: repositoryID)
        try connection.perform("DELETE FROM artifact WHERE manifest_id = $1", [.integer(manifestID)])
        return children
    }

    /// Works out the types of manifests that were there before their rows.
    ///
    /// - Returns: how many there were among the next `limit`.
    package func classifyArtifacts(limit: Int) throws -> Int {
        let rows = try connection.rows(
            """
            SELECT a.manifest_id, a.repository_id, m.media_type, m.artifact_type, m.annotations,
                (SELECT MIN(mr.media_type) FROM manifest_reference mr WHERE mr.manifest_id = a.manifest_id AND mr.role = 'config'),
                (SELECT MIN(t.name) FROM tag t WHERE t.manifest_id = a.manifest_id AND t.name LIKE 'sha256-%.sig')
            FROM artifact a JOIN manifest m ON m.id = a.manifest_id WHERE a.type = '' ORDER BY a.manifest_id LIMIT $1
            """, [.integer(Int64(limit))])
        for row in rows {
            let own = try row.text(2)
            var type = try row.optionalText(5) ?? row.optionalText(3) ?? own
            let isIndex = own == MediaType.imageIndex || own == MediaType.dockerManifestList
            if isIndex {
                let isCNAB = try row.optionalText(4)?.contains("\"application/vnd.cnab.manifest.v1\"") ?? false
                type = isCNAB ? "application/vnd.cnab.manifest.v1" : own
            }
            let id = try row.integer(0)
            try connection.perform(
                "UPDATE artifact SET type = $1, media_type = $2 WHERE manifest_id = $3 AND type = ''",
                [.text(ArtifactKind.name(of: type)), .text(type), .integer(id)])
            if let tag = try row.optionalText(6) { try listTagged(id, Tag(parsing: tag), in: row.integer(1)) }
        }
        return rows.count
    }
}
