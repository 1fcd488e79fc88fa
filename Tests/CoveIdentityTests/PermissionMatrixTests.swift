import Testing

@testable import CoveIdentity

/// The whole table, written down a second time and by action: what each role may do, and what anybody may in a public project.
@Suite("PermissionMatrix")
struct PermissionMatrixTests {
    /// From whom on each right is given. Each role has what those to its left have; `v` also who is no member, in public.
    private static let table: [(String, from: ProjectRole?, public: Bool)] = [
        ("self:read", .limitedGuest, true), ("self:update", .projectAdmin, false), ("self:delete", .projectAdmin, false),
        ("member:read", .guest, false), ("member:list", .guest, false), ("member:create", .projectAdmin, false),
        ("member:update", .projectAdmin, false), ("member:delete", .projectAdmin, false), ("log:list", .guest, false),
        ("label:read", .guest, true), ("label:list", .guest, true), ("label:create", .maintainer, false),
        ("label:update", .maintainer, false), ("label:delete", .maintainer, false), ("quota:read", .limitedGuest, false),
        ("repository:list", .limitedGuest, true), ("repository:read", .limitedGuest, true), ("repository:pull", .limitedGuest, true),
        ("repository:push", .developer, false), ("repository:create", .developer, false),
        ("repository:update", .maintainer, false), ("repository:delete", .maintainer, false),
        ("robot:read", .guest, false), ("robot:list", .guest, false), ("robot:create", .projectAdmin, false),
        ("robot:update", .projectAdmin, false), ("robot:delete", .projectAdmin, false), ("configuration:read", .limitedGuest, true),
        ("configuration:create", .projectAdmin, false), ("configuration:update", .projectAdmin, false),
        ("configuration:delete", .projectAdmin, false), ("scan:read", .limitedGuest, true), ("scan:create", .maintainer, false),
        ("scan:stop", .maintainer, false), ("sbom:read", .limitedGuest, true), ("sbom:create", .maintainer, false),
        ("sbom:stop", .maintainer, false), ("scanner:read", .limitedGuest, true), ("scanner:create", .projectAdmin, false),
        ("artifact:read", .limitedGuest, true), ("artifact:list", .limitedGuest, true), ("artifact:create", .developer, false),
        ("artifact:delete", .maintainer, false), ("tag:list", .limitedGuest, true), ("tag:create", .developer, false),
        ("tag:delete", .maintainer, false), ("accessory:list", .limitedGuest, true), ("metadata:read", .limitedGuest, false),
        ("metadata:list", .limitedGuest, false), ("metadata:create", .maintainer, false), ("metadata:update", .maintainer, false),
        ("metadata:delete", .maintainer, false), ("tag-retention:create", .maintainer, false), ("tag-retention:read", .maintainer, false),
        ("tag-retention:update", .maintainer, false), ("tag-retention:delete", .maintainer, false),
        ("tag-retention:list", .maintainer, false), ("tag-retention:operate", .maintainer, false),
        ("immutable-tag:create", .maintainer, false), ("immutable-tag:update", .maintainer, false),
        ("immutable-tag:delete", .maintainer, false), ("immutable-tag:list", .maintainer, false),
        ("notification-policy:read", .maintainer, false), ("notification-policy:list", .maintainer, false),
        ("notification-policy:create", .projectAdmin, false), ("notification-policy:update", .projectAdmin, false),
        ("notification-policy:delete", .projectAdmin, false), ("artifact-addition:read", .limitedGuest, true),
        ("artifact-label:create", .developer, false), ("artifact-label:delete", .developer, false),
        ("export-cve:create", .developer, false), ("export-cve:read", .developer, false), ("export-cve:list", .developer, false),
        ("preheat-policy:create", .projectAdmin, false), ("preheat-policy:read", .projectAdmin, false),
        ("preheat-policy:update", .projectAdmin, false), ("preheat-policy:delete", .projectAdmin, false),
        ("preheat-policy:list", .projectAdmin, false),
    ]

    private static let all = Permission.Resource.allCases.flatMap { resource in
        Permission.Action.allCases.map { Permission($0, resource) }
    }

    private static func expected(_ permission: Permission) -> (from: ProjectRole?, public: Bool) {
        let name = "\(permission.resource.rawValue):\(permission.action.rawValue)"
        return table.first { $0.0 == name }.map { ($0.from, $0.public) } ?? (nil, false)
    }

    private static func isAtLeast(_ role: ProjectRole, _ least: ProjectRole) -> Bool {
        let order = ProjectRole.byStrength
        return (order.firstIndex(of: role) ?? 0) <= (order.firstIndex(of: least) ?? 0)
    }

    private static func rights(_ role: ProjectRole?) -> Rights {
        var rights = Rights()
        if let role { rights.roles = [1: [role]] }
        return rights
    }

    @Test(
        "each role may do what the table says, in private and in public projects, and nothing in other ones",
        arguments: ProjectRole.allCases)
    func roles(role: ProjectRole) {
        let rights = Self.rights(role)
        for permission in Self.all {
            let expected = Self.expected(permission)
            let may = expected.from.map { Self.isAtLeast(role, $0) } ?? false
            #expect(rights.allows(permission, in: .project(id: 1, name: "a", isPublic: false)) == may, "\(permission)")
            #expect(rights.allows(permission, in: .project(id: 1, name: "a", isPublic: true)) == (may || expected.public), "\(permission)")
            #expect(!rights.allows(permission, in: .project(id: 2, name: "b", isPublic: false)), "\(permission)")
            #expect(rights.allows(permission, in: .project(id: 2, name: "b", isPublic: true)) == expected.public, "\(permission)")
            #expect(!rights.allows(permission, in: .system), "\(permission)")
        }
    }

    @Test("who is no member may see and pull what is public")
    func visitors() {
        for permission in Self.all {
            #expect(!Self.rights(nil).allows(permission, in: .project(id: 1, name: "a", isPublic: false)))
            #expect(
                Self.rights(nil).allows(permission, in: .project(id: 1, name: "a", isPublic: true)) == Self.expected(permission).public)
            #expect(!Self.rights(nil).allows(permission, in: .system))
        }
    }

    @Test("who has a grant for repositories of a project sees that it is there, and no more of it")
    func grantees() {
        var rights = Rights()
        rights.grants = [.init(projectID: 1, pattern: "**", actions: ["pull", "push", "delete"])]
        for permission in Self.all {
            let isSight = permission == Permission(.read, .project)
            #expect(rights.allows(permission, in: .project(id: 1, name: "a", isPublic: false)) == isSight)
            #expect(!rights.allows(permission, in: .project(id: 2, name: "b", isPublic: false)))
            #expect(!rights.allows(permission, in: .system))
        }
    }

    @Test("administrators may do everything, auditors see everything and nothing else")
    func system() {
        var administrator = Rights()
        administrator.isAdministrator = true
        var auditor = Rights()
        auditor.isAuditor = true
        for permission in Self.all {
            for scope in [Rights.Scope.system, .project(id: 1, name: "a", isPublic: false)] {
                #expect(administrator.allows(permission, in: scope))
                #expect(auditor.allows(permission, in: scope) == [.read, .list].contains(permission.action))
            }
        }
    }

    @Test("a robot has what it was given, where it was given")
    func robots() {
        for given in Self.all {
            var rights = Rights()
            rights.robot = [
                .init(isSystem: false, namespace: "a", resource: given.resource.rawValue, action: given.action.rawValue)
            ]
            for permission in Self.all {
                #expect(rights.allows(permission, in: .project(id: 1, name: "a", isPublic: false)) == (permission == given))
                #expect(!rights.allows(permission, in: .project(id: 2, name: "b", isPublic: false)))
                #expect(!rights.allows(permission, in: .system))
            }
        }
        var everywhere = Rights()
        everywhere.robot = [.init(isSystem: false, namespace: "*", resource: "*", action: "*")]
        #expect(Self.all.allSatisfy { everywhere.allows($0, in: .project(id: 9, name: "z", isPublic: false)) })
        #expect(Self.all.allSatisfy { !everywhere.allows($0, in: .system) })
    }
}
