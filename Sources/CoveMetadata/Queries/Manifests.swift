import CoveOCI
import Foundation

/// A manifest as it was pushed.
package struct StoredManifest: Sendable, Equatable {
    package let id: Int64
    package let digest: Digest
    package let mediaType: String
    /// The exact bytes.
    package let payload: Data
}

/// Content that a manifest refers to.
package struct ManifestReference: Sendable, Equatable {
    package enum Role: String, Sendable {
        case config, layer, child
    }

    package let role: Role
    package let descriptor: Descriptor
    /// The blob's row; nil for another manifest and for content that need not be held here.
    package let blobID: Int64?

    package init(role: Role, descriptor: Descriptor, blobID: Int64?) {
        self.role = role
        self.descriptor = descriptor
        self.blobID = blobID
    }
}

extension MetadataTransaction {
    package func manifest(_ reference: Reference, in repository: RepositoryName) throws -> StoredManifest? {
        let row: SQLRow? =
            switch reference {
            case .digest(let digest):
                try connection.row(
                    """
                    SELECT m.id, m.digest, m.media_type, m.payload FROM manifest m
                    JOIN repository r ON r.id = m.repository_id
                    WHERE r.name = $1 AND m.digest = $2
                    """, [.text(repository.description), .bytes(digest.storageKey)])
            case .tag(let tag):
                try connection.row(
                    """
                    SELECT m.id, m.digest, m.media_type, m.payload FROM tag t
                    JOIN repository r ON r.id = t.repository_id
                    JOIN manifest m ON m.id = t.manifest_id
                    WHERE r.name = $1 AND t.name = $2
                    """, [.text(repository.description), .text(tag.description)])
            }
        return try row.map { row in
            guard let digest = Digest(storageKey: try row.blob(1)) else {
                throw MetadataError.corrupt("manifest \(try row.integer(0)) has a malformed digest")
            }
            return StoredManifest(
                id: try row.integer(0), digest: digest, mediaType: try row.text(2), payload: try row.blob(3))
        }
    }

    /// Size of a manifest that the repository holds, in bytes.
    package func manifestSize(_ digest: Digest, in repositoryID: Int64) throws -> Int64? {
        try connection.row(
            "SELECT size FROM manifest WHERE repository_id = $1 AND digest = $2",
            [.integer(repositoryID), .bytes(digest.storageKey)]
        )?.integer(0)
    }

    /// Stores a manifest, or finds it stored already.
    ///
    /// - Returns: its row.
    package func insertManifest(
        _ manifest: Manifest, digest: Digest, payload: Data, references: [ManifestReference],
        in repositoryID: Int64, actor: String?
    ) throws -> Int64 {
        let key = SQLValue.bytes(digest.storageKey)
        if let row = try connection.row(
            "SELECT id, media_type FROM manifest WHERE repository_id = $1 AND digest = $2",
            [.integer(repositoryID), key])
        {
            let id = try row.integer(0)
            if try row.text(1) != manifest.mediaType {
                try connection.run(
                    "UPDATE manifest SET media_type = $1 WHERE id = $2", [.text(manifest.mediaType), .integer(id)])
            }
            return id
        }
        let annotations = try manifest.annotations.map {
            String(decoding: try JSONEncoder().encode($0), as: UTF8.self)
        }
        guard
            let id = try connection.row(
                """
                INSERT INTO manifest (repository_id, digest, media_type, artifact_type, subject, annotations, size,
                    created_at, created_by, payload)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING id
                """,
                [
                    .integer(repositoryID), key, .text(manifest.mediaType),
                    .optional(manifest.effectiveArtifactType),
                    manifest.subject.map { .bytes($0.digest.storageKey) } ?? .null, .optional(annotations),
                    .integer(Int64(payload.count)), .integer(now), .optional(actor), .blob(payload),
                ])?.integer(0)
        else { throw MetadataError.corrupt("manifest \(digest) was inserted but has no row") }
        for (position, reference) in references.enumerated() {
            try connection.run(
                """
                INSERT INTO manifest_reference (manifest_id, position, role, digest, size, media_type, blob_id)
                VALUES ($1, $2, $3, $4, $5, $6, $7)
                """,
                [
                    .integer(id), .integer(Int64(position)), .text(reference.role.rawValue),
                    .bytes(reference.descriptor.digest.storageKey), .integer(reference.descriptor.size),
                    .text(reference.descriptor.mediaType), .optional(reference.blobID),
                ])
        }
        return id
    }

    /// Removes a manifest and every tag that points at it.
    ///
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
        let tags = try deleteTags(of: id, in: repositoryID, actor: actor)
        try connection.run("DELETE FROM manifest_reference WHERE manifest_id = $1", [.integer(id)])
        try connection.run("DELETE FROM manifest WHERE id = $1", [.integer(id)])
        return (try row.text(1), try row.integer(2), tags)
    }

    /// Manifests whose `subject` is `digest`, in digest order, after `last`, at most `limit`, and at most about
    /// `budget` bytes of annotations, but never none when there are some.
    ///
    /// - Returns: the page, and whether more follow.
    package func referrers(
        of digest: Digest, in repositoryID: Int64, artifactType: String?, after last: Digest?, limit: Int, budget: Int
    ) throws -> (page: [Descriptor], more: Bool) {
        let rows = try connection.rows(
            """
            SELECT media_type, digest, size, artifact_type,
                CASE WHEN position = 1 OR running <= $1 THEN annotations END,
                CASE WHEN position = 1 OR running <= $1 THEN 1 ELSE 0 END
            FROM (
                SELECT media_type, digest, size, artifact_type, annotations,
                    SUM(LENGTH(COALESCE(annotations, '')) + 512) OVER (ORDER BY digest) AS running,
                    ROW_NUMBER() OVER (ORDER BY digest) AS position
                FROM (
                    SELECT media_type, digest, size, artifact_type, annotations FROM manifest
                    WHERE repository_id = $2 AND subject = $3 AND digest > $4 AND ($5 = '' OR artifact_type = $5)
                    ORDER BY digest LIMIT $6
                ) AS candidates
            ) AS measured ORDER BY digest
            """,
            [
                .integer(Int64(budget)), .integer(repositoryID), .bytes(digest.storageKey),
                .bytes(last?.storageKey ?? []), .text(artifactType ?? ""), .integer(Int64(limit) + 1),
            ])
        let page = try rows.prefix(limit).prefix { try $0.integer(5) == 1 }.map(Self.descriptor)
        return (page, page.count < rows.count)
    }

    private static func descriptor(_ row: SQLRow) throws -> Descriptor {
        guard let digest = Digest(storageKey: try row.blob(1)) else {
            throw MetadataError.corrupt("a referrer has a malformed digest")
        }
        let annotations = try row.optionalText(4).map {
            try JSONDecoder().decode([String: String].self, from: Data($0.utf8))
        }
        return Descriptor(
            mediaType: try row.text(0), digest: digest, size: try row.integer(2), artifactType: try row.optionalText(3),
            annotations: annotations)
    }
}
