/// Who a refresh token speaks for.
package struct RefreshTokenRecord: Sendable, Equatable {
    /// `account:7`, `robot:5`.
    package let subject: String
    package let service: String
    /// Microseconds since 1970.
    package let createdAt: Int64
}

extension MetadataTransaction {
    /// - Parameters:
    ///   - hash: of the token.
    ///   - expiresAt: microseconds since 1970.
    package func insertRefreshToken(_ hash: String, subject: String, service: String, client: String, expiresAt: Int64) throws {
        try connection.perform(
            "INSERT INTO refresh_token (secret, subject, service, client, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6)",
            [.text(hash), .text(subject), .text(service), .text(client), .integer(now), .integer(expiresAt)])
    }

    /// Nil for one that has ended or was revoked.
    package func refreshToken(_ hash: String) throws -> RefreshTokenRecord? {
        try connection.row(
            "SELECT subject, service, created_at FROM refresh_token WHERE secret = $1 AND expires_at > $2", [.text(hash), .integer(now)]
        ).map { RefreshTokenRecord(subject: try $0.text(0), service: try $0.text(1), createdAt: try $0.integer(2)) }
    }

    package func noteUse(ofRefreshToken hash: String) throws {
        try connection.perform("UPDATE refresh_token SET used_at = $1 WHERE secret = $2", [.integer(now), .text(hash)])
    }

    package func removeRefreshTokens(of subject: String) throws {
        try connection.perform("DELETE FROM refresh_token WHERE subject = $1", [.text(subject)])
    }

    /// - Returns: how many.
    @discardableResult
    package func removeEndedRefreshTokens() throws -> Int {
        try connection.run("DELETE FROM refresh_token WHERE expires_at <= $1", [.integer(now)])
    }
}
