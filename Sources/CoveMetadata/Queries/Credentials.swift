/// What a login as a user is checked against.
package struct AccountCredentials: Sendable, Equatable {
    package let id: Int64
    package let name: String
    /// A slow hash; nil for who has no password here.
    package let password: String?
    package let isDisabled: Bool
    /// `database`, `ldap`, `oidc`.
    package let source: String
    /// Wrong passwords on end.
    package let failures: Int64
    /// Microseconds since 1970; 0 for who was never locked.
    package let lockedUntil: Int64
    /// A slow hash; nil for who has no CLI secret.
    package let cliSecret: String?
    /// Microseconds since 1970; nil: never.
    package let cliSecretExpiresAt: Int64?
}

/// What a login as a robot is checked against.
package struct RobotCredentials: Sendable, Equatable {
    package let id: Int64
    /// A slow hash.
    package let secret: String
    package let isDisabled: Bool
    /// Microseconds since 1970; -1: never.
    package let expiresAt: Int64
    package let secretChangedAt: Int64
}

/// A personal access token that was shown at a login.
package struct AccessTokenRecord: Sendable, Equatable {
    package let id: Int64
    package let accountID: Int64
    package let accountName: String
    package let isDisabled: Bool
    /// Microseconds since 1970; nil: never.
    package let expiresAt: Int64?
    package let usedAt: Int64?
}

extension MetadataTransaction {
    private static let credentials = """
        SELECT a.id, a.name, a.password, a.is_disabled, a.source, a.failures, a.locked_until, t.secret, t.expires_at
        FROM account a LEFT JOIN account_token t ON t.account_id = a.id AND t.kind = 'cli'
        """

    /// By name, in any case, or else by address.
    package func accountCredentials(_ user: String) throws -> AccountCredentials? {
        let key = user.lowercased()
        let row =
            try connection.row("\(Self.credentials) WHERE a.name_key = $1 ORDER BY t.id DESC", [.text(key)])
            ?? (user.contains("@") ? connection.row("\(Self.credentials) WHERE a.email = $1 ORDER BY t.id DESC", [.text(user)]) : nil)
        return try row.map {
            AccountCredentials(
                id: try $0.integer(0), name: try $0.text(1), password: try $0.optionalText(2), isDisabled: try $0.integer(3) != 0,
                source: try $0.text(4), failures: try $0.integer(5), lockedUntil: try $0.integer(6), cliSecret: try $0.optionalText(7),
                cliSecretExpiresAt: try $0.optionalInteger(8))
        }
    }

    /// The name as it is shown, and whether it may do anything now.
    package func accountName(_ id: Int64) throws -> (name: String, isDisabled: Bool)? {
        try connection.row("SELECT name, is_disabled FROM account WHERE id = $1", [.integer(id)]).map {
            (try $0.text(0), try $0.integer(1) != 0)
        }
    }

    /// - Parameters:
    ///   - name: without the prefix and without the project.
    ///   - project: nil for a robot of the system.
    package func robotCredentials(_ name: String, project: String?) throws -> RobotCredentials? {
        let columns = "r.id, r.secret, r.is_disabled, r.expires_at, r.secret_changed_at"
        let row =
            if let project {
                try connection.row(
                    "SELECT \(columns) FROM robot r JOIN project p ON p.id = r.project_id WHERE r.name = $1 AND p.name = $2",
                    [.text(name), .text(project)])
            } else {
                try connection.row("SELECT \(columns) FROM robot r WHERE r.name = $1 AND r.project_id IS NULL", [.text(name)])
            }
        return try row.map {
            RobotCredentials(
                id: try $0.integer(0), secret: try $0.text(1), isDisabled: try $0.integer(2) != 0, expiresAt: try $0.integer(3),
                secretChangedAt: try $0.integer(4))
        }
    }

    /// - Parameter hash: of the token.
    package func accessToken(_ hash: String) throws -> AccessTokenRecord? {
        try connection.row(
            """
            SELECT t.id, a.id, a.name, a.is_disabled, t.expires_at, t.used_at
            FROM account_token t JOIN account a ON a.id = t.account_id WHERE t.secret = $1 AND t.kind = 'access'
            """, [.text(hash)]
        ).map {
            AccessTokenRecord(
                id: try $0.integer(0), accountID: try $0.integer(1), accountName: try $0.text(2), isDisabled: try $0.integer(3) != 0,
                expiresAt: try $0.optionalInteger(4), usedAt: try $0.optionalInteger(5))
        }
    }

    package func noteUse(ofAccessToken id: Int64) throws {
        try connection.perform("UPDATE account_token SET used_at = $1 WHERE id = $2", [.integer(now), .integer(id)])
    }

    /// - Returns: the token's row.
    package func insertAccessToken(_ hash: String, named name: String, of accountID: Int64, expiresAt: Int64?) throws -> Int64 {
        let row = try connection.row(
            """
            INSERT INTO account_token (account_id, kind, name, secret, created_at, expires_at)
            VALUES ($1, 'access', $2, $3, $4, $5) RETURNING id
            """, [.integer(accountID), .text(name), .text(hash), .integer(now), .optional(expiresAt)])
        guard let row else { throw MetadataError.corrupt("a token was inserted but has no number") }
        return try row.integer(0)
    }

    /// In place of the one that there is.
    ///
    /// - Parameter hash: a slow one.
    package func setCLISecret(_ hash: String, of accountID: Int64) throws {
        try connection.perform("DELETE FROM account_token WHERE account_id = $1 AND kind = 'cli'", [.integer(accountID)])
        try connection.perform(
            "INSERT INTO account_token (account_id, kind, name, secret, created_at) VALUES ($1, 'cli', 'CLI secret', $2, $3)",
            [.integer(accountID), .text(hash), .integer(now)])
        try endTokens(of: accountID)
    }

    /// Lets tokens that were given to an account count no more: what programs log in with has changed. Browsers, which log in with
    /// something else, stay logged in.
    package func endTokens(of accountID: Int64) throws {
        try connection.perform(
            """
            UPDATE browser_session SET created_at = $1
            WHERE account_id = $2 AND created_at >= (SELECT password_changed_at FROM account WHERE id = $2)
            """, [.integer(now), .integer(accountID)])
        try connection.perform("UPDATE account SET password_changed_at = $1 WHERE id = $2", [.integer(now), .integer(accountID)])
        try removeRefreshTokens(of: "account:\(accountID)")
    }

    /// - Returns: false when the account has no such token.
    package func removeAccessToken(_ id: Int64, of accountID: Int64) throws -> Bool {
        let removed = try connection.run(
            "DELETE FROM account_token WHERE id = $1 AND account_id = $2 AND kind = 'access'", [.integer(id), .integer(accountID)])
        if removed > 0 { try endTokens(of: accountID) }
        return removed > 0
    }

    /// Counts a wrong password.
    ///
    /// - Returns: how many there were on end, this one among them.
    package func noteFailure(of accountID: Int64) throws -> Int64 {
        try connection.row("UPDATE account SET failures = failures + 1 WHERE id = $1 RETURNING failures", [.integer(accountID)])?
            .integer(0) ?? 0
    }

    /// - Parameter microseconds: from now.
    package func lock(account id: Int64, for microseconds: Int64) throws {
        try connection.perform("UPDATE account SET locked_until = $1 WHERE id = $2", [.integer(now + microseconds), .integer(id)])
    }

    package func unlock(account id: Int64) throws {
        try connection.perform("UPDATE account SET failures = 0, locked_until = 0 WHERE id = $1", [.integer(id)])
    }

    /// - Parameter hash: a slow one.
    package func setPassword(_ hash: String, of accountID: Int64) throws {
        try connection.perform(
            "UPDATE account SET password = $1, password_changed_at = $2, updated_at = $2, failures = 0, locked_until = 0 WHERE id = $3",
            [.text(hash), .integer(now), .integer(accountID)])
        try removeRefreshTokens(of: "account:\(accountID)")
    }

    package func hasAccounts() throws -> Bool {
        try connection.row("SELECT 1 FROM account LIMIT 1", []) != nil
    }

    /// Makes the first account of all, and the public project of names without one, as in Harbor. Of nodes that do so at once, one does.
    ///
    /// - Returns: whether it was made.
    package func insertFirstAdministrator(_ name: String, password hash: String) throws -> Bool {
        guard try !hasAccounts() else { return false }
        let made = try connection.row(
            """
            INSERT INTO account (name, name_key, password, password_changed_at, is_admin, created_at, updated_at)
            VALUES ($1, $2, $3, $4, 1, $4, $4) ON CONFLICT (name_key) DO NOTHING RETURNING id
            """, [.text(name), .text(name.lowercased()), .text(hash), .integer(now)])
        guard let made else { return false }
        try connection.perform(
            """
            INSERT INTO project (name, owner_id, is_public, created_at, updated_at) VALUES ('library', $1, 1, $2, $2)
            ON CONFLICT (name) DO NOTHING
            """, [.integer(try made.integer(0)), .integer(now)])
        return true
    }
}

/// Who a token speaks for, as of now.
package struct SubjectRecord: Sendable, Equatable {
    package let name: String
    /// Tokens from before this count no more, in microseconds since 1970: what they were given for has changed.
    package let validFrom: Int64
    /// Microseconds since 1970; nil: never.
    package let endsAt: Int64?
}

extension MetadataTransaction {
    /// Nil for an account that is disabled or not there.
    package func subject(account id: Int64) throws -> SubjectRecord? {
        try connection.row("SELECT name, password_changed_at FROM account WHERE id = $1 AND is_disabled = 0", [.integer(id)]).map {
            SubjectRecord(name: try $0.text(0), validFrom: try $0.integer(1), endsAt: nil)
        }
    }

    /// Nil for a robot that is disabled or not there. The name is without the prefix, with its project: `team+ci`.
    package func subject(robot id: Int64) throws -> SubjectRecord? {
        try connection.row(
            """
            SELECT r.name, r.secret_changed_at, r.expires_at, p.name FROM robot r LEFT JOIN project p ON p.id = r.project_id
            WHERE r.id = $1 AND r.is_disabled = 0
            """, [.integer(id)]
        ).map {
            let name = try $0.text(0)
            let end = try $0.integer(2)
            return SubjectRecord(
                name: try $0.optionalText(3).map { "\($0)+\(name)" } ?? name, validFrom: try $0.integer(1), endsAt: end == -1 ? nil : end)
        }
    }
}
