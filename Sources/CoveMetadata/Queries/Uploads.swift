import CoveOCI

/// A blob upload under way.
package struct UploadRecord: Sendable, Equatable {
    package let id: String
    package let repository: String
    package let algorithm: Digest.Algorithm
    /// How far it has come.
    package var progress: Progress

    /// What any node needs to go on with an upload.
    package struct Progress: Sendable, Equatable {
        /// Bytes acknowledged to the client: this much is durable.
        package var received: Int64
        /// The blob storage's own note about them.
        package var mark: String
        /// The hash of them, as ``Digester/state``; empty when nothing was received.
        package var hashState: [UInt8]

        package init(received: Int64 = 0, mark: String = "", hashState: [UInt8] = []) {
            self.received = received
            self.mark = mark
            self.hashState = hashState
        }
    }

    package init(id: String, repository: String, algorithm: Digest.Algorithm, progress: Progress = Progress()) {
        self.id = id
        self.repository = repository
        self.algorithm = algorithm
        self.progress = progress
    }
}

extension MetadataTransaction {
    package func insertUpload(_ upload: UploadRecord) throws {
        try connection.perform(
            """
            INSERT INTO upload (id, repository, algorithm, received, mark, hash_state, created_at, updated_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $7)
            """,
            [
                .text(upload.id), .text(upload.repository), .text(upload.algorithm.rawValue),
                .integer(upload.progress.received), .text(upload.progress.mark), .bytes(upload.progress.hashState),
                .integer(now),
            ])
    }

    package func upload(_ id: String) throws -> UploadRecord? {
        try connection.row(
            "SELECT id, repository, algorithm, received, mark, hash_state FROM upload WHERE id = $1", [.text(id)]
        ).map(Self.upload)
    }

    /// Records progress, unless somebody else has recorded other progress since `upload` was read.
    ///
    /// - Returns: false when the upload has moved on, or is not there any more.
    package func advance(_ upload: UploadRecord, to progress: UploadRecord.Progress) throws -> Bool {
        try connection.run(
            """
            UPDATE upload SET received = $1, mark = $2, hash_state = $3, updated_at = $4
            WHERE id = $5 AND received = $6 AND mark = $7
            """,
            [
                .integer(progress.received), .text(progress.mark), .bytes(progress.hashState), .integer(now),
                .text(upload.id), .integer(upload.progress.received), .text(upload.progress.mark),
            ]) > 0
    }

    /// Says that somebody is at work on an upload.
    package func renewUpload(_ id: String) throws {
        try connection.perform("UPDATE upload SET updated_at = $1 WHERE id = $2", [.integer(now), .text(id)])
    }

    /// - Returns: whether there was such an upload. Of two that finish one upload, exactly one is told true.
    package func deleteUpload(_ id: String) throws -> Bool {
        try connection.run("DELETE FROM upload WHERE id = $1", [.text(id)]) > 0
    }

    /// - Returns: false when something has happened in the upload since `cutoff`, or it is gone.
    package func deleteUpload(_ id: String, idleSince cutoff: Int64) throws -> Bool {
        try connection.run(
            "DELETE FROM upload WHERE id = $1 AND updated_at < $2", [.text(id), .integer(cutoff)]) > 0
    }

    /// Uploads in which nothing has happened since `cutoff`, oldest first.
    package func uploads(idleSince cutoff: Int64, limit: Int) throws -> [UploadRecord] {
        try connection.rows(
            """
            SELECT id, repository, algorithm, received, mark, hash_state FROM upload WHERE updated_at < $1
            ORDER BY updated_at LIMIT $2
            """, [.integer(cutoff), .integer(Int64(limit))]
        ).map(Self.upload)
    }

    private static func upload(_ row: SQLRow) throws -> UploadRecord {
        guard let algorithm = Digest.Algorithm(rawValue: try row.text(2)) else {
            throw MetadataError.corrupt("upload \(try row.text(0)) has an unknown algorithm")
        }
        return UploadRecord(
            id: try row.text(0), repository: try row.text(1), algorithm: algorithm,
            progress: .init(received: try row.integer(3), mark: try row.text(4), hashState: Array(try row.blob(5))))
    }
}
