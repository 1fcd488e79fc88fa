import Foundation

/// A key that tokens are signed with. Times are microseconds since 1970.
package struct SigningKeyRecord: Sendable, Equatable {
    package let id: String
    package let privateKey: Data
    package let createdAt: Int64
    /// Until when new tokens are signed with it.
    package let signsUntil: Int64
    /// Until when tokens that it signed are believed.
    package let endsAt: Int64

    package init(id: String, privateKey: Data, createdAt: Int64, signsUntil: Int64, endsAt: Int64) {
        self.id = id
        self.privateKey = privateKey
        self.createdAt = createdAt
        self.signsUntil = signsUntil
        self.endsAt = endsAt
    }
}

extension MetadataTransaction {
    /// Those whose tokens are believed, the newest first.
    package func signingKeys() throws -> [SigningKeyRecord] {
        try connection.rows(
            """
            SELECT id, private_key, created_at, signs_until, ends_at FROM signing_key WHERE ends_at > $1
            ORDER BY created_at DESC, id
            """, [.integer(now)]
        ).map {
            SigningKeyRecord(
                id: try $0.text(0), privateKey: try $0.blob(1), createdAt: try $0.integer(2), signsUntil: try $0.integer(3),
                endsAt: try $0.integer(4))
        }
    }

    /// Keeps a key unless there is one that signs for longer than `moment`, and forgets those that have ended. Of nodes that
    /// do so at once, one does: the others wait for it.
    package func insertSigningKey(_ key: SigningKeyRecord, unlessOneSignsAfter moment: Int64) throws {
        try raiseRightsRevision()
        guard try connection.row("SELECT 1 FROM signing_key WHERE signs_until > $1", [.integer(moment)]) == nil else { return }
        try connection.perform(
            "INSERT INTO signing_key (id, private_key, created_at, signs_until, ends_at) VALUES ($1, $2, $3, $4, $5)",
            [.text(key.id), .blob(key.privateKey), .integer(key.createdAt), .integer(key.signsUntil), .integer(key.endsAt)])
        try connection.perform("DELETE FROM signing_key WHERE ends_at <= $1", [.integer(now)])
    }
}
