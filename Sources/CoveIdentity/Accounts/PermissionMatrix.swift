/// Which role may do what in a project: the one table that every API goes by.
///
/// Each role has what the weaker one has, and more: limited guest, guest, developer, maintainer, project admin. Whoever is no
/// member, or nobody, has in a public project what `visitor` says, and nothing elsewhere.
package enum PermissionMatrix {
    /// What a project's role may do in it.
    package static func permissions(of role: ProjectRole) -> Set<Permission> {
        switch role {
        case .limitedGuest: limitedGuest
        case .guest: guest
        case .developer: developer
        case .maintainer: maintainer
        case .projectAdmin: projectAdmin
        }
    }

    /// What anybody may do in a public project.
    package static let visitor = set([
        (.project, [.read]),
        (.repository, [.list, .read, .pull]),
        (.artifact, [.read, .list]),
        (.artifactAddition, [.read]),
        (.accessory, [.list]),
        (.tag, [.list]),
        (.label, [.read, .list]),
        (.configuration, [.read]),
        (.scan, [.read]),
        (.sbom, [.read]),
        (.scanner, [.read]),
    ])

    /// What whoever has a grant for some repositories of a project may do in it, beside what the grant says of those: see that it is
    /// there.
    package static let grantee = set([(.project, [.read])])

    /// What a member may see and fetch without seeing who else is there.
    private static let limitedGuest = set([
        (.project, [.read]),
        (.quota, [.read]),
        (.repository, [.list, .read, .pull]),
        (.artifact, [.read, .list]),
        (.artifactAddition, [.read]),
        (.accessory, [.list]),
        (.tag, [.list]),
        (.configuration, [.read]),
        (.metadata, [.read, .list]),
        (.scan, [.read]),
        (.sbom, [.read]),
        (.scanner, [.read]),
    ])

    private static let guest = limitedGuest.union(
        set([
            (.member, [.read, .list]),
            (.log, [.list]),
            (.label, [.read, .list]),
            (.robot, [.read, .list]),
        ]))

    private static let developer = guest.union(
        set([
            (.repository, [.create, .push]),
            (.artifact, [.create]),
            (.tag, [.create]),
            (.artifactLabel, [.create, .delete]),
            (.exportCVE, [.create, .read, .list]),
        ]))

    private static let maintainer = developer.union(
        set([
            (.repository, [.update, .delete]),
            (.artifact, [.delete]),
            (.tag, [.delete]),
            (.label, [.create, .update, .delete]),
            (.metadata, [.create, .update, .delete]),
            (.tagRetention, [.create, .read, .update, .delete, .list, .operate]),
            (.immutableTag, [.create, .update, .delete, .list]),
            (.notificationPolicy, [.read, .list]),
            (.scan, [.create, .stop]),
            (.sbom, [.create, .stop]),
        ]))

    private static let projectAdmin = maintainer.union(
        set([
            (.project, [.update, .delete]),
            (.member, [.create, .update, .delete]),
            (.configuration, [.create, .update, .delete]),
            (.robot, [.create, .update, .delete]),
            (.notificationPolicy, [.create, .update, .delete]),
            (.scanner, [.create]),
            (.preheatPolicy, [.create, .read, .update, .delete, .list]),
        ]))

    /// What a system's auditor may do: see all of it, fetch and change none.
    package static func isForAuditors(_ permission: Permission) -> Bool {
        permission.action == .read || permission.action == .list
    }

    private static func set(_ entries: [(Permission.Resource, [Permission.Action])]) -> Set<Permission> {
        Set(entries.flatMap { resource, actions in actions.map { Permission($0, resource) } })
    }
}
