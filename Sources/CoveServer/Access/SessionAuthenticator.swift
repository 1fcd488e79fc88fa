import CoveIdentity
import CoveMetadata
import HTTPTypes

/// People by the session of their browser, where a request brings nothing else.
struct SessionAuthenticator: Authenticator {
    let sessions: Sessions
    /// Asked first where there is an `Authorization`.
    let others: any Authenticator

    func principal(_ exchange: Exchange) async throws(HarborFailure) -> Principal {
        guard exchange.headers[.authorization] == nil, let cookie = exchange.cookie(Cookies.session) else {
            return try await others.principal(exchange)
        }
        do {
            guard let session = try await sessions.find(cookie) else { return .anonymous }
            try CSRFGuard.check(exchange, secret: session.csrf)
            return Principal(.account(session.accountID), name: session.name)
        } catch {
            throw HarborFailure(error)
        }
    }
}
