import CoveIdentity
import HTTPTypes
import HummingbirdCore
import NIOCore

/// What administrators ask a directory before people log in by it.
struct LdapGroup: HarborGroup {
    let platform: Platform

    var handlers: [HarborOperation: HarborHandler] {
        [.pingLdap: ping, .searchLdapUser: searchUsers, .importLdapUser: importUsers, .searchLdapGroup: searchGroups]
    }

    private var directory: LDAPDirectory { platform.ldap.directory }

    private func ping(_ call: HarborCall) async throws -> Response {
        try call.requireAdministrator()
        let bytes = try await call.bytes()
        let asked = bytes.readableBytes == 0 ? Harbor.LdapConf() : try HarborBody.decode(bytes, as: Harbor.LdapConf.self)
        do {
            try await directory.ping(try options(asked))
            return .json(Harbor.LdapPingResult(success: true, message: nil))
        } catch let error as LDAPError {
            if case .misconfigured(let reason) = error, reason.hasPrefix("ldap_url") { throw HarborFailure.badRequest(reason) }
            return .json(Harbor.LdapPingResult(success: false, message: error.description))
        }
    }

    /// What is set, with what is asked for instead. The password that is set goes only to the server that is set.
    private func options(_ asked: Harbor.LdapConf) throws -> LDAPOptions {
        let settings = platform.settings
        func check(_ value: SettingValue?, _ name: SettingName) throws {
            if let value { try SettingRule.of(name).check(value, of: name) }
        }
        try check(asked.ldapUrl.map { .text($0) }, .ldapURL)
        try check(asked.ldapFilter.map { .text($0) }, .ldapFilter)
        try check(asked.ldapScope.map { .integer($0) }, .ldapScope)
        try check(asked.ldapConnectionTimeout.map { .integer($0) }, .ldapTimeout)
        var options: LDAPOptions
        if let url = asked.ldapUrl, !url.isEmpty, let server = LDAPServer(parsing: url) {
            options = (try? LDAPOptions(settings)) ?? LDAPOptions(server: server)
            if options.server != server { options.searchPassword = "" }
            options.server = server
        } else {
            options = try LDAPOptions(settings)
        }
        if let dn = asked.ldapSearchDn { options.searchDN = dn }
        if let password = asked.ldapSearchPassword, !password.isEmpty { options.searchPassword = password }
        if let base = asked.ldapBaseDn { options.baseDN = base }
        if let timeout = asked.ldapConnectionTimeout { options.timeout = timeout }
        if let verifies = asked.ldapVerifyCert { options.verifiesCertificate = verifies }
        return options
    }

    private func searchUsers(_ call: HarborCall) async throws -> Response {
        try call.requireAdministrator()
        let people = try await directory.people(named: call.query("username"), LDAPOptions(platform.settings))
        return .json(people.map { Harbor.LdapUser(username: $0.uid, realname: $0.realName, email: $0.email ?? "") })
    }

    private func importUsers(_ call: HarborCall) async throws -> Response {
        try call.requireAdministrator()
        let names = try await call.body(Harbor.LdapImportUsers.self).ldapUidList ?? []
        guard (1...1000).contains(names.count) else {
            throw HarborFailure.badRequest("'ldap_uid_list' has \(names.count) names; 1 to 1000 are allowed")
        }
        guard platform.settings.string(.authMode) == "ldap_auth" else {
            throw HarborFailure.badRequest("auth_mode: it is not ldap_auth, so nobody could log in by what is imported")
        }
        let options = try LDAPOptions(platform.settings)
        var failed: [Harbor.LdapFailedImportUser] = []
        for name in names {
            do {
                guard let person = try await directory.person(named: name, options),
                    try await platform.ldap.principal(person, options) != nil
                else {
                    failed.append(.init(uid: name, error: "unknown_user"))
                    continue
                }
            } catch let refusal as OnboardingRefusal {
                failed.append(.init(uid: name, error: refusal.description))
            }
        }
        return failed.isEmpty ? .empty(.ok) : .json(failed, status: .notFound)
    }

    private func searchGroups(_ call: HarborCall) async throws -> Response {
        try call.requireAdministrator()
        let options = try LDAPOptions(platform.settings)
        let groups: [LDAPGroup]
        if let dn = call.query("groupdn") {
            guard LDAPName.normalized(dn) != nil else {
                throw HarborFailure.badRequest("groupdn: '\(dn.prefix(120))' is no distinguished name")
            }
            groups = try await directory.group(at: dn, options).map { [$0] } ?? []
        } else {
            groups = try await directory.groups(named: call.query("groupname"), options)
        }
        return .json(groups.map { Harbor.UserGroup(id: nil, groupName: $0.name, groupType: 1, ldapGroupDn: $0.dn) })
    }
}
