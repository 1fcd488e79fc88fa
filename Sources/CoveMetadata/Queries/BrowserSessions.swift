/// A session of somebody's browser.
package struct BrowserSession: Sendable, Equatable {
    package let accountID: Int64
    package let name: String
    /// What a page has to know beside the cookie.
    package let csrf: String
    package let idToken: String?
    /// Microseconds since 1970.
    package let usedAt: Int64
}

extension MetadataTransaction {
    /// Sessions end here as well, those that nobody came back to.
    ///
    /// - Parameters:
    ///   - id: a hash of what the browser is given.
    ///   - lifetime: in microseconds.
    package func insertSession(_ id: String, of accountID: Int64, csrf: String, idToken: String?, lifetime: Int64) throws {
        try connection.perform("DELETE FROM browser_session WHERE expires_at <= $1", [.integer(now)])
        try connection.perform(
            """
            INSERT INTO browser_session (id, account_id, csrf, id_token, created_at, used_at, expires_at) VALUES ($1, $2, $3, $4, $5, $5, $6)
            """, [.text(id), .integer(accountID), .text(csrf), .optional(idToken), .integer(now), .integer(now + lifetime)])
    }

    /// Nil for one that is over: its time, or because its user was disabled or has another password since.
    package func session(_ id: String) throws -> BrowserSession? {
        try connection.row(
            """
            SELECT a.id, a.name, s.csrf, s.id_token, s.used_at FROM browser_session s JOIN account a ON a.id = s.account_id
            WHERE s.id = $1 AND s.expires_at > $2 AND a.is_disabled = 0 AND s.created_at >= a.password_changed_at
            """, [.text(id), .integer(now)]
        ).map {
            BrowserSession(
                accountID: try $0.integer(0), name: try $0.text(1), csrf: try $0.text(2), idToken: try $0.optionalText(3),
                usedAt: try $0.integer(4))
        }
    }

    /// - Parameter lifetime: from now on, in microseconds.
    package func noteUse(ofSession id: String, lifetime: Int64) throws {
        try connection.perform(
            "UPDATE browser_session SET used_at = $1, expires_at = $2 WHERE id = $3", [.integer(now), .integer(now + lifetime), .text(id)])
    }

    package func endSession(_ id: String) throws {
        try connection.perform("DELETE FROM browser_session WHERE id = $1", [.text(id)])
    }

    package func endSessions(of accountID: Int64) throws {
        try connection.perform("DELETE FROM browser_session WHERE account_id = $1", [.integer(accountID)])
    }
}
