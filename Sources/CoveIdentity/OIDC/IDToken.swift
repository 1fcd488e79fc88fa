import Foundation

/// Verifies the ID token that a provider gives (OpenID Connect Core, section 3.1.3.7).
enum IDToken {
    /// In seconds, by which the clocks may differ.
    private static let leeway = TokenClaims.leeway

    /// Which keys of the provider's a token may be signed with; empty when it names one that is not among them.
    static func candidates(for token: CompactToken, among keys: [JSONWebKey]) -> [TokenKey] {
        guard let algorithm = TokenAlgorithm(rawValue: token.header.alg) else { return [] }
        return keys.filter { token.header.kid == nil || $0.kid == nil || $0.kid == token.header.kid }
            .compactMap { try? $0.key() }
            .filter { $0.algorithms.contains(algorithm) }
    }

    /// - Parameters:
    ///   - issuer, client, nonce: what it must be from, for and about.
    ///   - now: seconds since 1970.
    /// - Throws: ``OIDCError/refused(_:)``.
    static func verify(
        _ token: CompactToken, keys: [JSONWebKey], issuer: String, client: String, nonce: String, now: Double
    ) throws(OIDCError) -> Claims {
        guard let algorithm = TokenAlgorithm(rawValue: token.header.alg) else {
            throw .refused("the ID token's algorithm '\(token.header.alg.prefix(20))' is not accepted")
        }
        let candidates = candidates(for: token, among: keys)
        guard candidates.contains(where: { $0.isValid(token.signature, of: token.signed, by: algorithm) }) else {
            throw .refused("the ID token's signature is by none of the provider's keys")
        }
        let claims: Claims
        do throws(TokenRefusal) {
            claims = try token.payload(as: Claims.self)
        } catch {
            throw .refused("the ID token: \(error)")
        }
        guard let from = claims.text("iss"), from == issuer else {
            throw .refused("the ID token's issuer is '\((claims.text("iss") ?? "").prefix(120))', not '\(issuer.prefix(120))'")
        }
        let audience = claims.texts("aud") ?? []
        guard audience.contains(client) else {
            throw .refused("the ID token is for another client: '\(audience.first?.prefix(120) ?? "")'")
        }
        let party = claims.text("azp")
        guard audience.count == 1 || party != nil, party == nil || party == client else {
            throw .refused("the ID token was given to another client (azp)")
        }
        guard let end = claims.number("exp"), now < end + leeway else { throw .refused("the ID token has expired; are the clocks right?") }
        if let start = claims.number("nbf"), now < start - leeway { throw .refused("the ID token is not valid yet; are the clocks right?") }
        if let made = claims.number("iat"), now < made - leeway { throw .refused("the ID token is of the future; are the clocks right?") }
        guard let sent = claims.text("nonce"), RandomToken.isEqual(sent, nonce) else {
            throw .refused("the ID token is about another login (nonce)")
        }
        guard claims.text("sub") != nil else { throw .refused("the ID token has no sub") }
        return claims
    }
}
