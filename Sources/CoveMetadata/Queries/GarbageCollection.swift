import CoveOCI

/// What `cove garbage-collect` asks of the store, a page at a time.
extension MetadataTransaction {
    package struct ManifestCandidate: Sendable, Equatable {
        package let id: Int64
        package let digest: Digest
        /// Bytes.
        package let size: Int64
    }

    /// Repositories in the order of their rows, after `last`, at most `limit`.
    package func repositories(afterID last: Int64, limit: Int) throws -> [(id: Int64, name: RepositoryName)] {
        try connection.rows(
            "SELECT id, name FROM repository WHERE id > $1 ORDER BY id LIMIT $2", [.integer(last), .integer(Int64(limit))]
        ).map { (try $0.integer(0), try RepositoryName(parsing: $0.text(1))) }
    }

    /// Manifests of a repository that nothing holds: no tag points at them, and neither does one point at an index that has
    /// them, or at what they are referrers of, through any number of steps. What somebody may be about to give a tag or an
    /// index holds as a tag does: what was pushed since `cutoff`, never had a tag, and is nobody's entry or referrer.
    ///
    /// - Returns: among the next `limit` manifests without a tag those that are not held, how many others only their age
    ///   keeps, and the row after which to go on; nil after the last.
    package func unheldManifests(
        in repositoryID: Int64, youngSince cutoff: Int64, after last: Int64, limit: Int
    ) throws -> (unheld: [ManifestCandidate], young: Int, next: Int64?) {
        let rows = try connection.rows(
            """
            SELECT m.id, m.digest, m.subject, m.created_at, 0, m.size FROM manifest m WHERE m.repository_id = $1 AND m.id > $2
            AND NOT EXISTS (SELECT 1 FROM tag t WHERE t.manifest_id = m.id)
            ORDER BY m.id LIMIT $3
            """, [.integer(repositoryID), .integer(last), .integer(Int64(limit))])
        var known: [Int64: Hold] = [:]
        var unheld: [ManifestCandidate] = []
        var young = 0
        for row in rows {
            let manifest = try holder(row, cutoff)
            switch try hold(on: manifest, in: repositoryID, youngSince: cutoff, &known) {
            case .none: unheld.append(ManifestCandidate(id: manifest.id, digest: manifest.digest, size: try row.integer(5)))
            case .age: young += 1
            case .tag: break
            }
        }
        return (unheld, young, rows.count == limit ? try rows.last?.integer(0) : nil)
    }

    /// What keeps a manifest.
    private enum Hold: Int, Comparable {
        case none, age, tag

        static func < (one: Hold, other: Hold) -> Bool { one.rawValue < other.rawValue }
    }

    private struct Holder {
        let id: Int64
        let digest: Digest
        let subject: Digest?
        let isYoung: Bool
        let hasTag: Bool
    }

    /// Looks upwards from a manifest for one that has a tag, or may be about to get one.
    private func hold(
        on manifest: Holder, in repositoryID: Int64, youngSince cutoff: Int64, _ known: inout [Int64: Hold]
    ) throws -> Hold {
        var seen: Set<Int64> = [manifest.id]
        var waiting = [manifest]
        var found = Hold.none
        while found != .tag, let next = waiting.popLast() {
            let holders = try holders(of: next, in: repositoryID, youngSince: cutoff)
            if holders.isEmpty, next.isYoung, try !wasTagged(next.digest, in: repositoryID) { found = max(found, .age) }
            for holder in holders where seen.insert(holder.id).inserted {
                let answer = holder.hasTag ? Hold.tag : known[holder.id]
                if let answer { found = max(found, answer) } else { waiting.append(holder) }
            }
        }
        known[manifest.id] = found
        return found
    }

    private func wasTagged(_ digest: Digest, in repositoryID: Int64) throws -> Bool {
        try connection.row(
            "SELECT 1 FROM tag_history WHERE repository_id = $1 AND digest = $2 LIMIT 1",
            [.integer(repositoryID), .bytes(digest.storageKey)]) != nil
    }

    /// The indexes that have a manifest as an entry, and what it refers to as its subject.
    private func holders(of manifest: Holder, in repositoryID: Int64, youngSince cutoff: Int64) throws -> [Holder] {
        let columns = "m.id, m.digest, m.subject, m.created_at, (SELECT COUNT(*) FROM tag t WHERE t.manifest_id = m.id)"
        var rows = try connection.rows(
            """
            SELECT \(columns) FROM manifest_reference mr JOIN manifest m ON m.id = mr.manifest_id
            WHERE mr.digest = $1 AND mr.role = 'child' AND m.repository_id = $2
            """, [.bytes(manifest.digest.storageKey), .integer(repositoryID)])
        if let subject = manifest.subject {
            rows += try connection.rows(
                "SELECT \(columns) FROM manifest m WHERE m.repository_id = $1 AND m.digest = $2",
                [.integer(repositoryID), .bytes(subject.storageKey)])
        }
        return try rows.map { try holder($0, cutoff) }
    }

    private func holder(_ row: SQLRow, _ cutoff: Int64) throws -> Holder {
        Holder(
            id: try row.integer(0), digest: try digest(row, 1), subject: row.values[2] == .null ? nil : try digest(row, 2),
            isYoung: try row.integer(3) >= cutoff, hasTag: try row.integer(4) > 0)
    }

    /// A blob that no manifest of a repository needs.
    package struct UnusedBlob: Sendable, Equatable {
        package let blob: StoredBlob
        /// When the repository came to hold it, UTC microseconds since 1970; 0 when a manifest that needed it is gone.
        package let heldSince: Int64
    }

    /// Blobs that a repository holds and none of its manifests refers to.
    ///
    /// - Parameter ignored: manifests that are taken for gone.
    /// - Returns: those among the next `limit` blobs, and the row after which to go on; nil after the last.
    package func unusedBlobs(
        in repositoryID: Int64, ignoring ignored: Set<Int64>, after last: Int64, limit: Int
    ) throws -> (unused: [UnusedBlob], next: Int64?) {
        let rows = try connection.rows(
            """
            SELECT b.id, b.digest, b.size, b.location, rb.created_at FROM repository_blob rb JOIN blob b ON b.id = rb.blob_id
            WHERE rb.repository_id = $1 AND rb.blob_id > $2 AND b.state = 0
            ORDER BY rb.blob_id LIMIT $3
            """, [.integer(repositoryID), .integer(last), .integer(Int64(limit))])
        let unused = try rows.compactMap { row -> UnusedBlob? in
            let blob = try stored(row)
            let users = try connection.rows(
                """
                SELECT DISTINCT m.id FROM manifest_reference mr JOIN manifest m ON m.id = mr.manifest_id
                WHERE mr.digest = $1 AND m.repository_id = $2 LIMIT $3
                """, [.bytes(blob.digest.storageKey), .integer(repositoryID), .integer(Int64(ignored.count) + 1)]
            ).map { try $0.integer(0) }
            guard users.allSatisfy(ignored.contains) else { return nil }
            return UnusedBlob(blob: blob, heldSince: users.isEmpty ? try row.integer(4) : 0)
        }
        return (unused, rows.count == limit ? try rows.last?.integer(0) : nil)
    }

    /// How many repositories hold a blob.
    package func holderCount(of blobID: Int64) throws -> Int {
        Int(try connection.row("SELECT COUNT(*) FROM repository_blob WHERE blob_id = $1", [.integer(blobID)])?.integer(0) ?? 0)
    }

    /// Live blobs that no repository holds, in the order of their rows.
    package func ownerlessBlobs(after last: Int64, limit: Int) throws -> [StoredBlob] {
        try connection.rows(
            """
            SELECT b.id, b.digest, b.size, b.location FROM blob b
            WHERE b.id > $1 AND b.state = 0 AND NOT EXISTS (SELECT 1 FROM repository_blob rb WHERE rb.blob_id = b.id)
            ORDER BY b.id LIMIT $2
            """, [.integer(last), .integer(Int64(limit))]
        ).map(stored)
    }

    /// Has the collector take blobs that an import found without a holder, unless they have one by now.
    package func releaseOwnerless(_ ids: [Int64]) throws {
        for id in ids {
            try connection.perform(
                """
                UPDATE blob SET unreferenced_since = $1 WHERE id = $2 AND state = 0 AND unreferenced_since IS NULL
                AND NOT EXISTS (SELECT 1 FROM repository_blob rb WHERE rb.blob_id = blob.id)
                """, [.integer(now), .integer(id)])
        }
    }

    /// Imported manifests that no repository has any more and whose bytes are nobody's blob, in the order of their digests.
    package func forgottenImports(after last: Digest?, limit: Int) throws -> [Digest] {
        try connection.rows(
            """
            SELECT DISTINCT im.digest FROM import_manifest im WHERE im.digest > $1
            AND NOT EXISTS (
                SELECT 1 FROM import_manifest o JOIN manifest m ON m.repository_id = o.repository_id AND m.digest = o.digest
                WHERE o.digest = im.digest)
            AND NOT EXISTS (SELECT 1 FROM blob b WHERE b.digest = im.digest)
            ORDER BY im.digest LIMIT $2
            """, [.bytes(last?.storageKey ?? []), .integer(Int64(limit))]
        ).map { try digest($0, 0) }
    }

    /// How many blobs there are, and their bytes.
    package func liveBlobTotals() throws -> (count: Int64, bytes: Int64) {
        let row = try connection.row("SELECT COUNT(*), CAST(COALESCE(SUM(size), 0) AS BIGINT) FROM blob WHERE state = 0", [])
        return (try row?.integer(0) ?? 0, try row?.integer(1) ?? 0)
    }

    private func stored(_ row: SQLRow) throws -> StoredBlob {
        StoredBlob(id: try row.integer(0), digest: try digest(row, 1), size: try row.integer(2), location: try row.text(3))
    }
}
