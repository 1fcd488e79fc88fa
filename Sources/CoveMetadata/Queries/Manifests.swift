import CoveOCI
import Foundation

/// A manifest as it was pushed.
package struct StoredManifest: Sendable, Equatable {
    package let id: Int64
    package let digest: Digest
    package let mediaType: String
    /// The exact bytes; nil when who asked had them.
    package let payload: Data?
    /// Whether it may be given for ``MetadataStore/lease``: nobody had given notice of a change in its repository.
    package let isSettled: Bool
}

/// Content that a manifest refers to.
package struct ManifestReference: Sendable, Equatable {
    package enum Role: String, Sendable {
        case config, layer, child
    }

    package let role: Role
    package let descriptor: Descriptor

    package init(role: Role, descriptor: Descriptor) {
        self.role = role
        self.descriptor = descriptor
    }
}

extension MetadataTransaction {
    /// The manifest that a tag or digest names. One statement, so that it and the notices are of one moment.
    ///
    /// - Parameter known: when it is this one, its payload is left out.
    package func manifest(
        _ reference: Reference, in repository: RepositoryName, knowing known: Digest? = nil
    ) throws -> StoredManifest? {
        let knownKey = SQLValue.bytes(known?.storageKey ?? [])
        let row: SQLRow? =
            switch reference {
            case .digest(let digest):
                try connection.row(
                    """
                    SELECT m.id, m.digest, m.media_type, CASE WHEN m.digest = $1 THEN NULL ELSE m.payload END,
                        (SELECT COUNT(*) FROM change_notice c WHERE c.repository_id = r.id)
                    FROM manifest m
                    JOIN repository r ON r.id = m.repository_id
                    WHERE r.name = $2 AND m.digest = $3
                    """, [knownKey, .text(repository.description), .bytes(digest.storageKey)])
            case .tag(let tag):
                try connection.row(
                    """
                    SELECT m.id, m.digest, m.media_type, CASE WHEN m.digest = $1 THEN NULL ELSE m.payload END,
                        (SELECT COUNT(*) FROM change_notice c WHERE c.repository_id = r.id)
                    FROM tag t
                    JOIN repository r ON r.id = t.repository_id
                    JOIN manifest m ON m.id = t.manifest_id
                    WHERE r.name = $2 AND t.name = $3
                    """, [knownKey, .text(repository.description), .text(tag.description)])
            }
        return try row.map { row in
            guard let digest = Digest(storageKey: try row.blob(1)) else {
                throw MetadataError.corrupt("manifest \(try row.integer(0)) has a malformed digest")
            }
            return StoredManifest(
                id: try row.integer(0), digest: digest, mediaType: try row.text(2),
                payload: row.values[3] == .null ? nil : try row.blob(3), isSettled: try row.integer(4) == 0)
        }
    }

    /// Sizes of those of `digests` that are manifests of the repository, in bytes.
    package func sizesOfManifests(_ digests: [Digest], in repositoryID: Int64) throws -> [Digest: Int64] {
        try sizes(of: digests, in: repositoryID) {
            "SELECT digest, size FROM manifest WHERE repository_id = $1 AND digest IN (\($0))"
        }
    }

    /// Stores a manifest, or finds it stored already.
    ///
    /// - Throws: ``QuotaExceeded``.
    /// - Returns: its row and, when the same bytes were known under another type, the tags whose answer has changed.
    package func insertManifest(
        _ manifest: Manifest, digest: Digest, payload: Data, references: [ManifestReference],
        in repositoryID: Int64, actor: String?
    ) throws -> (id: Int64, retyped: [Tag]?) {
        let key = SQLValue.bytes(digest.storageKey)
        let annotations = try manifest.annotations.map {
            String(decoding: try JSONEncoder().encode($0), as: UTF8.self)
        }
        let inserted = try connection.row(
            """
            INSERT INTO manifest (repository_id, digest, media_type, artifact_type, subject, annotations,
                annotations_size, size, created_at, created_by, payload)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
            ON CONFLICT (repository_id, digest) DO NOTHING RETURNING id
            """,
            [
                .integer(repositoryID), key, .text(manifest.mediaType), .optional(manifest.effectiveArtifactType),
                manifest.subject.map { .bytes($0.digest.storageKey) } ?? .null, .optional(annotations),
                .integer(Int64(annotations?.utf8.count ?? 0)), .integer(Int64(payload.count)), .integer(now), .optional(actor),
                .blob(payload),
            ])
        guard let id = try inserted?.integer(0) else {
            return try retype(key, manifest, in: repositoryID)
        }
        try chargeManifest(key, size: Int64(payload.count), in: repositoryID)
        try insertReferences(references, of: id)
        if let released = notes.released[repositoryID] {
            try reclaimBlobs(references.map(\.descriptor.digest).filter(released.contains), in: repositoryID)
        }
        try insertArtifact(
            manifest, id: id, digest: digest, size: Int64(payload.count), references: references, pushedAt: now, in: repositoryID)
        return (id, nil)
    }

    /// A manifest that is there already, under the type that it is pushed as now.
    private func retype(
        _ key: SQLValue, _ manifest: Manifest, in repositoryID: Int64
    ) throws -> (id: Int64, retyped: [Tag]?) {
        guard
            let row = try connection.row(
                "SELECT id, media_type FROM manifest WHERE repository_id = $1 AND digest = $2", [.integer(repositoryID), key])
        else { throw MetadataError.corrupt("a manifest was inserted but has no row") }
        let id = try row.integer(0)
        if try row.text(1) == manifest.mediaType { return (id, nil) }
        try requireNotice(in: repositoryID)
        try connection.perform(
            "UPDATE manifest SET media_type = $1, artifact_type = $2 WHERE id = $3",
            [.text(manifest.mediaType), .optional(manifest.effectiveArtifactType), .integer(id)])
        try retypeArtifact(manifest, id: id)
        return (id, try tags(of: id))
    }

    private func insertReferences(_ references: [ManifestReference], of manifestID: Int64) throws {
        for batch in Batch.all(of: Array(references.enumerated()), sizes: [64, 16, 4, 2, 1]) {
            let rows = batch.items.indices.map { index in
                "(\((1...6).map { "$\(index * 6 + $0)" }.joined(separator: ", ")))"
            }
            try connection.perform(
                """
                INSERT INTO manifest_reference (manifest_id, position, role, digest, size, media_type)
                VALUES \(rows.joined(separator: ", "))
                """,
                batch.items.flatMap { position, reference -> [SQLValue] in
                    [
                        .integer(manifestID), .integer(Int64(position)), .text(reference.role.rawValue),
                        .bytes(reference.descriptor.digest.storageKey), .integer(reference.descriptor.size),
                        .text(reference.descriptor.mediaType),
                    ]
                })
        }
    }

    /// Removes a manifest and every tag that points at it.
    ///
    /// - Throws: ``ImmutableTag`` when a rule keeps one of them.
    /// - Returns: what it was and the tags that went with it; nil when it was not there.
    package func deleteManifest(
        _ digest: Digest, in repositoryID: Int64, actor: String?
    ) throws -> (mediaType: String, size: Int64, tags: [Tag])? {
        guard
            let row = try connection.row(
                "SELECT id, media_type, size FROM manifest WHERE repository_id = $1 AND digest = $2",
                [.integer(repositoryID), .bytes(digest.storageKey)])
        else { return nil }
        let id = try row.integer(0)
        try refuseIfImmutable(try tags(of: id), in: repositoryID)
        try requireNotice(in: repositoryID)
        let tags = try deleteTags(of: id, in: repositoryID, actor: actor)
        try keepForReaders(id)
        try chargeManifest(.bytes(digest.storageKey), size: try row.integer(2), in: repositoryID, isGoing: true)
        try releaseBlobs(of: id, in: repositoryID)
        let freed = try removeArtifact(id, digest: digest, mediaType: row.text(1), in: repositoryID)
        try connection.perform("DELETE FROM manifest_reference WHERE manifest_id = $1", [.integer(id)])
        try connection.perform("DELETE FROM manifest WHERE id = $1", [.integer(id)])
        try relist(freed, in: repositoryID)
        return (try row.text(1), try row.integer(2), tags)
    }

    /// Manifests whose `subject` is `digest`, in digest order, after `last`, at most `limit`, and at most about
    /// `budget` bytes of annotations, but never none when there are some.
    ///
    /// - Returns: the page, and whether more follow.
    package func referrers(
        of digest: Digest, in repositoryID: Int64, artifactType: String?, after last: Digest?, limit: Int, budget: Int
    ) throws -> (page: [Descriptor], more: Bool) {
        // The annotations, which may be large, are read only of those that make it onto the page.
        let rows = try connection.rows(
            """
            SELECT media_type, digest, size, artifact_type, id, annotations_size FROM manifest
            WHERE repository_id = $1 AND subject = $2 AND digest > $3 AND ($4 = '' OR artifact_type = $4)
            ORDER BY digest LIMIT $5
            """,
            [
                .integer(repositoryID), .bytes(digest.storageKey), .bytes(last?.storageKey ?? []),
                .text(artifactType ?? ""), .integer(Int64(limit) + 1),
            ])
        var page: [Descriptor] = []
        var spent: Int64 = 0
        for row in rows.prefix(limit) {
            let size = try row.integer(5)
            spent += size + 512
            if spent > budget, !page.isEmpty { break }
            page.append(try descriptor(row, annotations: size > 0 ? annotations(of: try row.integer(4)) : nil))
        }
        return (page, page.count < rows.count)
    }

    private func annotations(of manifestID: Int64) throws -> [String: String]? {
        try connection.row("SELECT annotations FROM manifest WHERE id = $1", [.integer(manifestID)])?.optionalText(0).map {
            try JSONDecoder().decode([String: String].self, from: Data($0.utf8))
        }
    }

    private func descriptor(_ row: SQLRow, annotations: [String: String]?) throws -> Descriptor {
        guard let digest = Digest(storageKey: try row.blob(1)) else {
            throw MetadataError.corrupt("a referrer has a malformed digest")
        }
        return Descriptor(
            mediaType: try row.text(0), digest: digest, size: try row.integer(2), artifactType: try row.optionalText(3),
            annotations: annotations)
    }
}
