import CoveOCI
import Foundation

/// Rows of an import, many at a time. What is there already stays as it is.
extension MetadataTransaction {
    /// Those of `digests` that are manifests of the repository, or were imported into it before, in the first case true.
    package func knownManifests(_ digests: [Digest], in repositoryID: Int64) throws -> [Digest: Bool] {
        var known: [Digest: Bool] = [:]
        for batch in Batch.lists(of: digests) {
            let parameters: [SQLValue] = [.integer(repositoryID)] + batch.items.map { .bytes($0.storageKey) }
            let list = batch.parameters(from: 2)
            let imported = "SELECT digest FROM import_manifest WHERE repository_id = $1 AND digest IN (\(list))"
            for row in try connection.rows(imported, parameters) { known[try digest(row, 0)] = false }
            let present = "SELECT digest FROM manifest WHERE repository_id = $1 AND digest IN (\(list))"
            for row in try connection.rows(present, parameters) { known[try digest(row, 0)] = true }
        }
        return known
    }

    /// Those of `digests` that were imported as manifests, into whichever repository.
    package func importedManifests(among digests: [Digest]) throws -> Set<Digest> {
        try find(digests) { "SELECT digest FROM import_manifest WHERE digest IN (\($0))" }
    }

    /// Those of `digests` that are blobs which some repository holds.
    package func heldBlobs(among digests: [Digest]) throws -> Set<Digest> {
        try find(digests) {
            """
            SELECT b.digest FROM blob b WHERE b.state = 0 AND b.digest IN (\($0))
            AND EXISTS (SELECT 1 FROM repository_blob rb WHERE rb.blob_id = b.id)
            """
        }
    }

    /// What manifests refer to and the repository does not hold in the stated size, and all of their children.
    ///
    /// - Returns: the manifest, the reference, and the size of what the repository holds in its place.
    package func unmetReferences(
        of manifests: [Digest], in repositoryID: Int64
    ) throws -> [(manifest: Digest, reference: ManifestReference, held: Int64?)] {
        try Batch.lists(of: manifests).flatMap { batch in
            try connection.rows(
                """
                SELECT m.digest, mr.role, mr.digest, mr.size, mr.media_type, b.size
                FROM manifest m JOIN manifest_reference mr ON mr.manifest_id = m.id
                LEFT JOIN blob b ON b.digest = mr.digest AND b.state = 0 AND EXISTS (
                    SELECT 1 FROM repository_blob rb WHERE rb.repository_id = $1 AND rb.blob_id = b.id)
                WHERE m.repository_id = $1 AND m.digest IN (\(batch.parameters(from: 2)))
                AND (mr.role = 'child' OR b.size IS NULL OR b.size <> mr.size)
                ORDER BY m.digest, mr.position
                """, [.integer(repositoryID)] + batch.items.map { .bytes($0.storageKey) }
            ).map { row in
                guard let role = ManifestReference.Role(rawValue: try row.text(1)) else {
                    throw MetadataError.corrupt("a reference has the unknown role '\(try row.text(1))'")
                }
                let descriptor = Descriptor(mediaType: try row.text(4), digest: try digest(row, 2), size: try row.integer(3))
                return (try digest(row, 0), ManifestReference(role: role, descriptor: descriptor), try row.optionalInteger(5))
            }
        }
    }

    /// Records blobs, unless their content is known already.
    ///
    /// - Returns: the rows of all that are live now.
    @discardableResult
    package func importBlobs(_ blobs: [FoundBlob]) throws -> [Digest: StoredBlob] {
        // In one order everywhere: two that import at once would otherwise wait for each other.
        let blobs = blobs.sorted { $0.digest.storageKey.lexicographicallyPrecedes($1.digest.storageKey) }
        for batch in Batch.all(of: blobs) {
            try connection.perform(
                """
                INSERT INTO blob (digest, size, location, created_at) VALUES \(tuples(batch.items.count, of: 4))
                ON CONFLICT DO NOTHING
                """,
                batch.items.flatMap { blob -> [SQLValue] in
                    [.bytes(blob.digest.storageKey), .integer(blob.size), .text(blob.location), .integer(blob.createdAt)]
                })
        }
        var stored: [Digest: StoredBlob] = [:]
        for batch in Batch.lists(of: blobs.map(\.digest)) {
            let found = try connection.rows(
                """
                SELECT id, digest, size, location FROM blob
                WHERE state = 0 AND digest IN (\(batch.parameters(from: 1))) ORDER BY digest\(connection.dialect.lockingRowShared)
                """, batch.items.map { .bytes($0.storageKey) })
            for row in found {
                let digest = try digest(row, 1)
                stored[digest] = StoredBlob(id: try row.integer(0), digest: digest, size: try row.integer(2), location: try row.text(3))
            }
        }
        return stored
    }

    /// Records blobs and makes a repository hold them, from the time that they were written.
    package func importBlobs(_ found: [FoundBlob], into repositoryID: Int64) throws {
        try recountAtEnd(repositoryID)
        let times = Dictionary(found.map { ($0.digest, max(1, $0.createdAt)) }) { $1 }
        let blobs = Array(try importBlobs(found).values)
        for batch in Batch.all(of: blobs) {
            try connection.perform(
                """
                INSERT INTO repository_blob (repository_id, blob_id, created_at) VALUES \(tuples(batch.items.count, of: 3))
                ON CONFLICT (repository_id, blob_id) DO NOTHING
                """, batch.items.flatMap { [.integer(repositoryID), .integer($0.id), .integer(times[$0.digest] ?? now)] })
        }
        for batch in Batch.lists(of: blobs) {
            try connection.perform(
                """
                UPDATE blob SET unreferenced_since = NULL
                WHERE unreferenced_since IS NOT NULL AND id IN (\(batch.parameters(from: 1)))
                """, batch.items.map { .integer($0.id) })
        }
    }

    /// Stores manifests that are not there yet, and remembers that they were imported.
    ///
    /// - Returns: how many were stored.
    package func importManifests(_ manifests: [FoundManifest], in repositoryID: Int64) throws -> Int {
        try recountAtEnd(repositoryID)
        var byDigest: [Digest: FoundManifest] = [:]
        for manifest in manifests { byDigest[manifest.digest] = manifest }
        var references: [(manifest: Int64, position: Int, reference: ManifestReference)] = []
        var stored: [(id: Int64, found: FoundManifest)] = []
        for batch in Batch.all(of: manifests, sizes: [32, 8, 1]) {
            let inserted = try connection.rows(
                """
                INSERT INTO manifest (repository_id, digest, media_type, artifact_type, subject, annotations,
                    annotations_size, size, created_at, payload)
                VALUES \(tuples(batch.items.count, of: 10))
                ON CONFLICT (repository_id, digest) DO NOTHING RETURNING id, digest
                """, try batch.items.flatMap { try columns(of: $0, in: repositoryID) })
            for row in inserted {
                let id = try row.integer(0)
                guard let found = byDigest[try digest(row, 1)] else { continue }
                stored.append((id, found))
                for (position, reference) in found.references.enumerated() { references.append((id, position, reference)) }
            }
        }
        try reclaimBlobs(Array(Set(references.map(\.reference.descriptor.digest))), in: repositoryID)
        for batch in Batch.all(of: references) {
            try connection.perform(
                """
                INSERT INTO manifest_reference (manifest_id, position, role, digest, size, media_type)
                VALUES \(tuples(batch.items.count, of: 6))
                """,
                batch.items.flatMap { item -> [SQLValue] in
                    let descriptor = item.reference.descriptor
                    return [
                        .integer(item.manifest), .integer(Int64(item.position)), .text(item.reference.role.rawValue),
                        .bytes(descriptor.digest.storageKey), .integer(descriptor.size), .text(descriptor.mediaType),
                    ]
                })
        }
        for (id, found) in stored {
            try insertArtifact(
                found.manifest, id: id, digest: found.digest, size: Int64(found.payload.count), references: found.references,
                pushedAt: found.createdAt, in: repositoryID)
        }
        for batch in Batch.all(of: manifests) {
            try connection.perform(
                """
                INSERT INTO import_manifest (digest, repository_id) VALUES \(tuples(batch.items.count, of: 2))
                ON CONFLICT (digest, repository_id) DO NOTHING
                """, batch.items.flatMap { [.bytes($0.digest.storageKey), .integer(repositoryID)] })
        }
        return stored.count
    }

    private func columns(of found: FoundManifest, in repositoryID: Int64) throws -> [SQLValue] {
        let annotations = try found.manifest.annotations.map { String(decoding: try JSONEncoder().encode($0), as: UTF8.self) }
        return [
            .integer(repositoryID), .bytes(found.digest.storageKey), .text(found.manifest.mediaType),
            .optional(found.manifest.effectiveArtifactType), found.manifest.subject.map { .bytes($0.digest.storageKey) } ?? .null,
            .optional(annotations), .integer(Int64(annotations?.utf8.count ?? 0)), .integer(Int64(found.payload.count)),
            .integer(found.createdAt), .blob(found.payload),
        ]
    }

    /// What tags of these names point at, of those that the repository has or ever had; nil for one that was deleted.
    package func knownTags(_ names: [Tag], in repositoryID: Int64) throws -> [Tag: Digest?] {
        var known: [Tag: Digest?] = [:]
        for batch in Batch.lists(of: names) {
            let parameters: [SQLValue] = [.integer(repositoryID)] + batch.items.map { .text($0.description) }
            let list = batch.parameters(from: 2)
            let history = "SELECT DISTINCT name FROM tag_history WHERE repository_id = $1 AND name IN (\(list))"
            for row in try connection.rows(history, parameters) { known[try Tag(parsing: row.text(0))] = .some(nil) }
            let present = """
                SELECT t.name, m.digest FROM tag t JOIN manifest m ON m.id = t.manifest_id
                WHERE t.repository_id = $1 AND t.name IN (\(list))
                """
            for row in try connection.rows(present, parameters) { known[try Tag(parsing: row.text(0))] = .some(try digest(row, 1)) }
        }
        return known
    }

    /// Points tags that are not there yet at manifests of the repository, and writes down where they pointed before.
    ///
    /// - Returns: how many were made, and those whose manifest is not there.
    package func importTags(_ tags: [FoundTag], in repositoryID: Int64) throws -> (made: Int, dangling: [FoundTag]) {
        try recountAtEnd(repositoryID)
        var manifests: [Digest: Int64] = [:]
        for batch in Batch.lists(of: Array(Set(tags.map(\.current.digest)))) {
            let found = try connection.rows(
                "SELECT id, digest FROM manifest WHERE repository_id = $1 AND digest IN (\(batch.parameters(from: 2)))",
                [.integer(repositoryID)] + batch.items.map { .bytes($0.storageKey) })
            for row in found { manifests[try digest(row, 1)] = try row.integer(0) }
        }
        let targets = tags.compactMap { tag in manifests[tag.current.digest].map { (tag: tag, manifest: $0) } }
        var made: Set<String> = []
        for batch in Batch.all(of: targets) {
            let inserted = try connection.rows(
                """
                INSERT INTO tag (repository_id, name, manifest_id, created_at, updated_at)
                VALUES \(tuples(batch.items.count, of: 5)) ON CONFLICT (repository_id, name) DO NOTHING RETURNING name
                """,
                batch.items.flatMap { item -> [SQLValue] in
                    let time = SQLValue.integer(item.tag.current.at)
                    return [.integer(repositoryID), .text(item.tag.tag.description), .integer(item.manifest), time, time]
                })
            for row in inserted { made.insert(try row.text(0)) }
        }
        for target in targets where made.contains(target.tag.tag.description) {
            try listTagged(target.manifest, target.tag.tag, in: repositoryID)
        }
        let moves = tags.filter { made.contains($0.tag.description) }.flatMap { tag in
            (tag.earlier + [tag.current]).map { (tag: tag.tag, move: $0) }
        }
        for batch in Batch.all(of: moves) {
            try connection.perform(
                "INSERT INTO tag_history (repository_id, name, digest, at) VALUES \(tuples(batch.items.count, of: 4))",
                batch.items.flatMap { item -> [SQLValue] in
                    [
                        .integer(repositoryID), .text(item.tag.description), .bytes(item.move.digest.storageKey),
                        .integer(item.move.at),
                    ]
                })
        }
        return (made.count, tags.filter { manifests[$0.current.digest] == nil })
    }

    // MARK: - Which imports there were

    package struct ImportRecord: Sendable, Equatable {
        /// UTC microseconds since 1970.
        package let startedAt: Int64
        package let finishedAt: Int64?
    }

    package func importRecord(of source: String) throws -> ImportRecord? {
        try connection.row("SELECT started_at, finished_at FROM import WHERE source = $1", [.text(source)]).map {
            ImportRecord(startedAt: try $0.integer(0), finishedAt: try $0.optionalInteger(1))
        }
    }

    /// Writes down that an import has begun. One that was finished stays so.
    package func beginImport(of source: String) throws {
        try connection.perform(
            "INSERT INTO import (source, started_at) VALUES ($1, $2) ON CONFLICT (source) DO NOTHING", [.text(source), .integer(now)])
    }

    package func finishImport(of source: String) throws {
        try connection.perform("UPDATE import SET finished_at = $1 WHERE source = $2", [.integer(now), .text(source)])
    }

    /// Whether nothing was ever pushed or imported.
    package func isEmpty() throws -> Bool { try connection.row("SELECT 1 FROM repository LIMIT 1", []) == nil }

    // MARK: - Steps

    private func find(_ digests: [Digest], _ sql: (String) -> String) throws -> Set<Digest> {
        var found: Set<Digest> = []
        for batch in Batch.lists(of: digests) {
            let rows = try connection.rows(sql(batch.parameters(from: 1)), batch.items.map { .bytes($0.storageKey) })
            for row in rows { found.insert(try digest(row, 0)) }
        }
        return found
    }

    func digest(_ row: SQLRow, _ column: Int) throws -> Digest {
        guard let digest = Digest(storageKey: try row.blob(column)) else {
            throw MetadataError.corrupt("a row has a malformed digest")
        }
        return digest
    }

    /// `($1, $2), ($3, $4)`
    func tuples(_ count: Int, of width: Int) -> String {
        (0..<count).map { row in "(\((1...width).map { "$\(row * width + $0)" }.joined(separator: ", ")))" }.joined(separator: ", ")
    }
}
