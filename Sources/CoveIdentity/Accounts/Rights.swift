import CoveOCI

/// What somebody may do, as of one moment.
package struct Rights: Sendable, Equatable {
    package enum Scope: Sendable, Equatable {
        case system
        case project(id: Int64, name: String, isPublic: Bool)
    }

    /// A right of a robot. The namespace is a project's name, `*` for every project, `/` for the system.
    package struct RobotPermission: Sendable, Hashable {
        package let isSystem: Bool
        package let namespace: String
        package let resource: String
        package let action: String

        package init(isSystem: Bool, namespace: String, resource: String, action: String) {
            self.isSystem = isSystem
            self.namespace = namespace
            self.resource = resource
            self.action = action
        }
    }

    /// What somebody may do beside their role in the repositories of a project that match a pattern.
    package struct RepositoryGrant: Sendable, Equatable {
        package let projectID: Int64
        package let pattern: String
        package let actions: Set<String>

        package init(projectID: Int64, pattern: String, actions: Set<String>) {
            self.projectID = projectID
            self.pattern = pattern
            self.actions = actions
        }
    }

    package var isAdministrator = false
    package var isAuditor = false
    /// Roles by project, those of one's groups among them.
    package var roles: [Int64: Set<ProjectRole>] = [:]
    package var grants: [RepositoryGrant] = []
    /// A robot's; nil for people.
    package var robot: Set<RobotPermission>?

    package init() {}

    /// Whether something may be done.
    package func allows(_ permission: Permission, in scope: Scope) -> Bool {
        if isAdministrator { return true }
        if isAuditor, PermissionMatrix.isForAuditors(permission) { return true }
        switch scope {
        case .system: return robot?.contains { $0.isSystem && $0.covers(permission) } ?? false
        case .project(let id, let name, let isPublic):
            if isPublic, PermissionMatrix.visitor.contains(permission) { return true }
            if let robot {
                return robot.contains { !$0.isSystem && ($0.namespace == "*" || $0.namespace == name) && $0.covers(permission) }
            }
            if PermissionMatrix.grantee.contains(permission), grants.contains(where: { $0.projectID == id }) { return true }
            return (roles[id] ?? []).contains { PermissionMatrix.permissions(of: $0).contains(permission) }
        }
    }
}

extension Rights.RobotPermission {
    fileprivate func covers(_ permission: Permission) -> Bool {
        (resource == "*" || resource == permission.resource.rawValue) && (action == "*" || action == permission.action.rawValue)
    }
}
