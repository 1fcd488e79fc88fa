import CoveIdentity
import CoveOCI
import HTTPTypes
import Logging

/// Users of a token server, who bring its tokens (`auth.token`; Distribution, "Token Authentication Specification").
struct TokenAccess: AccessController {
    let verifier: TokenVerifier
    let challenge: BearerChallenge
    let logger: Logger

    func authorize(_ exchange: Exchange, for required: RequiredAccess) async throws(OCIFailure) -> Grant {
        guard let header = exchange.headers[.authorization], let text = Self.token(header) else {
            throw refusal(
                nil, "authentication is required; log in, or send a token of the token server", exchange, required)
        }
        let token: VerifiedToken
        do throws(TokenRefusal) {
            token = try await verifier.verify(text)
        } catch {
            logger.info("refused a token", metadata: ["reason": "\(error)", "request_id": "\(exchange.requestID)"])
            throw refusal(.invalidToken, "the token is not accepted: \(error)", exchange, required)
        }
        guard required.needed.allSatisfy(token.rights.allows) else {
            let who = token.subject.map { "'\($0.prefix(80))'" } ?? "who did not log in"
            let scopes = required.needed.map(\.scope).joined(separator: " ")
            throw refusal(.insufficientScope, "the token of \(who) does not allow \(scopes)", exchange, required)
        }
        return Grant(user: token.subject, rights: token.rights)
    }

    /// The token of `Bearer <token>` (RFC 6750 section 2.1); the scheme in any case (RFC 9110 section 11.1).
    static func token(_ header: String) -> String? {
        guard let space = header.firstIndex(of: " "), header[..<space].lowercased() == "bearer" else { return nil }
        let token = header[space...].drop { $0 == " " }
        return token.isEmpty ? nil : String(token)
    }

    /// 401 for each kind, as Distribution answers: clients then ask the token server for what the challenge names.
    private func refusal(
        _ problem: BearerChallenge.Problem?, _ message: String, _ exchange: Exchange, _ required: RequiredAccess
    ) -> OCIFailure {
        OCIFailure(
            status: .unauthorized, code: .unauthorized, message: message, missing: required.all,
            headers: [.wwwAuthenticate: challenge.header(required.all, problem, for: exchange)])
    }
}
