import Foundation

/// What a provider says of itself (OpenID Connect Discovery, section 3).
package struct OIDCProvider: Decodable, Sendable, Equatable {
    let issuer: String
    let authorizationEndpoint: String
    let tokenEndpoint: String
    let keySet: String
    let userInfoEndpoint: String?
    package let endSessionEndpoint: String?
    let tokenMethods: [String]?

    enum CodingKeys: String, CodingKey {
        case issuer
        case authorizationEndpoint = "authorization_endpoint"
        case tokenEndpoint = "token_endpoint"
        case keySet = "jwks_uri"
        case userInfoEndpoint = "userinfo_endpoint"
        case endSessionEndpoint = "end_session_endpoint"
        case tokenMethods = "token_endpoint_auth_methods_supported"
    }

    /// Where a provider says it, by its issuer's URL (section 4).
    static func documentURL(_ issuer: String) -> String {
        (issuer.hasSuffix("/") ? String(issuer.dropLast()) : issuer) + "/.well-known/openid-configuration"
    }

    func isIssuer(_ endpoint: String) -> Bool {
        func bare(_ url: String) -> Substring { url.hasSuffix("/") ? url.dropLast() : url[...] }
        return bare(issuer) == bare(endpoint)
    }
}

/// What comes back for a code (RFC 6749 section 5.1).
struct OIDCTokens: Decodable {
    let idToken: String?
    let accessToken: String?

    enum CodingKeys: String, CodingKey {
        case idToken = "id_token"
        case accessToken = "access_token"
    }
}

/// Why there is nothing for a code (RFC 6749 section 5.2).
struct OIDCProblem: Decodable {
    let error: String?
    let details: String?

    enum CodingKeys: String, CodingKey {
        case error
        case details = "error_description"
    }
}
