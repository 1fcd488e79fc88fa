import CoveOCI
import Foundation

/// A manifest as lists show it.
package struct ArtifactRecord: Sendable, Equatable {
    package let id: Int64
    package let repositoryID: Int64
    package let projectID: Int64
    package let repository: RepositoryName
    package let digest: Digest
    /// The manifest's own media type.
    package let manifestType: String
    package let artifactType: String?
    /// ``ArtifactKind/name(of:)`` of ``contentType``; empty when it was not worked out yet.
    package var kind: String
    package var contentType: String
    /// Bytes: of the manifest with its config and layers; of an index those of its entries.
    package let size: Int64
    /// Microseconds since 1970.
    package let pushedAt: Int64
    package let pulledAt: Int64?
    /// As a JSON object.
    package let annotations: String?
    /// What the config says, as a JSON object; nil when it was not read yet.
    package var attributes: String?
    /// What an index says of its entries, as a JSON array (``ArtifactChild``); nil when it was not read yet.
    package var children: String?

    static let columns = """
        a.manifest_id, a.repository_id, a.project_id, r.name, m.digest, m.media_type, m.artifact_type, a.type, a.media_type, a.size,
        a.pushed_at, (SELECT p.last_at FROM manifest_pull p WHERE p.manifest_id = a.manifest_id), m.annotations, a.attributes, a.children
        """

    init(_ row: SQLRow) throws {
        id = try row.integer(0)
        repositoryID = try row.integer(1)
        projectID = try row.integer(2)
        repository = try RepositoryName(parsing: row.text(3))
        guard let digest = Digest(storageKey: try row.blob(4)) else {
            throw MetadataError.corrupt("manifest \(try row.integer(0)) has a malformed digest")
        }
        self.digest = digest
        manifestType = try row.text(5)
        artifactType = try row.optionalText(6)
        kind = try row.text(7)
        contentType = try row.text(8)
        size = try row.integer(9)
        pushedAt = try row.integer(10)
        pulledAt = try row.optionalInteger(11)
        annotations = try row.optionalText(12)
        attributes = try row.optionalText(13)
        children = try row.optionalText(14)
    }

    package var isIndex: Bool { manifestType == MediaType.imageIndex || manifestType == MediaType.dockerManifestList }
    package var isExamined: Bool { attributes != nil && !kind.isEmpty }
}

/// What an index says of one of its entries, as it is kept in `artifact.children`.
package struct ArtifactChild: Codable, Sendable, Equatable {
    package var digest: String
    package var platform: Platform?
    package var annotations: [String: String]?
    package var urls: [String]?

    package init(_ descriptor: Descriptor) {
        digest = descriptor.digest.description
        platform = descriptor.platform
        annotations = descriptor.annotations
        urls = descriptor.urls.isEmpty ? nil : descriptor.urls
    }
}

/// A tag as lists show it.
package struct TagRecord: Sendable, Equatable {
    package let id: Int64
    package let repositoryID: Int64
    package let manifestID: Int64
    package let name: String
    /// Microseconds since 1970.
    package let pushedAt: Int64
    package let pulledAt: Int64?

    /// The number of the first move in its history stands for a tag: it has no row number that both engines know.
    static let columns = """
        COALESCE((SELECT MIN(h.id) FROM tag_history h WHERE h.repository_id = t.repository_id AND h.name = t.name), 0),
        t.repository_id, t.manifest_id, t.name, t.updated_at,
        (SELECT tp.last_at FROM tag_pull tp WHERE tp.repository_id = t.repository_id AND tp.name = t.name)
        """

    init(_ row: SQLRow) throws {
        id = try row.integer(0)
        repositoryID = try row.integer(1)
        manifestID = try row.integer(2)
        name = try row.text(3)
        pushedAt = try row.integer(4)
        pulledAt = try row.optionalInteger(5)
    }
}

/// A referrer of an artifact.
package struct AccessoryRecord: Sendable, Equatable {
    package let id: Int64
    package let subject: Digest
    package let digest: Digest
    /// As ``ArtifactKind/accessory(of:contentType:)``.
    package let type: String
    package let size: Int64
    /// Microseconds since 1970.
    package let createdAt: Int64

    static let columns = "a.manifest_id, a.subject, m.digest, m.artifact_type, a.media_type, a.size, a.pushed_at, m.subject"

    init(_ row: SQLRow) throws {
        guard let subject = Digest(storageKey: try row.blob(1)), let digest = Digest(storageKey: try row.blob(2)) else {
            throw MetadataError.corrupt("manifest \(try row.integer(0)) has a malformed digest")
        }
        id = try row.integer(0)
        self.subject = subject
        self.digest = digest
        // What has no subject of its own has it by the name of a tag, which is cosign's way.
        type =
            row.values[7] == .null
            ? "signature.cosign" : ArtifactKind.accessory(of: try row.optionalText(3), contentType: try row.text(4))
        size = try row.integer(5)
        createdAt = try row.integer(6)
    }
}

extension MetadataTransaction {
    /// Of one artifact or one page no more of each than this are shown beside it; all are in lists of their own.
    package static let mostBeside = 1000

    private static let sources = "artifact a JOIN manifest m ON m.id = a.manifest_id JOIN repository r ON r.id = a.repository_id"

    /// The manifest that a tag or digest names, whether it is on lists or not.
    package func artifact(_ reference: Reference, in repositoryID: Int64) throws -> ArtifactRecord? {
        switch reference {
        case .digest(let digest):
            try connection.row(
                "SELECT \(ArtifactRecord.columns) FROM \(Self.sources) WHERE m.repository_id = $1 AND m.digest = $2",
                [.integer(repositoryID), .bytes(digest.storageKey)]
            ).map(ArtifactRecord.init)
        case .tag(let tag):
            try connection.row(
                """
                SELECT \(ArtifactRecord.columns) FROM \(Self.sources) WHERE a.manifest_id = (
                    SELECT t.manifest_id FROM tag t WHERE t.repository_id = $1 AND t.name = $2)
                """, [.integer(repositoryID), .text(tag.description)]
            ).map(ArtifactRecord.init)
        }
    }

    /// These manifests, in this order.
    func artifacts(_ ids: [Int64]) throws -> [ArtifactRecord] {
        var found: [Int64: ArtifactRecord] = [:]
        for batch in Batch.lists(of: ids) {
            let rows = try connection.rows(
                "SELECT \(ArtifactRecord.columns) FROM \(Self.sources) WHERE a.manifest_id IN (\(batch.parameters(from: 1)))",
                batch.items.map { .integer($0) })
            for row in rows { found[try row.integer(0)] = try ArtifactRecord(row) }
        }
        return ids.compactMap { found[$0] }
    }

    /// Keeps what was read of artifacts.
    package func keepExaminations(_ artifacts: [ArtifactRecord]) throws {
        for artifact in artifacts.sorted(by: { $0.id < $1.id }) {
            try connection.perform(
                "UPDATE artifact SET type = $1, media_type = $2, attributes = $3, children = $4 WHERE manifest_id = $5",
                [
                    .text(artifact.kind), .text(artifact.contentType), .optional(artifact.attributes), .optional(artifact.children),
                    .integer(artifact.id),
                ])
        }
    }

    /// Tags of these manifests, the newest first, of each at most ``mostBeside``.
    package func tags(ofArtifacts ids: [Int64]) throws -> [Int64: [TagRecord]] {
        var found: [Int64: [TagRecord]] = [:]
        for batch in Batch.lists(of: ids) {
            let rows = try connection.rows(
                """
                SELECT \(TagRecord.columns) FROM (
                    SELECT s.*, ROW_NUMBER() OVER (PARTITION BY s.manifest_id ORDER BY s.updated_at DESC, s.name) AS place
                    FROM tag s WHERE s.manifest_id IN (\(batch.parameters(from: 1)))) t
                WHERE t.place <= \(Self.mostBeside) ORDER BY t.manifest_id, t.place
                """, batch.items.map { .integer($0) })
            for row in rows {
                let tag = try TagRecord(row)
                found[tag.manifestID, default: []].append(tag)
            }
        }
        return found
    }

    /// A page of the tags of one manifest.
    package func tagList(ofArtifact id: Int64, _ query: ListQuery) throws -> (tags: [TagRecord], total: Int64) {
        let pulled = "(SELECT tp.last_at FROM tag_pull tp WHERE tp.repository_id = t.repository_id AND tp.name = t.name)"
        let (rows, total) = try list(
            SQLFragment(TagRecord.columns), from: SQLFragment("tag t"), which: [SQLFragment("t.manifest_id = ?", [.integer(id)])],
            columns: [
                ListColumn("name", "t.name"), ListColumn("push_time", "t.updated_at", .time), ListColumn("pull_time", pulled, .time),
            ], order: "t.updated_at DESC, t.name", query)
        return (try rows.map(TagRecord.init), total)
    }

    package func tagRecord(_ tag: Tag, in repositoryID: Int64) throws -> TagRecord? {
        try connection.row(
            "SELECT \(TagRecord.columns) FROM tag t WHERE t.repository_id = $1 AND t.name = $2",
            [.integer(repositoryID), .text(tag.description)]
        ).map(TagRecord.init)
    }

    /// Referrers of these manifests, the newest first, of each at most 100.
    package func accessories(of subjects: [Digest], in repositoryID: Int64) throws -> [Digest: [AccessoryRecord]] {
        var found: [Digest: [AccessoryRecord]] = [:]
        for batch in Batch.lists(of: subjects) {
            let rows = try connection.rows(
                """
                SELECT \(AccessoryRecord.columns) FROM (
                    SELECT x.*, ROW_NUMBER() OVER (PARTITION BY x.subject ORDER BY x.pushed_at DESC, x.manifest_id DESC) AS place
                    FROM artifact x WHERE x.repository_id = $1 AND x.subject IN (\(batch.parameters(from: 2)))) a
                JOIN manifest m ON m.id = a.manifest_id
                WHERE a.place <= 100 ORDER BY a.place
                """, [.integer(repositoryID)] + batch.items.map { .bytes($0.storageKey) })
            for row in rows {
                let accessory = try AccessoryRecord(row)
                found[accessory.subject, default: []].append(accessory)
            }
        }
        return found
    }

    /// A page of the referrers of one manifest.
    package func accessoryList(
        of subject: Digest, in repositoryID: Int64, _ query: ListQuery
    ) throws -> (accessories: [AccessoryRecord], total: Int64) {
        let (rows, total) = try list(
            SQLFragment(AccessoryRecord.columns), from: SQLFragment("artifact a JOIN manifest m ON m.id = a.manifest_id"),
            which: [
                SQLFragment("a.repository_id = ?", [.integer(repositoryID)]),
                SQLFragment("a.subject = ?", [.bytes(subject.storageKey)]),
            ],
            columns: [
                ListColumn("id", "a.manifest_id", .integer), ListColumn("size", "a.size", .integer),
                ListColumn("creation_time", "a.pushed_at", .time), .digest("m.digest"),
            ], order: "a.pushed_at DESC, a.manifest_id DESC", query)
        return (try rows.map(AccessoryRecord.init), total)
    }

    /// The indexes of a repository that have a manifest as an entry.
    package func indexes(with digest: Digest, in repositoryID: Int64) throws -> [Digest] {
        try connection.rows(
            """
            SELECT DISTINCT p.digest FROM manifest_reference mr JOIN manifest p ON p.id = mr.manifest_id
            WHERE mr.digest = $1 AND mr.role = 'child' AND p.repository_id = $2
            """, [.bytes(digest.storageKey), .integer(repositoryID)]
        ).map { try self.digest($0, 0) }
    }

    /// The rows of those of `digests` that are manifests of the repository.
    package func manifestIDs(_ digests: [Digest], in repositoryID: Int64) throws -> [Digest: Int64] {
        try sizes(of: digests, in: repositoryID) {
            "SELECT digest, id FROM manifest WHERE repository_id = $1 AND digest IN (\($0))"
        }
    }
}
