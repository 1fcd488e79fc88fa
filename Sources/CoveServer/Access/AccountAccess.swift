import CoveIdentity
import CoveMetadata
import CoveOCI
import HTTPTypes
import HummingbirdCore

/// Users and robots of this registry, each with their own rights (`auth.accounts`): by a token of its token service, or by
/// name and password. What they may do now decides, whatever a token says, and a token says how much less.
struct AccountAccess: AccessController {
    let service: TokenService
    let authenticator: any Authenticator
    /// The token service's URL; nil: on the host that the client asks.
    let realm: String?

    private let decisions = TokenDecisions()

    init(service: TokenService, authenticator: any Authenticator, realm: String?) {
        self.service = service
        self.authenticator = authenticator
        self.realm = realm
    }

    private struct Bearer {
        let principal: Principal
        /// Of the token, in seconds since 1970.
        var end = 0.0
        /// What the token has; nil for a login with a password.
        var limit: AccessSet?
        var isToken: Bool { limit != nil }
    }

    func authorize(_ exchange: Exchange, for required: RequiredAccess) async throws(OCIFailure) -> Grant {
        let generation = service.accounts.generation
        let header = exchange.headers[.authorization]
        if let header, let known = decisions.grant(header, required, generation) { return known }
        do {
            let bearer = try await bearer(header, exchange, required)
            let grant = try await grant(bearer, exchange, required)
            if let header, bearer.isToken { decisions.remember(grant, of: header, required, generation, end: bearer.end) }
            return grant
        } catch let failure as OCIFailure {
            throw failure
        } catch {
            throw Self.failure(HarborFailure(error), required.all, challenge(required, nil, exchange))
        }
    }

    // MARK: - Who

    private func bearer(_ header: String?, _ exchange: Exchange, _ required: RequiredAccess) async throws -> Bearer {
        guard let header, let text = TokenAccess.token(header) else {
            return Bearer(principal: try await authenticator.principal(exchange))
        }
        do {
            guard let (principal, limit, end) = try await service.bearer(text) else {
                throw refusal(
                    .invalidToken, "the token is not accepted: what it was given for has changed; log in again", exchange, required)
            }
            return Bearer(principal: principal, end: end, limit: limit)
        } catch let error as TokenRefusal {
            throw refusal(.invalidToken, "the token is not accepted: \(error)", exchange, required)
        }
    }

    // MARK: - What

    private func grant(_ bearer: Bearer, _ exchange: Exchange, _ required: RequiredAccess) async throws -> Grant {
        let principal = bearer.principal
        if required.needed.isEmpty, principal.isAnonymous, !bearer.isToken {
            throw refusal(nil, "authentication is required; log in", exchange, required)
        }
        let rights = try await service.accounts.rights(of: principal)
        var granted = AccessSet()
        for access in required.all {
            let actions = try await service.allowed(
                access.actions.map(\.rawValue), type: access.resource.type, name: access.resource.name, rights)
            for kind in Self.classes { granted.insert(actions, on: access.resource, class: kind) }
        }
        guard required.needed.allSatisfy(granted.allows) else { throw try await denial(bearer, rights, exchange, required) }
        if let limit = bearer.limit {
            guard required.needed.allSatisfy(limit.allows) else {
                let scopes = required.needed.map(\.scope).joined(separator: " ")
                throw refusal(.insufficientScope, "the token does not allow \(scopes)", exchange, required)
            }
            for access in required.useful where !limit.allows(access) { granted.removeAll(on: access.resource) }
        }
        let mayEverything = rights.isAdministrator && !bearer.isToken
        return Grant(user: principal.isAnonymous ? nil : principal.name, rights: mayEverything ? nil : granted)
    }

    /// A token cannot help who lacks the right: such are told so at once, but for nobody in particular, who may yet log in.
    private func denial(
        _ bearer: Bearer, _ rights: Rights, _ exchange: Exchange, _ required: RequiredAccess
    ) async throws -> OCIFailure {
        if bearer.principal.isAnonymous {
            return refusal(
                bearer.isToken ? .insufficientScope : nil, "this is not for everybody; log in, or it is not there", exchange, required)
        }
        let name = required.needed.first.flatMap { try? RepositoryName(parsing: $0.resource.name) }
        if let name, rights.isAdministrator, try await service.accounts.project(named: name.project) == nil {
            return OCIFailure(
                status: .notFound, code: .nameUnknown,
                message: "there is no project '\(name.project)'; make it before you push to it, or pull from it",
                detail: ["name": name.description])
        }
        let actions = required.needed.flatMap(\.actions).map(\.rawValue).joined(separator: " and ")
        let wanted = name.map { "\(actions) '\($0)', or there is no project '\($0.project)'" } ?? "list all repositories"
        return OCIFailure(
            status: .forbidden, code: .denied, message: "'\(bearer.principal.name)' may not \(wanted)", missing: required.needed)
    }

    /// A right to push is one to push images of every class.
    private static let classes = ["image", "plugin"]

    // MARK: - Refusals

    private func refusal(
        _ problem: BearerChallenge.Problem?, _ message: String, _ exchange: Exchange, _ required: RequiredAccess
    ) -> OCIFailure {
        OCIFailure(
            status: .unauthorized, code: .unauthorized, message: message, missing: required.all,
            headers: challenge(required, problem, exchange))
    }

    private func challenge(_ required: RequiredAccess, _ problem: BearerChallenge.Problem?, _ exchange: Exchange) -> HTTPFields {
        var policy = exchange.locations
        policy.relative = false
        let realm = self.realm ?? policy.url(TokenResponder.path, for: exchange)
        let challenge = BearerChallenge(realm: realm, service: service.issuer.options.service, redirectPath: nil)
        return [.wwwAuthenticate: challenge.header(required.all, problem, for: exchange)]
    }

    /// A refusal of a login in the distribution-spec's terms.
    private static func failure(_ failure: HarborFailure, _ missing: [Access], _ challenge: HTTPFields) -> OCIFailure {
        let code: ErrorCode =
            switch failure.status {
            case .unauthorized: .unauthorized
            case .tooManyRequests: .tooManyRequests
            case .serviceUnavailable: .unavailable
            default: .unknown
            }
        var result = OCIFailure(status: failure.status, code: code, message: failure.message)
        result.headers = failure.headers
        result.cause = failure.cause
        if failure.status == .unauthorized {
            result.missing = missing
            result.headers = challenge
        }
        return result
    }
}
