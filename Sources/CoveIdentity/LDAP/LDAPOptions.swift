/// How users and groups are found in a directory.
package struct LDAPOptions: Sendable, Equatable {
    package enum Scope: Int64, Sendable {
        case base = 0
        case oneLevel = 1
        case subtree = 2
    }

    package var server: LDAPServer
    package var verifiesCertificate = true
    /// For connecting, and for each answer, in seconds.
    package var timeout: Int64 = 5
    /// Who searches; empty for nobody in particular.
    package var searchDN = ""
    package var searchPassword = ""
    package var baseDN = ""
    package var filter = ""
    package var uid = "cn"
    package var scope = Scope.subtree
    package var groupBaseDN = ""
    package var groupFilter = ""
    package var groupName = "cn"
    package var groupScope = Scope.subtree
    package var adminGroupDN = ""
    package var membership = "memberof"

    package init(server: LDAPServer) { self.server = server }

    /// - Throws: ``LDAPError/misconfigured(_:)`` where no server is named.
    package init(_ settings: Settings) throws(LDAPError) {
        guard let server = LDAPServer(parsing: settings.string(.ldapURL)) else {
            throw .misconfigured("ldap_url: no LDAP server is set; set it first")
        }
        self.server = server
        verifiesCertificate = settings.boolean(.ldapVerifyCertificate)
        timeout = settings.integer(.ldapTimeout)
        searchDN = settings.string(.ldapSearchDN)
        searchPassword = settings.string(.ldapSearchPassword)
        baseDN = settings.string(.ldapBaseDN)
        filter = settings.string(.ldapFilter)
        uid = settings.string(.ldapUID)
        scope = Scope(rawValue: settings.integer(.ldapScope)) ?? .subtree
        groupBaseDN = settings.string(.ldapGroupBaseDN)
        groupFilter = settings.string(.ldapGroupSearchFilter)
        groupName = settings.string(.ldapGroupAttributeName)
        groupScope = Scope(rawValue: settings.integer(.ldapGroupSearchScope)) ?? .subtree
        adminGroupDN = settings.string(.ldapGroupAdminDN)
        membership = settings.string(.ldapGroupMembershipAttribute)
    }
}
