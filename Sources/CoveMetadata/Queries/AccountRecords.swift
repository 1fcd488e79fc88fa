/// A user.
package struct AccountRecord: Sendable, Equatable {
    package let id: Int64
    package let name: String
    package let email: String?
    package let fullName: String
    package let comment: String
    package let isAdministrator: Bool
    package let isDisabled: Bool
    /// Where the password is: `database`, `ldap`, `oidc`.
    package let source: String
    /// By which an identity provider knows them.
    package let subject: String?
    /// Microseconds since 1970.
    package let createdAt: Int64
    package let updatedAt: Int64

    static let columns =
        "a.id, a.name, a.email, a.full_name, a.comment, a.is_admin, a.is_disabled, a.source, a.subject, a.created_at, a.updated_at"

    init(_ row: SQLRow) throws {
        id = try row.integer(0)
        name = try row.text(1)
        email = try row.optionalText(2)
        fullName = try row.text(3)
        comment = try row.text(4)
        isAdministrator = try row.integer(5) != 0
        isDisabled = try row.integer(6) != 0
        source = try row.text(7)
        subject = try row.optionalText(8)
        createdAt = try row.integer(9)
        updatedAt = try row.integer(10)
    }
}

/// What people say of a user.
package struct AccountProfile: Sendable, Equatable {
    package var email: String?
    package var fullName: String
    package var comment: String

    package init(email: String? = nil, fullName: String = "", comment: String = "") {
        self.email = email
        self.fullName = fullName
        self.comment = comment
    }
}

extension MetadataTransaction {
    package func account(_ id: Int64) throws -> AccountRecord? {
        try connection.row("SELECT \(AccountRecord.columns) FROM account a WHERE a.id = $1", [.integer(id)]).map(AccountRecord.init)
    }

    /// By name, in any case.
    package func account(named name: String) throws -> AccountRecord? {
        try connection.row(
            "SELECT \(AccountRecord.columns) FROM account a WHERE a.name_key = $1", [.text(name.lowercased())]
        ).map(AccountRecord.init)
    }

    /// A user with a password of this registry.
    ///
    /// - Parameter hash: a slow one.
    /// - Returns: nil when somebody has that name or address, or an address that the name would be taken for.
    package func insertAccount(_ name: String, _ profile: AccountProfile, password hash: String) throws -> Int64? {
        if try connection.row("SELECT 1 FROM account WHERE email = $1", [.text(name)]) != nil { return nil }
        return try connection.row(
            """
            INSERT INTO account (name, name_key, email, full_name, comment, password, password_changed_at, created_at, updated_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $7, $7) ON CONFLICT DO NOTHING RETURNING id
            """,
            [
                .text(name), .text(name.lowercased()), .optional(profile.email), .text(profile.fullName), .text(profile.comment),
                .text(hash), .integer(now),
            ])?.integer(0)
    }

    /// - Returns: false when somebody else has the address.
    package func setProfile(_ profile: AccountProfile, of accountID: Int64) throws -> Bool {
        if let email = profile.email {
            let other = try connection.row("SELECT 1 FROM account WHERE email = $1 AND id <> $2", [.text(email), .integer(accountID)])
            if other != nil { return false }
        }
        try connection.perform(
            "UPDATE account SET email = $1, full_name = $2, comment = $3, updated_at = $4 WHERE id = $5",
            [
                .optional(profile.email), .text(profile.fullName), .text(profile.comment), .integer(now), .integer(accountID),
            ])
        return true
    }

    /// The administrators that can act. Nobody else changes who they are until this transaction ends.
    package func lockedAdministrators() throws -> [Int64] {
        try connection.rows(
            "SELECT id FROM account WHERE is_admin = 1 AND is_disabled = 0 ORDER BY id\(connection.dialect.lockingRow)", []
        ).map { try $0.integer(0) }
    }

    package func setAuditor(_ isAuditor: Bool, account id: Int64) throws {
        try connection.perform(
            "UPDATE account SET is_auditor = $1, updated_at = $2 WHERE id = $3",
            [.integer(isAuditor ? 1 : 0), .integer(now), .integer(id)])
    }

    package func setAdministrator(_ isAdministrator: Bool, account id: Int64) throws {
        try connection.perform(
            "UPDATE account SET is_admin = $1, updated_at = $2 WHERE id = $3",
            [.integer(isAdministrator ? 1 : 0), .integer(now), .integer(id)])
    }

    /// Forgets a user, with memberships, tokens and secrets. Projects that were theirs are nobody's then.
    package func deleteAccount(_ id: Int64) throws {
        try connection.perform("UPDATE project SET owner_id = NULL WHERE owner_id = $1", [.integer(id)])
        try connection.perform("DELETE FROM account WHERE id = $1", [.integer(id)])
    }

    private static let accountColumns = [
        ListColumn("user_id", "a.id", .integer),
        ListColumn("username", "a.name"),
        ListColumn("email", "COALESCE(a.email, '')"),
        ListColumn("realname", "a.full_name"),
        ListColumn("comment", "a.comment"),
        ListColumn("sysadmin_flag", "a.is_admin", .boolean),
        ListColumn("creation_time", "a.created_at", .time),
        ListColumn("update_time", "a.updated_at", .time),
    ]

    /// A page of users, by name.
    package func accounts(_ query: ListQuery) throws -> (page: [AccountRecord], total: Int64) {
        let (rows, total) = try list(
            SQLFragment(AccountRecord.columns), from: SQLFragment("account a"), columns: Self.accountColumns, order: "a.name_key", query)
        return (try rows.map(AccountRecord.init), total)
    }

    /// A page of the users that can be given something to do and whose names have `text` in them: those that begin with it first.
    package func accounts(searching text: String, _ query: ListQuery) throws -> (page: [AccountRecord], total: Int64) {
        let pattern = text.lowercased().replacing("!", with: "!!").replacing("%", with: "!%").replacing("_", with: "!_")
        let (rows, total) = try list(
            SQLFragment(
                "\(AccountRecord.columns), CASE WHEN a.name_key LIKE ? ESCAPE '!' THEN 0 ELSE 1 END AS place", [.text("\(pattern)%")]),
            from: SQLFragment("account a"),
            which: [SQLFragment("a.is_disabled = 0 AND a.name_key LIKE ? ESCAPE '!'", [.text("%\(pattern)%")])],
            columns: Self.accountColumns, order: "place, a.name_key", query)
        return (try rows.map(AccountRecord.init), total)
    }
}
