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

    /// Beside the roles: what a user or a group may do in the repositories of a project that match a pattern.
    ///
    /// - Returns: the grant's row.
    package func insertRepositoryGrant(
        in projectID: Int64, accountID: Int64?, groupID: Int64?, pattern: String, actions: [String]
    ) throws -> Int64 {
        let row = try connection.row(
            """
            INSERT INTO repository_grant (project_id, account_id, group_id, pattern, actions, created_at)
            VALUES ($1, $2, $3, $4, $5, $6) RETURNING id
            """,
            [
                .integer(projectID), .optional(accountID), .optional(groupID), .text(pattern), .text(actions.joined(separator: ",")),
                .integer(now),
            ])
        guard let row else { throw MetadataError.corrupt("a grant was inserted but has no number") }
        return try row.integer(0)
    }

    /// - Returns: false when the project has no such grant.
    package func removeRepositoryGrant(_ id: Int64, in projectID: Int64) throws -> Bool {
        try connection.run("DELETE FROM repository_grant WHERE id = $1 AND project_id = $2", [.integer(id), .integer(projectID)]) > 0
    }

    /// All grants of a project, with whom they are to.
    package func repositoryGrants(
        in projectID: Int64
    ) throws -> [(id: Int64, user: String?, group: String?, pattern: String, actions: String)] {
        try connection.rows(
            """
            SELECT r.id, a.name, g.name, r.pattern, r.actions FROM repository_grant r
            LEFT JOIN account a ON a.id = r.account_id LEFT JOIN account_group g ON g.id = r.group_id
            WHERE r.project_id = $1 ORDER BY r.id
            """, [.integer(projectID)]
        ).map { (try $0.integer(0), try $0.optionalText(1), try $0.optionalText(2), try $0.text(3), try $0.text(4)) }
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
