import Foundation

/// The identity provider, and what is made of what it says.
package struct OIDCOptions: Sendable, Equatable {
    /// The issuer's URL.
    package var endpoint: String
    package var clientID: String
    package var clientSecret = ""
    package var verifiesCertificate = true
    package var scopes = ["openid"]
    package var extraParameters: [String: String] = [:]
    /// Empty: the usual ones.
    package var userClaim = ""
    /// Empty: groups are not looked at.
    package var groupsClaim = ""
    package var groupFilter = ""
    package var adminGroup = ""
    package var onboardsByItself = false
    package var tellsOfLogout = false

    package init(endpoint: String, clientID: String) {
        self.endpoint = endpoint
        self.clientID = clientID
    }

    /// - Throws: ``OIDCError/misconfigured(_:)`` where people do not log in by a provider, or none is set.
    package init(_ settings: Settings) throws(OIDCError) {
        guard settings.string(.authMode) == "oidc_auth" else {
            throw .misconfigured("auth_mode: people do not log in by an identity provider here")
        }
        endpoint = settings.string(.oidcEndpoint)
        clientID = settings.string(.oidcClientID)
        guard !endpoint.isEmpty else { throw .misconfigured("oidc_endpoint: no identity provider is set; set it first") }
        guard !clientID.isEmpty else { throw .misconfigured("oidc_client_id: it is not set; set it first") }
        clientSecret = settings.string(.oidcClientSecret)
        verifiesCertificate = settings.boolean(.oidcVerifyCertificate)
        scopes = settings.string(.oidcScope).split(separator: ",").map { $0.filter { $0 != " " } }.filter { !$0.isEmpty }
        let extra = Data(settings.string(.oidcExtraRedirectParameters).utf8)
        extraParameters = (try? JSONDecoder().decode([String: String].self, from: extra)) ?? [:]
        userClaim = settings.string(.oidcUserClaim)
        groupsClaim = settings.string(.oidcGroupsClaim)
        groupFilter = settings.string(.oidcGroupFilter)
        adminGroup = settings.string(.oidcAdminGroup)
        onboardsByItself = settings.boolean(.oidcAutoOnboard)
        tellsOfLogout = settings.boolean(.oidcLogout)
    }
}
