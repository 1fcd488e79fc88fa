import CoveIdentity
import CoveMetadata
import HTTPTypes
import HummingbirdCore

/// Keeps pages of other sites from using a browser's session, in Harbor's way: a header with what only this server's pages know.
/// Requests that bring a name and a password are none of a browser's session.
struct CSRFGuard: Sendable {
    let sessions: Sessions

    /// - Throws: ``HarborFailure``: 403.
    static func check(_ exchange: Exchange, secret: String) throws(HarborFailure) {
        guard !exchange.isSafe else { return }
        guard let sent = exchange.headers[.csrfToken] else {
            throw .forbidden("CSRF token not found in request: send what X-Harbor-CSRF-Token was in an answer to GET /api/v2.0/systeminfo")
        }
        guard CSRFToken.matches(sent, secret) else {
            throw .forbidden("CSRF token invalid: ask GET /api/v2.0/systeminfo for another X-Harbor-CSRF-Token")
        }
    }

    /// Hands out the token: to whoever has a session, and to whoever asks what this is, who may be about to log in.
    ///
    /// - Parameter path: below `/api/v2.0`.
    func dress(_ response: inout Response, _ exchange: Exchange, path: Substring) async {
        guard exchange.isSafe, exchange.headers[.authorization] == nil else { return }
        var secret: String?
        if let cookie = exchange.cookie(Cookies.session) { secret = try? await sessions.find(cookie)?.csrf }
        if secret == nil, path != "/systeminfo" { return }
        Self.give(secret, to: exchange, in: &response.headers)
    }

    /// - Parameter secret: the session's; nil before there is one: that of the cookie, or a new one.
    /// - Returns: the secret.
    @discardableResult
    static func give(_ secret: String?, to exchange: Exchange, in headers: inout HTTPFields) -> String {
        let brought = exchange.cookie(Cookies.csrf).flatMap { CSRFToken.mask($0) == nil ? nil : $0 }
        let secret = secret ?? brought ?? RandomToken.make()
        headers[.csrfToken] = CSRFToken.mask(secret)
        if secret != brought { headers.append(Cookies.field(Cookies.csrf, secret, for: exchange, age: 12 * 3600)) }
        return secret
    }
}
