/// A right of a robot, as it is kept.
package struct StoredRobotPermission: Sendable, Hashable {
    /// `system` or `project`.
    package let kind: String
    /// A project's name, `*` for every project, `/` for the system.
    package let namespace: String
    package let resource: String
    package let action: String

    package init(kind: String, namespace: String, resource: String, action: String) {
        self.kind = kind
        self.namespace = namespace
        self.resource = resource
        self.action = action
    }
}

extension MetadataTransaction {
    /// Tells all nodes to forget what they remember of rights.
    package func raiseRightsRevision() throws {
        try connection.perform("UPDATE rights_revision SET number = number + 1", [])
    }

    /// Raised whenever rights have changed.
    package func rightsRevision() throws -> Int64 {
        try connection.row("SELECT number FROM rights_revision", [])?.integer(0) ?? 0
    }

    package func accountFlags(_ id: Int64) throws -> (isAdministrator: Bool, isAuditor: Bool, isDisabled: Bool)? {
        try connection.row("SELECT is_admin, is_auditor, is_disabled FROM account WHERE id = $1", [.integer(id)]).map {
            (try $0.integer(0) != 0, try $0.integer(1) != 0, try $0.integer(2) != 0)
        }
    }

    /// The roles of an account, by itself and through its groups.
    package func projectRoles(of accountID: Int64) throws -> [(projectID: Int64, role: Int64)] {
        try connection.rows(
            """
            SELECT project_id, role FROM project_member WHERE account_id = $1
            UNION
            SELECT m.project_id, m.role FROM project_member m
            JOIN account_group_member g ON g.group_id = m.group_id WHERE g.account_id = $1
            """, [.integer(accountID)]
        ).map { (try $0.integer(0), try $0.integer(1)) }
    }

    /// What an account may do in single repositories, by itself and through its groups.
    package func repositoryGrants(of accountID: Int64) throws -> [(projectID: Int64, pattern: String, actions: [String])] {
        try connection.rows(
            """
            SELECT project_id, pattern, actions FROM repository_grant WHERE account_id = $1
            UNION ALL
            SELECT r.project_id, r.pattern, r.actions FROM repository_grant r
            JOIN account_group_member g ON g.group_id = r.group_id WHERE g.account_id = $1
            """, [.integer(accountID)]
        ).map { (try $0.integer(0), try $0.text(1), try $0.text(2).split(separator: ",").map(String.init)) }
    }

    /// What a robot may do; nothing when it is disabled or its time is over.
    package func robotPermissions(of robotID: Int64) throws -> [StoredRobotPermission] {
        try connection.rows(
            """
            SELECT p.kind, p.namespace, p.resource, p.action FROM robot_permission p JOIN robot r ON r.id = p.robot_id
            WHERE p.robot_id = $1 AND p.effect = 'allow' AND r.is_disabled = 0 AND (r.expires_at = -1 OR r.expires_at > $2)
            """, [.integer(robotID), .integer(now)]
        ).map {
            StoredRobotPermission(kind: try $0.text(0), namespace: try $0.text(1), resource: try $0.text(2), action: try $0.text(3))
        }
    }
}
