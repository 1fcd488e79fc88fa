/// What robots can be given, as `GET /permissions` lists it.
package enum RobotPermissions {
    package static let system = list([
        (.auditLog, [.list]),
        (.catalog, [.read]),
        (.configuration, [.read, .update]),
        (.exportCVE, [.create, .read]),
        (.garbageCollection, [.create, .read, .update, .list, .stop]),
        (.jobserviceMonitor, [.list, .stop]),
        (.label, [.create, .read, .update, .delete, .list]),
        (.ldapUser, [.create, .list]),
        (.preheatInstance, [.create, .read, .update, .delete, .list]),
        (.systemProject, [.create, .list]),
        (.purgeAudit, [.create, .read, .update, .list, .stop]),
        (.quota, [.read, .update, .list]),
        (.registry, [.create, .read, .update, .delete, .list]),
        (.replication, [.create, .read, .list]),
        (.replicationAdapter, [.list]),
        (.replicationPolicy, [.create, .read, .update, .delete, .list]),
        (.robot, [.create, .read, .update, .delete, .list]),
        (.scanAll, [.create, .read, .update, .stop]),
        (.scanner, [.create, .read, .update, .delete, .list]),
        (.securityHub, [.read, .list]),
        (.systemVolumes, [.read]),
        (.user, [.create, .read, .update, .delete, .list]),
        (.userGroup, [.create, .read, .update, .delete, .list]),
    ])

    package static let project = list([
        (.accessory, [.list]),
        (.artifact, [.create, .read, .delete, .list]),
        (.artifactAddition, [.read]),
        (.artifactLabel, [.create, .delete]),
        (.configuration, [.read, .update]),
        (.exportCVE, [.create, .read, .list]),
        (.immutableTag, [.create, .update, .delete, .list]),
        (.label, [.create, .read, .update, .delete, .list]),
        (.log, [.list]),
        (.member, [.create, .read, .update, .delete, .list]),
        (.metadata, [.create, .read, .update, .delete, .list]),
        (.notificationPolicy, [.create, .read, .update, .delete, .list]),
        (.preheatPolicy, [.create, .read, .update, .delete, .list]),
        (.project, [.read, .update, .delete]),
        (.quota, [.read]),
        (.repository, [.read, .update, .delete, .list, .pull, .push]),
        (.robot, [.create, .read, .update, .delete, .list]),
        (.sbom, [.create, .read, .stop]),
        (.scan, [.create, .read, .stop]),
        (.scanner, [.create, .read]),
        (.tag, [.create, .delete, .list]),
        (.tagRetention, [.create, .read, .update, .delete, .list, .operate]),
    ])

    /// What Harbor's API calls a resource of a project: a project itself is `project` there.
    package static func nameInProject(_ resource: Permission.Resource) -> String {
        resource == .project ? Permission.Resource.systemProject.rawValue : resource.rawValue
    }

    /// The permission that the names stand for; nil for one that no robot can have.
    package static func find(_ resource: String, _ action: String, inProject: Bool) -> Permission? {
        if inProject {
            return project.first {
                $0.action.rawValue == action && (nameInProject($0.resource) == resource || $0.resource.rawValue == resource)
            }
        }
        return system.first { $0.action.rawValue == action && $0.resource.rawValue == resource }
    }

    private static func list(_ entries: [(Permission.Resource, [Permission.Action])]) -> [Permission] {
        entries.flatMap { resource, actions in actions.map { Permission($0, resource) } }
    }
}
