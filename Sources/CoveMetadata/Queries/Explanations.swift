/// A role in a project, and what it comes by.
package struct RoleSource: Sendable, Equatable {
    /// As Harbor numbers them.
    package let role: Int64
    /// Nil for one's own.
    package let group: String?
}

/// A grant for repositories, and what it comes by.
package struct GrantSource: Sendable, Equatable {
    package let id: Int64
    package let pattern: String
    package let actions: [String]
    /// Nil for one's own.
    package let group: String?
}

extension MetadataTransaction {
    /// The roles of an account in a project, the strongest of Harbor's numbers first.
    package func roleSources(of accountID: Int64, in projectID: Int64) throws -> [RoleSource] {
        try connection.rows(
            """
            SELECT role, NULL AS name FROM project_member WHERE account_id = $1 AND project_id = $2
            UNION ALL
            SELECT m.role, g.name FROM project_member m JOIN account_group g ON g.id = m.group_id
            JOIN account_group_member i ON i.group_id = g.id WHERE i.account_id = $1 AND m.project_id = $2
            ORDER BY 1, 2
            """, [.integer(accountID), .integer(projectID)]
        ).map { RoleSource(role: try $0.integer(0), group: try $0.optionalText(1)) }
    }

    package func grantSources(of accountID: Int64, in projectID: Int64) throws -> [GrantSource] {
        try connection.rows(
            """
            SELECT id, pattern, actions, NULL AS name FROM repository_grant WHERE account_id = $1 AND project_id = $2
            UNION ALL
            SELECT r.id, r.pattern, r.actions, g.name FROM repository_grant r JOIN account_group g ON g.id = r.group_id
            JOIN account_group_member i ON i.group_id = g.id WHERE i.account_id = $1 AND r.project_id = $2
            ORDER BY 1
            """, [.integer(accountID), .integer(projectID)]
        ).map {
            GrantSource(
                id: try $0.integer(0), pattern: try $0.text(1), actions: try $0.text(2).split(separator: ",").map(String.init),
                group: try $0.optionalText(3))
        }
    }

    package func accountGroupID(_ name: String) throws -> Int64? {
        try connection.row("SELECT id FROM account_group WHERE name = $1", [.text(name)])?.integer(0)
    }

    /// The personal access tokens of an account, without what they are.
    package func accessTokens(
        of accountID: Int64
    ) throws -> [(id: Int64, name: String, createdAt: Int64, expiresAt: Int64?, usedAt: Int64?)] {
        try connection.rows(
            """
            SELECT id, name, created_at, expires_at, used_at FROM account_token WHERE account_id = $1 AND kind = 'access' ORDER BY id
            """, [.integer(accountID)]
        ).map { (try $0.integer(0), try $0.text(1), try $0.integer(2), try $0.optionalInteger(3), try $0.optionalInteger(4)) }
    }
}
