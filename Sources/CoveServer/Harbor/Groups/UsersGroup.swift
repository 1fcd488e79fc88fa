import CoveIdentity
import CoveMetadata
import HTTPTypes
import HummingbirdCore

/// Users: who there is, and who oneself is.
struct UsersGroup: HarborGroup {
    let platform: Platform

    var handlers: [HarborOperation: HarborHandler] {
        [
            .listUsers: list, .createUser: create, .searchUsers: search, .getUser: get, .updateUserProfile: updateProfile,
            .deleteUser: delete, .setUserSysAdmin: setAdministrator, .updateUserPassword: setPassword, .setCliSecret: setCLISecret,
            .getCurrentUserInfo: current, .getCurrentUserPermissions: currentPermissions,
        ]
    }

    // MARK: - Looking

    private func list(_ call: HarborCall) async throws -> Response {
        try call.require(.list, .user, in: .system)
        let query = try call.list()
        let (page, total) = try await platform.metadata.read { try $0.accounts(query) }
        return call.page(page.map { Harbor.UserResp($0) }, total: total, of: query)
    }

    private func search(_ call: HarborCall) async throws -> Response {
        let query = try call.list()
        let text = call.query("username") ?? ""
        let (page, total) = try await platform.metadata.read { try $0.accounts(searching: text, query) }
        return call.page(page.map { Harbor.UserSearchRespItem(userId: $0.id, username: $0.name) }, total: total, of: query)
    }

    private func get(_ call: HarborCall) async throws -> Response {
        let id = try call.id("user_id")
        if call.principal.accountID != id { try call.require(.read, .user, in: .system) }
        return .json(Harbor.UserResp(try await existing(id)))
    }

    private func current(_ call: HarborCall) async throws -> Response {
        guard let id = call.principal.accountID else {
            throw HarborFailure.precondition("'\(call.principal.name)' is a robot, not a user; robots have no profile")
        }
        return .json(Harbor.UserResp(try await existing(id)))
    }

    private func existing(_ id: Int64) async throws -> AccountRecord {
        guard let account = try await platform.metadata.read({ try $0.account(id) }) else { throw Self.unknown(id) }
        return account
    }

    static func unknown(_ id: Int64) -> HarborFailure { .notFound("there is no user \(id)") }

    // MARK: - Changing

    private func create(_ call: HarborCall) async throws -> Response {
        if !call.rights.allows(Permission(.create, .user), in: .system) {
            guard platform.settings.boolean(.selfRegistration) else {
                if call.principal.isAnonymous { throw HarborFailure.unauthorized() }
                throw HarborFailure.forbidden("only a system administrator makes users here, as self_registration is off")
            }
        }
        guard platform.settings.string(.authMode) == "db_auth" else {
            throw HarborFailure.forbidden("users come from where people log in (auth_mode), so none is made here")
        }
        let body = try await call.body(Harbor.UserCreationReq.self)
        let name = try self.name(body.username)
        let profile = AccountProfile(
            email: try HarborText.email(body.email, "email"),
            fullName: try HarborText.check(body.realname, "realname", in: 0...255),
            comment: try HarborText.check(body.comment, "comment", in: 0...255))
        guard let password = body.password else { throw HarborFailure.badRequest("password: it is required") }
        let hash = try await platform.hash(password, of: "password")
        let id = try await platform.accounts.change { store in
            guard let id = try store.insertAccount(name, profile, password: hash) else {
                throw HarborFailure.conflict("there is a user with the name '\(name)', or with that email, already")
            }
            return id
        }
        return call.created(at: "/users/\(id)")
    }

    private func name(_ text: String?) throws(HarborFailure) -> String {
        // Basic authentication ends a name at a colon (RFC 7617 section 2); the others are those that Harbor refuses.
        let name = try HarborText.name(text, "username", without: ":,\"~#%$/+\\")
        let prefix = platform.accounts.options.robotPrefix
        guard !name.lowercased().hasPrefix(prefix.lowercased()) else {
            throw .badRequest("username: '\(name)' begins with '\(prefix)', as only names of robots do")
        }
        return name
    }

    private func updateProfile(_ call: HarborCall) async throws -> Response {
        let id = try call.id("user_id")
        let isOwn = call.principal.accountID == id
        if !isOwn { try call.require(.update, .user, in: .system) }
        let body = try await call.body(Harbor.UserProfile.self)
        let email = try HarborText.email(body.email, "email")
        if body.realname != nil { try HarborText.check(body.realname, "realname", in: 0...255) }
        if body.comment != nil { try HarborText.check(body.comment, "comment", in: 0...255) }
        let isAdministrator = call.rights.isAdministrator
        try await platform.accounts.change { store in
            guard let account = try store.account(id) else { throw Self.unknown(id) }
            guard isOwn || isAdministrator || !account.isAdministrator else {
                throw HarborFailure.forbidden("'\(account.name)' is a system administrator, whom only another may change")
            }
            guard account.source == "database" || isAdministrator else {
                throw HarborFailure.forbidden("what is known of '\(account.name)' comes from \(account.source) and is changed there")
            }
            let profile = AccountProfile(
                email: body.email == nil ? account.email : email, fullName: body.realname ?? account.fullName,
                comment: body.comment ?? account.comment)
            guard try store.setProfile(profile, of: id) else {
                throw HarborFailure.conflict("email: another user has '\(profile.email ?? "")'")
            }
        }
        return .empty(.ok)
    }

    private func delete(_ call: HarborCall) async throws -> Response {
        let id = try call.id("user_id")
        try call.require(.delete, .user, in: .system)
        guard call.principal.accountID != id else { throw HarborFailure.forbidden("one cannot delete oneself; another administrator can") }
        let isAdministrator = call.rights.isAdministrator
        try await platform.accounts.change { store in
            let administrators = try store.lockedAdministrators()
            guard let account = try store.account(id) else { throw Self.unknown(id) }
            guard !account.isAdministrator || isAdministrator else {
                throw HarborFailure.forbidden("'\(account.name)' is a system administrator, whom only another may delete")
            }
            guard administrators != [id] else { throw Self.lastAdministrator(account) }
            try store.deleteAccount(id)
        }
        return .empty(.ok)
    }

    private func setAdministrator(_ call: HarborCall) async throws -> Response {
        let id = try call.id("user_id")
        try call.requireAdministrator()
        guard let isAdministrator = try await call.body(Harbor.UserSysAdminFlag.self).sysadminFlag else {
            throw HarborFailure.badRequest("sysadmin_flag: it is required")
        }
        try await platform.accounts.change { store in
            let administrators = try store.lockedAdministrators()
            guard let account = try store.account(id) else { throw Self.unknown(id) }
            guard isAdministrator || administrators != [id] else { throw Self.lastAdministrator(account) }
            try store.setAdministrator(isAdministrator, account: id)
            try store.forgetGroupAdministrator(id)
        }
        return .empty(.ok)
    }

    private static func lastAdministrator(_ account: AccountRecord) -> HarborFailure {
        .forbidden("'\(account.name)' is the last system administrator; make another one first")
    }
}
