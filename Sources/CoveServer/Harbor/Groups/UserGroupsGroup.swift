import CoveIdentity
import CoveMetadata
import HTTPTypes
import HummingbirdCore

/// Groups of users.
struct UserGroupsGroup: HarborGroup {
    let platform: Platform

    var handlers: [HarborOperation: HarborHandler] {
        [
            .listUserGroups: list, .createUserGroup: create, .searchUserGroups: search, .getUserGroup: get, .updateUserGroup: update,
            .deleteUserGroup: delete,
        ]
    }

    private func list(_ call: HarborCall) async throws -> Response {
        try call.require(.list, .userGroup, in: .system)
        let query = try call.list()
        let (name, ldapDN) = (call.query("group_name"), call.query("ldap_group_dn").map { LDAPName.canonical($0) ?? $0 })
        let (page, total) = try await platform.metadata.read { try $0.accountGroups(searching: name, ldapDN: ldapDN, query) }
        return call.page(page.map { Harbor.UserGroup($0) }, total: total, of: query)
    }

    private func search(_ call: HarborCall) async throws -> Response {
        let query = try call.list()
        let name = call.query("groupname") ?? ""
        let (page, total) = try await platform.metadata.read { try $0.accountGroups(searching: name, query) }
        return call.page(
            page.map { Harbor.UserGroupSearchItem(id: $0.id, groupName: $0.name, groupType: $0.type) }, total: total, of: query)
    }

    private func get(_ call: HarborCall) async throws -> Response {
        let id = try call.id("group_id")
        try call.require(.read, .userGroup, in: .system)
        guard let group = try await platform.metadata.read({ try $0.accountGroup(id) }) else { throw Self.unknown(id) }
        return .json(Harbor.UserGroup(group))
    }

    private static func unknown(_ id: Int64) -> HarborFailure { .notFound("there is no user group \(id)") }

    private func create(_ call: HarborCall) async throws -> Response {
        try call.require(.create, .userGroup, in: .system)
        let group = try NewUserGroup(try await call.body(Harbor.UserGroup.self), field: "")
        let id = try await platform.accounts.change { store in
            guard let id = try store.insertAccountGroup(group.name, type: group.type, ldapDN: group.ldapDN) else {
                throw HarborFailure.conflict("there is a user group '\(group.name)', or one with that ldap_group_dn, already")
            }
            return id
        }
        return call.created(at: "/usergroups/\(id)")
    }

    /// Only its name can be changed: what it is of its provider says who is in it.
    private func update(_ call: HarborCall) async throws -> Response {
        let id = try call.id("group_id")
        try call.require(.update, .userGroup, in: .system)
        let body = try await call.body(Harbor.UserGroup.self)
        let name = try HarborText.name(body.groupName, "group_name")
        try await platform.accounts.change { store in
            guard let group = try store.accountGroup(id) else { throw Self.unknown(id) }
            guard body.groupType ?? group.type == group.type, body.ldapGroupDn ?? group.ldapDN == group.ldapDN else {
                throw HarborFailure.badRequest("group_type and ldap_group_dn of a user group cannot be changed, only group_name can")
            }
            guard try store.renameAccountGroup(id, to: name) else {
                throw HarborFailure.conflict("group_name: there is a user group '\(name)' already")
            }
        }
        return .empty(.ok)
    }

    private func delete(_ call: HarborCall) async throws -> Response {
        let id = try call.id("group_id")
        try call.require(.delete, .userGroup, in: .system)
        try await platform.accounts.change { store in
            guard try store.accountGroup(id) != nil else { throw Self.unknown(id) }
            try store.deleteAccountGroup(id)
        }
        return .empty(.ok)
    }
}

/// A group that is to be made.
struct NewUserGroup: Sendable {
    private static let ldap: Int64 = 1
    private static let types: ClosedRange<Int64> = 1...3

    let name: String
    let type: Int64
    /// Empty for a group that is not of LDAP.
    let ldapDN: String

    /// - Parameter field: what its fields' names begin with in messages.
    /// - Throws: ``HarborFailure`` that names the field.
    init(_ body: Harbor.UserGroup, field: String) throws(HarborFailure) {
        guard let type = body.groupType, Self.types.contains(type) else {
            throw .badRequest("\(field)group_type: it must be 1 (LDAP), 2 (HTTP) or 3 (OIDC)")
        }
        self.type = type
        let dn = try HarborText.check(body.ldapGroupDn, "\(field)ldap_group_dn", in: 0...512)
        guard type == Self.ldap else {
            guard dn.isEmpty else { throw .badRequest("\(field)ldap_group_dn: only a group of type 1 (LDAP) has one") }
            ldapDN = ""
            name = try HarborText.name(body.groupName, "\(field)group_name")
            return
        }
        // Of `cn=developers,ou=groups` the group is called `developers` unless said otherwise (RFC 4514 section 3).
        guard let dn = LDAPName.canonical(dn), let equals = dn.firstIndex(of: "=") else {
            throw .badRequest(
                "\(field)ldap_group_dn: a group of LDAP needs its distinguished name, such as cn=developers,dc=example,dc=org")
        }
        let first = dn[dn.index(after: equals)...].prefix { $0 != "," }
        ldapDN = dn
        name = try HarborText.name(body.groupName.flatMap { $0.isEmpty ? nil : $0 } ?? String(first), "\(field)group_name")
    }
}

extension Harbor.UserGroup {
    init(_ group: AccountGroupRecord) {
        self.init(id: group.id, groupName: group.name, groupType: group.type, ldapGroupDn: group.ldapDN.isEmpty ? nil : group.ldapDN)
    }
}
