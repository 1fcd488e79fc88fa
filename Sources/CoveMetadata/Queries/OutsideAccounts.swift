/// Somebody whom a directory or an identity provider knows.
package struct OutsideAccount: Sendable, Equatable {
    package let id: Int64
    package let name: String
    package let email: String?
    package let fullName: String
    package let isAdministrator: Bool
    package let isDisabled: Bool
    package let source: String
    package let subject: String?
}

extension MetadataTransaction {
    private static let outsideColumns = "id, name, email, full_name, is_admin, is_disabled, source, subject"

    private static func outsideAccount(_ row: SQLRow) throws -> OutsideAccount {
        OutsideAccount(
            id: try row.integer(0), name: try row.text(1), email: try row.optionalText(2), fullName: try row.text(3),
            isAdministrator: try row.integer(4) != 0, isDisabled: try row.integer(5) != 0, source: try row.text(6),
            subject: try row.optionalText(7))
    }

    /// - Parameter subject: by which the source knows them.
    package func outsideAccount(source: String, subject: String) throws -> OutsideAccount? {
        try connection.row(
            "SELECT \(Self.outsideColumns) FROM account WHERE source = $1 AND subject = $2", [.text(source), .text(subject)]
        ).map(Self.outsideAccount)
    }

    /// In any case of letters.
    package func outsideAccount(named name: String) throws -> OutsideAccount? {
        try connection.row("SELECT \(Self.outsideColumns) FROM account WHERE name_key = $1", [.text(name.lowercased())])
            .map(Self.outsideAccount)
    }

    package func outsideAccount(_ id: Int64) throws -> OutsideAccount? {
        try connection.row("SELECT \(Self.outsideColumns) FROM account WHERE id = $1", [.integer(id)]).map(Self.outsideAccount)
    }

    package func hasAccount(withEmail email: String) throws -> Bool {
        try connection.row("SELECT 1 FROM account WHERE email = $1", [.text(email)]) != nil
    }

    /// - Returns: nil when the name is taken.
    package func insertOutsideAccount(
        named name: String, source: String, subject: String, email: String?, fullName: String
    ) throws -> Int64? {
        try connection.row(
            """
            INSERT INTO account (name, name_key, email, full_name, password_changed_at, source, subject, created_at, updated_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $5, $5) ON CONFLICT (name_key) DO NOTHING RETURNING id
            """,
            [
                .text(name), .text(name.lowercased()), .optional(try freeAddress(email, for: 0)), .text(fullName), .integer(now),
                .text(source), .text(subject),
            ])?.integer(0)
    }

    package func updateOutsideAccount(_ id: Int64, subject: String, email: String?, fullName: String) throws {
        try connection.perform(
            "UPDATE account SET subject = $1, email = $2, full_name = $3, updated_at = $4 WHERE id = $5",
            [.text(subject), .optional(try freeAddress(email, for: id)), .text(fullName), .integer(now), .integer(id)])
    }

    /// Nil for an address that is another's: addresses tell people apart here.
    private func freeAddress(_ email: String?, for id: Int64) throws -> String? {
        guard let email, !email.isEmpty else { return nil }
        return try connection.row("SELECT 1 FROM account WHERE email = $1 AND id <> $2", [.text(email), .integer(id)]) == nil ? email : nil
    }

    // MARK: - Administrators

    package func isGroupAdministrator(_ accountID: Int64) throws -> Bool {
        try connection.row("SELECT 1 FROM group_administrator WHERE account_id = $1", [.integer(accountID)]) != nil
    }

    /// Makes somebody an administrator as long as a group says so, or ends that.
    package func setGroupAdministrator(_ accountID: Int64, _ isOne: Bool) throws {
        if isOne {
            try connection.perform(
                "INSERT INTO group_administrator (account_id) VALUES ($1) ON CONFLICT (account_id) DO NOTHING", [.integer(accountID)])
        } else {
            try forgetGroupAdministrator(accountID)
        }
        try connection.perform(
            "UPDATE account SET is_admin = $1, updated_at = $2 WHERE id = $3",
            [.integer(isOne ? 1 : 0), .integer(now), .integer(accountID)])
    }

    /// Whether somebody is an administrator was decided by hand: what groups say of it ends nothing any more.
    package func forgetGroupAdministrator(_ accountID: Int64) throws {
        try connection.perform("DELETE FROM group_administrator WHERE account_id = $1", [.integer(accountID)])
    }

    // MARK: - Groups

    /// A group of an outside kind, made if need be.
    ///
    /// - Parameters:
    ///   - type: as Harbor numbers them.
    ///   - dn: of a group of a directory, normalized; else empty.
    package func ensureGroup(named name: String, type: Int64, dn: String) throws -> Int64 {
        func existing() throws -> Int64? {
            let row =
                dn.isEmpty
                ? try connection.row("SELECT id FROM account_group WHERE name = $1 AND type = $2", [.text(name), .integer(type)])
                : try connection.row("SELECT id FROM account_group WHERE LOWER(ldap_dn) = $1 AND type = $2", [.text(dn), .integer(type)])
            return try row?.integer(0)
        }
        if let id = try existing() { return id }
        // Names tell groups apart here; of a directory's the whole name always does.
        for candidate in [name, dn.isEmpty ? "\(name) (\(type))" : dn] {
            let row = try connection.row(
                """
                INSERT INTO account_group (name, type, ldap_dn, created_at, updated_at) VALUES ($1, $2, $3, $4, $4)
                ON CONFLICT (name) DO NOTHING RETURNING id
                """, [.text(candidate), .integer(type), .text(dn), .integer(now)])
            if let id = try row?.integer(0) { return id }
            if let id = try existing() { return id }
        }
        throw MetadataError.unavailable("the group '\(name)' was made and deleted at once")
    }

    package func groups(of accountID: Int64, type: Int64) throws -> Set<Int64> {
        Set(
            try connection.rows(
                "SELECT g.id FROM account_group g JOIN account_group_member m ON m.group_id = g.id WHERE m.account_id = $1 AND g.type = $2",
                [.integer(accountID), .integer(type)]
            ).map { try $0.integer(0) })
    }

    package func join(_ accountID: Int64, group: Int64) throws {
        try connection.perform(
            "INSERT INTO account_group_member (group_id, account_id) VALUES ($1, $2) ON CONFLICT (group_id, account_id) DO NOTHING",
            [.integer(group), .integer(accountID)])
    }

    package func leave(_ accountID: Int64, group: Int64) throws {
        try connection.perform(
            "DELETE FROM account_group_member WHERE group_id = $1 AND account_id = $2", [.integer(group), .integer(accountID)])
    }
}
