import CoveIdentity
import CoveMetadata

extension Rights {
    /// The projects, and single repositories of others, in which something may be done.
    func visibility(for permission: Permission) -> ProjectVisibility {
        if isAdministrator || (isAuditor && PermissionMatrix.isForAuditors(permission)) { return .all }
        if robot != nil {
            return visibility(ofRobotWhere: { right in
                !right.isSystem && (right.resource == "*" || right.resource == permission.resource.rawValue)
                    && (right.action == "*" || right.action == permission.action.rawValue)
            })
        }
        let projects = roles.filter { $0.value.contains { PermissionMatrix.permissions(of: $0).contains(permission) } }
        return .some(ids: projects.keys.sorted(), names: [], shares: shares)
    }

    /// The projects that lists of projects have: for a robot those in which it may do anything.
    var listedProjects: ProjectVisibility {
        if let robot {
            if robot.contains(where: { $0.isSystem && $0.resource == "project" && $0.action == "list" }) { return .all }
            return visibility(ofRobotWhere: { !$0.isSystem })
        }
        return visibility(for: Permission(.read, .project))
    }

    private func visibility(ofRobotWhere isIt: (RobotPermission) -> Bool) -> ProjectVisibility {
        let namespaces = Set((robot ?? []).filter(isIt).map(\.namespace))
        return namespaces.contains("*") ? .all : .some(ids: [], names: namespaces.sorted())
    }

    /// What grants let be seen: that of which something may be pulled.
    private var shares: [ProjectVisibility.Share] {
        let patterns = grants.filter { $0.actions.contains("pull") }
        return Set(patterns.map { ProjectVisibility.Share(projectID: $0.projectID, pattern: $0.pattern) })
            .sorted { ($0.projectID, $0.pattern) < ($1.projectID, $1.pattern) }
    }
}
