import CoveOCI

extension MetadataTransaction {
    /// Points a tag at a manifest and writes the move into the tag's history. Pointing it where it points already only
    /// renews its time.
    ///
    /// - Throws: ``QuotaExceeded`` for a new one, ``ImmutableTag`` for one that a rule keeps where it is.
    package func setTag(
        _ tag: Tag, to manifestID: Int64, digest: Digest, in repositoryID: Int64, actor: String?
    ) throws {
        let added = try connection.run(
            """
            INSERT INTO tag (repository_id, name, manifest_id, created_at, updated_at, updated_by)
            VALUES ($1, $2, $3, $4, $4, $5)
            ON CONFLICT (repository_id, name) DO NOTHING
            """,
            [
                .integer(repositoryID), .text(tag.description), .integer(manifestID), .integer(now), .optional(actor),
            ])
        if added > 0 {
            try chargeTags(1, in: repositoryID)
            try listTagged(manifestID, tag, in: repositoryID)
            notes.tagsBefore[tag] = .some(nil)
            return try remember(tag, digest, in: repositoryID, actor: actor)
        }
        let row = try connection.row(
            """
            SELECT t.manifest_id, m.digest FROM tag t JOIN manifest m ON m.id = t.manifest_id
            WHERE t.repository_id = $1 AND t.name = $2
            """, [.integer(repositoryID), .text(tag.description)])
        let before = try row?.integer(0)
        if before != manifestID {
            try refuseIfImmutable([tag], in: repositoryID)
            try requireNotice(in: repositoryID)
        }
        try connection.perform(
            "UPDATE tag SET manifest_id = $1, updated_at = $2, updated_by = $3 WHERE repository_id = $4 AND name = $5",
            [.integer(manifestID), .integer(now), .optional(actor), .integer(repositoryID), .text(tag.description)])
        guard let row, let before, before != manifestID else { return }
        notes.tagsBefore[tag] = Digest(storageKey: try row.blob(1))
        try listTagged(manifestID, tag, in: repositoryID)
        try relist([before], in: repositoryID)
        try remember(tag, digest, in: repositoryID, actor: actor)
    }

    /// - Throws: ``ImmutableTag`` for one that a rule keeps.
    /// - Returns: the manifest that the tag pointed at, or nil when there was no such tag.
    package func deleteTag(
        _ tag: Tag, in repositoryID: Int64, actor: String?
    ) throws -> (digest: Digest?, mediaType: String, size: Int64)? {
        guard
            let row = try connection.row(
                """
                SELECT m.digest, m.media_type, m.size, m.id FROM tag t JOIN manifest m ON m.id = t.manifest_id
                WHERE t.repository_id = $1 AND t.name = $2
                """, [.integer(repositoryID), .text(tag.description)])
        else { return nil }
        try refuseIfImmutable([tag], in: repositoryID)
        try requireNotice(in: repositoryID)
        try chargeTags(-1, in: repositoryID)
        try connection.perform(
            "DELETE FROM tag WHERE repository_id = $1 AND name = $2",
            [.integer(repositoryID), .text(tag.description)])
        try relist([row.integer(3)], in: repositoryID)
        try remember(tag, nil, in: repositoryID, actor: actor)
        return (Digest(storageKey: try row.blob(0)), try row.text(1), try row.integer(2))
    }

    /// The tags that point at a manifest.
    func tags(of manifestID: Int64) throws -> [Tag] {
        try connection.rows("SELECT name FROM tag WHERE manifest_id = $1", [.integer(manifestID)])
            .compactMap { try? Tag(parsing: $0.text(0)) }
    }

    /// Removes every tag of a manifest, for it is about to go.
    ///
    /// - Returns: the tags that were removed.
    func deleteTags(of manifestID: Int64, in repositoryID: Int64, actor: String?) throws -> [Tag] {
        let tags = try tags(of: manifestID)
        for tag in tags { try remember(tag, nil, in: repositoryID, actor: actor) }
        try chargeTags(-tags.count, in: repositoryID)
        try connection.perform("DELETE FROM tag WHERE manifest_id = $1", [.integer(manifestID)])
        return tags
    }

    /// Tag names in byte order, after `last`, at most `limit`.
    package func tagNames(in repositoryID: Int64, after last: String, limit: Int) throws -> [String] {
        try connection.rows(
            "SELECT name FROM tag WHERE repository_id = $1 AND name > $2 ORDER BY name LIMIT $3",
            [.integer(repositoryID), .text(last), .integer(Int64(limit))]
        ).map { try $0.text(0) }
    }

    /// What the tag pointed at over time, oldest first; a nil digest is a deletion.
    package func history(of tag: Tag, in repositoryID: Int64) throws -> [(digest: Digest?, at: Int64)] {
        try connection.rows(
            "SELECT digest, at FROM tag_history WHERE repository_id = $1 AND name = $2 ORDER BY id",
            [.integer(repositoryID), .text(tag.description)]
        ).map { row in
            (row.values[0] == .null ? nil : Digest(storageKey: try row.blob(0)), try row.integer(1))
        }
    }

    private func remember(_ tag: Tag, _ digest: Digest?, in repositoryID: Int64, actor: String?) throws {
        try connection.perform(
            "INSERT INTO tag_history (repository_id, name, digest, at, actor) VALUES ($1, $2, $3, $4, $5)",
            [
                .integer(repositoryID), .text(tag.description), digest.map { .bytes($0.storageKey) } ?? .null,
                .integer(now), .optional(actor),
            ])
    }
}
