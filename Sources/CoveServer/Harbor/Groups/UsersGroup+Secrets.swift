import CoveIdentity
import CoveMetadata
import HTTPTypes
import HummingbirdCore

extension UsersGroup {
    /// One's own password with the old one; others' as an administrator.
    func setPassword(_ call: HarborCall) async throws -> Response {
        let id = try call.id("user_id")
        let isOwn = call.principal.accountID == id
        if !isOwn { try call.requireAdministrator() }
        let body = try await call.body(Harbor.PasswordReq.self)
        guard let new = body.newPassword else { throw HarborFailure.badRequest("new_password: it is required") }
        let found = try await platform.metadata.read { store -> AccountCredentials? in
            guard let account = try store.account(id) else { return nil }
            return try store.accountCredentials(account.name)
        }
        guard let account = found else { throw Self.unknown(id) }
        guard account.source == "database" else {
            throw HarborFailure.forbidden("the password of '\(account.name)' is kept by \(account.source) and changed there")
        }
        if isOwn {
            guard let old = body.oldPassword else { throw HarborFailure.badRequest("old_password: it is required to change one's own") }
            try await check(old, of: account)
            guard old != new else { throw HarborFailure.badRequest("new_password: it is the old one") }
        }
        let hash = try await platform.hash(new, of: "new_password")
        try await platform.accounts.change { store in
            try store.setPassword(hash, of: id)
            try store.unlock(account: id)
        }
        return .empty(.ok)
    }

    /// Guesses at the old password count as those at a login do.
    private func check(_ password: String, of account: AccountCredentials) async throws {
        let wrong = HarborFailure.forbidden("old_password: it is not the password of '\(account.name)'")
        guard account.lockedUntil <= .nowMicroseconds else { throw wrong }
        guard try await platform.verify(password, against: account.password) else {
            let lockout = platform.accounts.options.lockout
            try await platform.accounts.change { store in
                let failures = try store.noteFailure(of: account.id)
                if let time = lockout.time(after: failures) { try store.lock(account: account.id, for: time) }
            }
            throw wrong
        }
    }

    /// What programs log in with in place of the password.
    func setCLISecret(_ call: HarborCall) async throws -> Response {
        let id = try call.id("user_id")
        if call.principal.accountID != id { try call.requireAdministrator() }
        let body = try await call.body(Harbor.OIDCCliSecretReq.self)
        guard let secret = body.secret else { throw HarborFailure.badRequest("secret: it is required") }
        guard try await platform.metadata.read({ try $0.account(id) }) != nil else { throw Self.unknown(id) }
        let hash = try await platform.hash(secret, of: "secret")
        try await platform.accounts.change { store in
            guard try store.account(id) != nil else { throw Self.unknown(id) }
            try store.setCLISecret(hash, of: id)
        }
        return .empty(.ok)
    }

    /// What whoever asks may do, in the system or in a project.
    func currentPermissions(_ call: HarborCall) async throws -> Response {
        let scope = call.query("scope") ?? "/"
        let isRelative = call.flag("relative") ?? false
        if scope == "/" || scope == "/system" {
            let allowed = RobotPermissions.system.filter { call.rights.allows($0, in: .system) }
            return .json(
                allowed.map {
                    Harbor.Permission(
                        resource: isRelative ? $0.resource.rawValue : "/system/\($0.resource.rawValue)", action: $0.action.rawValue)
                })
        }
        let parts = scope.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0].isEmpty, parts[1] == "project", let id = Int64(parts[2]) else {
            throw HarborFailure.badRequest("scope: '\(scope.prefix(60))' is neither /project/ID nor /system")
        }
        // Nothing is allowed in a project that is not there: it looks like one that is not to be seen.
        guard let project = try await platform.metadata.read({ try $0.project(id) }) else { return .json([Harbor.Permission]()) }
        let allowed = RobotPermissions.project.filter { call.rights.allows($0, in: project.scope) }
        return .json(
            allowed.map { permission in
                let isItself = permission.resource == .project
                let name = permission.resource.rawValue
                let resource = isRelative ? (isItself ? "." : name) : (isItself ? scope : "\(scope)/\(name)")
                return Harbor.Permission(resource: resource, action: permission.action.rawValue)
            })
    }
}

extension Harbor.UserResp {
    init(_ account: AccountRecord) {
        self.init(
            email: account.email, realname: account.fullName, comment: account.comment, userId: account.id, username: account.name,
            sysadminFlag: account.isAdministrator, adminRoleInAuth: false, oidcUserMeta: Harbor.OIDCUserInfo(account),
            creationTime: HarborTime(account.createdAt), updateTime: HarborTime(account.updatedAt))
    }
}

extension Harbor.OIDCUserInfo {
    /// Nil for users of other kinds. The secret is kept as a hash alone, so it is not among it.
    fileprivate init?(_ account: AccountRecord) {
        guard account.source == "oidc", let subject = account.subject else { return nil }
        self.init(
            id: account.id, userId: account.id, subiss: subject, creationTime: HarborTime(account.createdAt),
            updateTime: HarborTime(account.updatedAt))
    }
}
