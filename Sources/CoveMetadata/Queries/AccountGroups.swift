/// A group of users, as an identity provider or an administrator has it.
package struct AccountGroupRecord: Sendable, Equatable {
    package let id: Int64
    package let name: String
    /// 1 LDAP, 2 HTTP, 3 OIDC.
    package let type: Int64
    /// Empty for a group that is not of LDAP.
    package let ldapDN: String

    static let columns = "g.id, g.name, g.type, g.ldap_dn"

    init(_ row: SQLRow) throws {
        id = try row.integer(0)
        name = try row.text(1)
        type = try row.integer(2)
        ldapDN = try row.text(3)
    }
}

extension MetadataTransaction {
    package func accountGroup(_ id: Int64) throws -> AccountGroupRecord? {
        try connection.row("SELECT \(AccountGroupRecord.columns) FROM account_group g WHERE g.id = $1", [.integer(id)])
            .map(AccountGroupRecord.init)
    }

    package func accountGroup(named name: String) throws -> AccountGroupRecord? {
        try connection.row("SELECT \(AccountGroupRecord.columns) FROM account_group g WHERE g.name = $1", [.text(name)])
            .map(AccountGroupRecord.init)
    }

    /// A group of LDAP, whose distinguished names are the same in any case.
    package func accountGroup(ldapDN: String) throws -> AccountGroupRecord? {
        try connection.row(
            "SELECT \(AccountGroupRecord.columns) FROM account_group g WHERE LOWER(g.ldap_dn) = $1 AND g.type = 1 ORDER BY g.id",
            [.text(ldapDN.lowercased())]
        ).map(AccountGroupRecord.init)
    }

    /// - Parameter ldapDN: empty for a group that is not of LDAP.
    /// - Returns: nil when there is a group with that name or distinguished name.
    package func insertAccountGroup(_ name: String, type: Int64, ldapDN: String) throws -> Int64? {
        if !ldapDN.isEmpty, try accountGroup(ldapDN: ldapDN) != nil { return nil }
        return try connection.row(
            """
            INSERT INTO account_group (name, type, ldap_dn, created_at, updated_at) VALUES ($1, $2, $3, $4, $4)
            ON CONFLICT (name) DO NOTHING RETURNING id
            """, [.text(name), .integer(type), .text(ldapDN), .integer(now)])?.integer(0)
    }

    /// - Returns: false when another group has that name.
    package func renameAccountGroup(_ id: Int64, to name: String) throws -> Bool {
        if try connection.row("SELECT 1 FROM account_group WHERE name = $1 AND id <> $2", [.text(name), .integer(id)]) != nil {
            return false
        }
        try connection.perform(
            "UPDATE account_group SET name = $1, updated_at = $2 WHERE id = $3", [.text(name), .integer(now), .integer(id)])
        return true
    }

    /// Forgets a group, with what its members could do through it.
    package func deleteAccountGroup(_ id: Int64) throws {
        try connection.perform("DELETE FROM account_group WHERE id = $1", [.integer(id)])
    }

    /// A page of groups, by name.
    ///
    /// - Parameters:
    ///   - text: only those whose names have it in them.
    ///   - ldapDN: only those with this distinguished name.
    package func accountGroups(
        searching text: String? = nil, ldapDN: String? = nil, _ query: ListQuery
    ) throws -> (page: [AccountGroupRecord], total: Int64) {
        var conditions: [SQLFragment] = []
        if let text {
            let pattern = text.lowercased().replacing("!", with: "!!").replacing("%", with: "!%").replacing("_", with: "!_")
            conditions.append(SQLFragment("LOWER(g.name) LIKE ? ESCAPE '!'", [.text("%\(pattern)%")]))
        }
        if let ldapDN { conditions.append(SQLFragment("LOWER(g.ldap_dn) = ?", [.text(ldapDN.lowercased())])) }
        let columns = [
            ListColumn("id", "g.id", .integer), ListColumn("group_name", "g.name"), ListColumn("group_type", "g.type", .integer),
            ListColumn("ldap_group_dn", "g.ldap_dn"),
        ]
        let (rows, total) = try list(
            SQLFragment(AccountGroupRecord.columns), from: SQLFragment("account_group g"), which: conditions, columns: columns,
            order: "g.name", query)
        return (try rows.map(AccountGroupRecord.init), total)
    }
}
