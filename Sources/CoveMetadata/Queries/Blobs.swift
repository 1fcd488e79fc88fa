import CoveOCI

/// A blob whose bytes are stored.
package struct StoredBlob: Sendable, Equatable {
    package let id: Int64
    package let digest: Digest
    /// Bytes.
    package let size: Int64
    /// Where the bytes are, in the terms of the blob storage that wrote them.
    package let location: String

    package init(id: Int64, digest: Digest, size: Int64, location: String) {
        self.id = id
        self.digest = digest
        self.size = size
        self.location = location
    }
}

extension MetadataTransaction {
    /// A blob as one repository sees it: nil when that repository does not hold it, whoever else may.
    package func blob(_ digest: Digest, in repository: RepositoryName) throws -> StoredBlob? {
        try connection.row(
            """
            SELECT b.id, b.size, b.location FROM blob b
            JOIN repository_blob rb ON rb.blob_id = b.id
            JOIN repository r ON r.id = rb.repository_id
            WHERE b.digest = $1 AND b.state = 0 AND r.name = $2
            """, [.bytes(digest.storageKey), .text(repository.description)]
        ).map { StoredBlob(id: try $0.integer(0), digest: digest, size: try $0.integer(1), location: try $0.text(2)) }
    }

    /// Sizes of those of `digests` that are blobs which the repository holds.
    package func sizesOfHeldBlobs(_ digests: [Digest], in repositoryID: Int64) throws -> [Digest: Int64] {
        try sizes(of: digests, in: repositoryID) {
            """
            SELECT b.digest, b.size, rb.created_at FROM blob b JOIN repository_blob rb ON rb.blob_id = b.id
            WHERE rb.repository_id = $1 AND b.state = 0 AND b.digest IN (\($0))
            """
        }
    }

    /// Runs a query for digest and size over many digests, a batch at a time.
    ///
    /// - Parameter sql: the query for a list of parameters, which begin with `$2`; `$1` is the repository. Its third column, if
    ///   any, is when the repository came to hold the blob; 0 for one that is released.
    func sizes(of digests: [Digest], in repositoryID: Int64, _ sql: (String) -> String) throws -> [Digest: Int64] {
        var sizes: [Digest: Int64] = [:]
        for batch in Batch.lists(of: Array(Set(digests))) {
            let rows = try connection.rows(
                sql(batch.parameters(from: 2)), [.integer(repositoryID)] + batch.items.map { .bytes($0.storageKey) })
            for row in rows {
                guard let digest = Digest(storageKey: try row.blob(0)) else {
                    throw MetadataError.corrupt("a row has a malformed digest")
                }
                sizes[digest] = try row.integer(1)
                if row.values.count > 2, try row.integer(2) == 0 { notes.released[repositoryID, default: []].insert(digest) }
            }
        }
        return sizes
    }

    /// Any live blob of this digest, whoever holds it; it stays alive until this transaction ends.
    package func lockedBlob(_ digest: Digest) throws -> StoredBlob? {
        let known = "FROM blob WHERE digest = $1 AND state = 0"
        var lock = connection.dialect.lockingRowShared
        // One that nobody holds is changed by whoever links it: two who share the lock would wait for each other.
        if !lock.isEmpty,
            let row = try connection.row("SELECT unreferenced_since \(known)", [.bytes(digest.storageKey)]),
            try row.optionalInteger(0) != nil
        {
            lock = connection.dialect.lockingRow
        }
        return try connection.row("SELECT id, size, location \(known)\(lock)", [.bytes(digest.storageKey)]).map {
            StoredBlob(id: try $0.integer(0), digest: digest, size: try $0.integer(1), location: try $0.text(2))
        }
    }

    /// A repository that holds this blob, if any does.
    package func holder(of digest: Digest) throws -> RepositoryName? {
        try connection.row(
            """
            SELECT r.name FROM blob b JOIN repository_blob rb ON rb.blob_id = b.id
            JOIN repository r ON r.id = rb.repository_id
            WHERE b.digest = $1 AND b.state = 0 LIMIT 1
            """, [.bytes(digest.storageKey)]
        ).map { try RepositoryName(parsing: $0.text(0)) }
    }

    /// Records bytes that are durable at `location`. When the same content is known already, its row is returned
    /// instead, and the bytes at `location` are not needed.
    package func insertBlob(_ digest: Digest, size: Int64, location: String) throws -> StoredBlob {
        // A collector may condemn the known one between the two statements; then there is room for ours.
        for _ in 0..<3 {
            try connection.perform(
                """
                INSERT INTO blob (digest, size, location, created_at) VALUES ($1, $2, $3, $4)
                ON CONFLICT (digest) WHERE state = 0 DO NOTHING
                """, [.bytes(digest.storageKey), .integer(size), .text(location), .integer(now)])
            if let blob = try lockedBlob(digest) { return blob }
        }
        throw MetadataError.corrupt("blob \(digest) was inserted but is not there")
    }

    /// Every repository that holds this blob.
    package func holders(of blob: StoredBlob) throws -> [RepositoryName] {
        try connection.rows(
            "SELECT r.name FROM repository r JOIN repository_blob rb ON rb.repository_id = r.id WHERE rb.blob_id = $1",
            [.integer(blob.id)]
        ).map { try RepositoryName(parsing: $0.text(0)) }
    }

    /// Records that a blob's bytes are at another location now.
    ///
    /// - Returns: false when it is not at the known one any more, or a collector has condemned it.
    package func move(_ blob: StoredBlob, to location: String) throws -> Bool {
        try connection.run(
            "UPDATE blob SET location = $1 WHERE id = $2 AND location = $3 AND state = 0",
            [.text(location), .integer(blob.id), .text(blob.location)]) > 0
    }

    /// Makes a repository hold a blob, and so keeps the blob from being collected.
    ///
    /// - Returns: false when the repository held it already.
    /// - Throws: ``QuotaExceeded``.
    @discardableResult
    package func link(_ blobID: Int64, to repositoryID: Int64) throws -> Bool {
        try chargeBlob(blobID, in: repositoryID)
        let added = try connection.run(
            """
            INSERT INTO repository_blob (repository_id, blob_id, created_at) VALUES ($1, $2, $3)
            ON CONFLICT (repository_id, blob_id) DO NOTHING
            """, [.integer(repositoryID), .integer(blobID), .integer(now)])
        try connection.perform(
            "UPDATE blob SET unreferenced_since = NULL WHERE id = $1 AND unreferenced_since IS NOT NULL",
            [.integer(blobID)])
        if added == 0 {
            // Pushed again, so a manifest that needs it may be about to come.
            try connection.perform(
                "UPDATE repository_blob SET created_at = $1 WHERE repository_id = $2 AND blob_id = $3 AND created_at < $1",
                [.integer(now), .integer(repositoryID), .integer(blobID)])
        }
        return added > 0
    }

    /// Takes a blob out of a repository. When that was its last holder, the blob becomes collectable from now on.
    package func unlink(_ blob: StoredBlob, from repositoryID: Int64) throws {
        // Of two repositories that let go at once, the second must see that the first has.
        if !connection.dialect.lockingRow.isEmpty {
            _ = try connection.rows("SELECT id FROM blob WHERE id = $1\(connection.dialect.lockingRow)", [.integer(blob.id)])
        }
        try creditBlob(blob.id, in: repositoryID)
        try connection.perform(
            "DELETE FROM repository_blob WHERE repository_id = $1 AND blob_id = $2",
            [.integer(repositoryID), .integer(blob.id)])
        try connection.perform(
            """
            UPDATE blob SET unreferenced_since = $1
            WHERE id = $2 AND NOT EXISTS (SELECT 1 FROM repository_blob WHERE blob_id = $2)
            """, [.integer(now), .integer(blob.id)])
    }
}
