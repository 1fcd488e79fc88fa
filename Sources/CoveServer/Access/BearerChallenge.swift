import CoveIdentity

/// `WWW-Authenticate: Bearer …`: where a client gets a token, and for what (RFC 6750 section 3).
struct BearerChallenge: Sendable {
    enum Problem: String, Sendable {
        case invalidToken = "invalid_token"
        case insufficientScope = "insufficient_scope"
    }

    /// The token server's URL.
    let realm: String
    let service: String
    /// The path of the token server on the host that the client asks, instead of the realm.
    let redirectPath: String?

    func header(_ wanted: [Access], _ problem: Problem?, for exchange: Exchange) -> String {
        var header = "Bearer realm=\"\(realm(for: exchange))\",service=\"\(service)\""
        if !wanted.isEmpty { header += ",scope=\"\(wanted.map(\.scope).joined(separator: " "))\"" }
        if let problem { header += ",error=\"\(problem.rawValue)\"" }
        return header
    }

    /// By HTTPS unless a proxy says otherwise, as in Distribution: passwords go there. The realm, where the client named no
    /// host.
    private func realm(for exchange: Exchange) -> String {
        guard let redirectPath, let (scheme, authority) = LocationPolicy.outside(of: exchange, scheme: "https") else { return realm }
        return "\(scheme)://\(authority)\(redirectPath)"
    }
}
