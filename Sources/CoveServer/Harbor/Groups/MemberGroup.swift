import CoveIdentity
import CoveMetadata
import HTTPTypes
import HummingbirdCore

/// Members of projects: users and groups with a role.
struct MemberGroup: HarborGroup {
    let platform: Platform

    var handlers: [HarborOperation: HarborHandler] {
        [
            .listProjectMembers: list, .createProjectMember: create, .getProjectMember: get, .updateProjectMember: update,
            .deleteProjectMember: delete,
        ]
    }

    private func list(_ call: HarborCall) async throws -> Response {
        let project = try await call.project(.list, .member)
        let query = try call.list()
        let name = call.query("entityname")
        let (page, total) = try await platform.metadata.read { try $0.members(ofProject: project.id, searching: name, query) }
        return call.page(page.map { Harbor.ProjectMemberEntity($0) }, total: total, of: query)
    }

    private func get(_ call: HarborCall) async throws -> Response {
        let project = try await call.project(.read, .member)
        let id = try call.id("mid")
        guard let member = try await platform.metadata.read({ try $0.member(id, ofProject: project.id) }) else {
            throw Self.unknown(id, project)
        }
        return .json(Harbor.ProjectMemberEntity(member))
    }

    private static func unknown(_ id: Int64, _ project: ProjectRecord) -> HarborFailure {
        .notFound("project '\(project.name)' has no member \(id)")
    }

    private func create(_ call: HarborCall) async throws -> Response {
        let project = try await call.project(.create, .member)
        let body = try await call.body(Harbor.ProjectMember.self)
        let role = try Self.role(body.roleId)
        try refuseMore(than: call, role, in: project)
        let (user, group) = (body.memberUser, body.memberGroup)
        guard (user == nil) != (group == nil) else {
            throw HarborFailure.badRequest("one of member_user and member_group is required, and not both")
        }
        let id = try await platform.accounts.change { store in
            guard try store.project(project.id) != nil else { throw HarborFailure.notFound("there is no project '\(project.name)'") }
            let entity: MemberEntity
            if let user {
                entity = .account(try Self.account(user, in: store))
            } else {
                entity = .group(try Self.group(group ?? Harbor.UserGroup(), in: store))
            }
            guard let id = try store.insertMember(entity, role: role, ofProject: project.id) else {
                throw HarborFailure.conflict("that user or group is a member of '\(project.name)' already; change its role instead")
            }
            return id
        }
        return call.created(at: "/projects/\(call.wantsNameInLocation ? project.name : String(project.id))/members/\(id)")
    }

    private static func role(_ id: Int64?) throws(HarborFailure) -> Int64 {
        guard let id, ProjectRole(rawValue: id) != nil else {
            let roles = ProjectRole.allCases.map { "\($0.rawValue) (\($0.name))" }.joined(separator: ", ")
            throw .badRequest("role_id: it must be one of \(roles)")
        }
        return id
    }

    /// Nobody gives what they do not have: a robot that may add members makes nobody stronger than itself.
    private func refuseMore(than call: HarborCall, _ role: Int64, in project: ProjectRecord) throws(HarborFailure) {
        guard call.rights.robot != nil, let role = ProjectRole(rawValue: role) else { return }
        let known = Set(RobotPermissions.project).intersection(PermissionMatrix.permissions(of: role))
        guard let missing = known.first(where: { !call.rights.allows($0, in: project.scope) }) else { return }
        throw .forbidden(
            "role_id: '\(call.principal.name)' may not \(missing.action.rawValue) \(missing.resource.rawValue), as a \(role.name) may, and so cannot make one"
        )
    }

    private static func account(_ user: Harbor.UserEntity, in store: MetadataTransaction) throws -> Int64 {
        if let id = user.userId, id != 0 {
            guard let account = try store.account(id) else { throw HarborFailure.notFound("member_user.user_id: there is no user \(id)") }
            if let name = user.username, !name.isEmpty, name.lowercased() != account.name.lowercased() {
                throw HarborFailure.badRequest("member_user: user \(id) is not called '\(name.prefix(255))'")
            }
            return id
        }
        guard let name = user.username, !name.isEmpty else {
            throw HarborFailure.badRequest("member_user: one of user_id and username is required")
        }
        guard let account = try store.account(named: name) else {
            throw HarborFailure.notFound("member_user.username: there is no user '\(name.prefix(255))'")
        }
        return account.id
    }

    /// A group that is there or, where it is said of which kind it is, a new one: an identity provider's groups become known with
    /// the first that is said of them.
    private static func group(_ group: Harbor.UserGroup, in store: MetadataTransaction) throws -> Int64 {
        if let id = group.id, id != 0 {
            guard try store.accountGroup(id) != nil else { throw HarborFailure.notFound("member_group.id: there is no user group \(id)") }
            return id
        }
        if let dn = group.ldapGroupDn, !dn.isEmpty, let found = try store.accountGroup(ldapDN: LDAPName.canonical(dn) ?? dn) {
            return found.id
        }
        if let name = group.groupName, !name.isEmpty, let found = try store.accountGroup(named: name) {
            guard group.groupType ?? found.type == found.type else {
                throw HarborFailure.badRequest("member_group.group_type: the user group '\(name.prefix(255))' is of type \(found.type)")
            }
            if group.ldapGroupDn ?? "" == "" { return found.id }
        }
        guard group.groupType != nil || group.ldapGroupDn != nil else {
            guard let name = group.groupName, !name.isEmpty else {
                throw HarborFailure.badRequest("member_group: one of id, group_name and ldap_group_dn is required")
            }
            throw HarborFailure.notFound("member_group.group_name: there is no user group '\(name.prefix(255))'")
        }
        var wanted = group
        if wanted.groupType == nil { wanted.groupType = 1 }
        let new = try NewUserGroup(wanted, field: "member_group.")
        guard let id = try store.insertAccountGroup(new.name, type: new.type, ldapDN: new.ldapDN) else {
            throw HarborFailure.conflict("member_group: there is another user group '\(new.name)'")
        }
        return id
    }

    private func update(_ call: HarborCall) async throws -> Response {
        let project = try await call.project(.update, .member)
        let id = try call.id("mid")
        let role = try Self.role(try await call.body(Harbor.RoleRequest.self).roleId)
        try refuseMore(than: call, role, in: project)
        try await platform.accounts.change { store in
            guard try store.member(id, ofProject: project.id) != nil else { throw Self.unknown(id, project) }
            try store.setRole(role, ofMember: id)
        }
        return .empty(.ok)
    }

    private func delete(_ call: HarborCall) async throws -> Response {
        let project = try await call.project(.delete, .member)
        let id = try call.id("mid")
        try await platform.accounts.change { store in
            guard try store.member(id, ofProject: project.id) != nil else { throw Self.unknown(id, project) }
            try store.deleteMember(id)
        }
        return .empty(.ok)
    }
}

extension Harbor.ProjectMemberEntity {
    fileprivate init(_ member: MemberRecord) {
        self.init(
            id: member.id, projectId: member.projectID, entityName: member.name,
            roleName: ProjectRole(rawValue: member.role)?.name, roleId: member.role, entityId: member.entityID,
            entityType: member.isGroup ? "g" : "u")
    }
}
