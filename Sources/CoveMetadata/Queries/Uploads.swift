import CoveOCI

/// A blob upload under way.
package struct UploadRecord: Sendable, Equatable {
    package let id: String
    package let repository: String
    package let algorithm: Digest.Algorithm
    /// Bytes acknowledged to the client: this much is durable.
    package let received: Int64

    package init(id: String, repository: String, algorithm: Digest.Algorithm, received: Int64) {
        self.id = id
        self.repository = repository
        self.algorithm = algorithm
        self.received = received
    }
}

extension MetadataTransaction {
    package func insertUpload(_ upload: UploadRecord) throws {
        try connection.run(
            """
            INSERT INTO upload (id, repository, algorithm, received, created_at, updated_at)
            VALUES ($1, $2, $3, $4, $5, $5)
            """,
            [
                .text(upload.id), .text(upload.repository), .text(upload.algorithm.rawValue),
                .integer(upload.received), .integer(now),
            ])
    }

    package func upload(_ id: String) throws -> UploadRecord? {
        try connection.row(
            "SELECT id, repository, algorithm, received FROM upload WHERE id = $1", [.text(id)]
        ).map(Self.upload)
    }

    /// - Returns: false when there is no such upload any more.
    package func setReceived(_ received: Int64, ofUpload id: String) throws -> Bool {
        try connection.run(
            "UPDATE upload SET received = $1, updated_at = $2 WHERE id = $3",
            [.integer(received), .integer(now), .text(id)]) > 0
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
            SELECT id, repository, algorithm, received FROM upload WHERE updated_at < $1
            ORDER BY updated_at LIMIT $2
            """, [.integer(cutoff), .integer(Int64(limit))]
        ).map(Self.upload)
    }

    private static func upload(_ row: SQLRow) throws -> UploadRecord {
        guard let algorithm = Digest.Algorithm(rawValue: try row.text(2)) else {
            throw MetadataError.corrupt("upload \(try row.text(0)) has an unknown algorithm")
        }
        return UploadRecord(
            id: try row.text(0), repository: try row.text(1), algorithm: algorithm, received: try row.integer(3))
    }
}
