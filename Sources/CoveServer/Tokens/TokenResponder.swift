import CoveIdentity
import CoveMetadata
import CoveOCI
import Foundation
import HTTPTypes
import HummingbirdCore
import NIOCore

/// The token service: Distribution's "Token Authentication Specification" by GET, "OAuth2 token specification" by POST, and the
/// public keys.
struct TokenResponder: Sendable {
    /// Harbor's path, which challenges name, and Distribution's.
    static let path = "/service/token"
    private static let paths: Set<Substring> = ["/service/token", "/token"]
    private static let keyPaths: Set<Substring> = ["/service/jwks", "/.well-known/jwks.json"]
    /// Of a form, in bytes.
    private static let largestForm = 64 * 1024

    let service: TokenService
    let authenticator: any Authenticator

    private struct Grant: Encodable {
        enum CodingKeys: String, CodingKey {
            case token, scope
            case accessToken = "access_token"
            case expiresIn = "expires_in"
            case issuedAt = "issued_at"
            case refreshToken = "refresh_token"
        }

        var token: String?
        let accessToken: String
        let expiresIn: Int64
        let issuedAt: String
        var refreshToken: String?
        var scope: String?
    }

    private struct KeySet: Encodable {
        let keys: [TokenPublicKey]
    }

    /// A refusal as the standard of the request has it: RFC 6749 section 5.2 for a form, the registry's envelope beside it.
    private struct Refusal: Error {
        var status: HTTPResponse.Status = .badRequest
        var code: ErrorCode = .unsupported
        var error = "invalid_request"
        let message: String
        var headers = HTTPFields()
        var cause: String?
    }

    static func isMeant(by path: Substring) -> Bool { paths.contains(path) || keyPaths.contains(path) }

    func respond(_ exchange: Exchange, path: Substring) async -> (Response, cause: String?) {
        do {
            if Self.keyPaths.contains(path) { return (try keys(exchange), nil) }
            switch exchange.method {
            case .get, .head: return (try await get(exchange), nil)
            case .post: return (try await post(exchange), nil)
            default:
                throw Refusal(status: .methodNotAllowed, message: "tokens are got with GET or POST", headers: [.allow: "GET, HEAD, POST"])
            }
        } catch {
            let refusal = Self.refusal(error)
            return (Self.response(refusal, isForm: exchange.method == .post), refusal.cause)
        }
    }

    private func keys(_ exchange: Exchange) throws -> Response {
        guard exchange.method == .get || exchange.method == .head else {
            throw Refusal(status: .methodNotAllowed, message: "the keys are got with GET", headers: [.allow: "GET, HEAD"])
        }
        return .json(KeySet(keys: service.issuer.keySet), headers: [.cacheControl: "public, max-age=300"])
    }

    private func get(_ exchange: Exchange) async throws -> Response {
        try checkService(exchange.parameter("service"))
        let scopes = try Self.scopes(exchange.parameters("scope"))
        let principal = try await authenticator.principal(exchange)
        if let account = exchange.parameter("account"), !account.isEmpty, !principal.isAnonymous,
            account.lowercased() != principal.name.lowercased(), exchange.headers[.authorization] == nil
        {
            throw Refusal(message: "account is '\(account.prefix(80))', and the login is another's")
        }
        let now = Int64.nowMicroseconds
        let token = try await service.token(for: principal, scopes, at: now)
        var grant = answer(token, now)
        grant.token = token
        if !principal.isAnonymous, exchange.parameter("offline_token") == "true" {
            grant.refreshToken = try await service.refreshToken(for: principal, client: exchange.parameter("client_id") ?? "", at: now)
        }
        return .json(grant, headers: Self.unkept)
    }

    private func post(_ exchange: Exchange) async throws -> Response {
        let form = try await Form(exchange, upTo: Self.largestForm)
        try checkService(form["service"])
        let scopes = try Self.scopes(form.all("scope"))
        let now = Int64.nowMicroseconds
        let principal: Principal
        var refreshToken: String?
        switch form["grant_type"] {
        case "password":
            guard let user = form["username"], let password = form["password"] else {
                throw Refusal(message: "username and password are needed with grant_type=password")
            }
            principal = try await service.accounts.login(user, password: password)
            if form["access_type"] == "offline" {
                refreshToken = try await service.refreshToken(for: principal, client: form["client_id"] ?? "", at: now)
            }
        case "refresh_token":
            guard let text = form["refresh_token"] else { throw Refusal(message: "refresh_token is needed with grant_type=refresh_token") }
            guard let found = try await service.principal(refreshToken: text) else {
                throw Refusal(
                    status: .unauthorized, code: .unauthorized, error: "invalid_grant",
                    message: "the refresh token is not known, has ended, or was revoked; log in again")
            }
            principal = found
            refreshToken = text
        case let other?:
            throw Refusal(
                error: "unsupported_grant_type",
                message: "grant_type '\(other.prefix(40))' is not supported; use password or refresh_token")
        case nil: throw Refusal(message: "grant_type is missing; use password or refresh_token")
        }
        var grant = answer(try await service.token(for: principal, scopes, at: now), now)
        grant.refreshToken = refreshToken
        grant.scope = form.all("scope").joined(separator: " ")
        return .json(grant, headers: Self.unkept)
    }

    private static let unkept: HTTPFields = [.cacheControl: "no-store"]

    private func answer(_ token: String, _ now: Int64) -> Grant {
        Grant(
            accessToken: token, expiresIn: service.issuer.options.lifetime.components.seconds,
            issuedAt: Date(timeIntervalSince1970: Double(now / 1_000_000)).formatted(.iso8601))
    }

    private func checkService(_ name: String?) throws(Refusal) {
        guard let name, !name.isEmpty, name != service.issuer.options.service else { return }
        throw Refusal(
            message: "service is '\(name.prefix(80))', and tokens are given here for '\(service.issuer.options.service)' only")
    }

    private static func scopes(_ parameters: [String]) throws(Refusal) -> [TokenScope] {
        do throws(TokenScope.Malformed) {
            return try TokenScope.parse(parameters)
        } catch {
            throw Refusal(error: "invalid_scope", message: error.description)
        }
    }

    private static func refusal(_ error: any Error) -> Refusal {
        switch error {
        case let refusal as Refusal: return refusal
        case LoginRefusal.wrong:
            return Refusal(
                status: .unauthorized, code: .unauthorized, error: "invalid_grant",
                message: "the user name or the password is wrong, or the account is locked for a while after wrong ones")
        case LoginRefusal.overloaded:
            return Refusal(
                status: .tooManyRequests, code: .tooManyRequests, error: "temporarily_unavailable",
                message: "too many logins are being verified; try again in a moment", headers: [.retryAfter: "2"])
        default:
            let failure = HarborFailure(error)
            let code: ErrorCode =
                switch failure.status {
                case .unauthorized: .unauthorized
                case .tooManyRequests: .tooManyRequests
                case .serviceUnavailable: .unavailable
                default: .unknown
                }
            return Refusal(
                status: failure.status, code: code, error: failure.status == .unauthorized ? "invalid_grant" : "server_error",
                message: failure.message, headers: failure.headers, cause: failure.cause)
        }
    }

    private static func response(_ refusal: Refusal, isForm: Bool) -> Response {
        struct Body: Encodable {
            enum CodingKeys: String, CodingKey {
                case errors, error
                case description = "error_description"
            }

            struct Item: Encodable {
                let code: String
                let message: String
            }

            let errors: [Item]
            let error: String?
            let description: String?
        }
        let body = Body(
            errors: [Body.Item(code: refusal.code.rawValue, message: refusal.message)], error: isForm ? refusal.error : nil,
            description: isForm ? refusal.message : nil)
        return .json(body, status: refusal.status, headers: refusal.headers)
    }

    /// The pairs of a form (`application/x-www-form-urlencoded`).
    private struct Form {
        private let pairs: [(name: String, value: String)]

        init(_ exchange: Exchange, upTo limit: Int) async throws {
            let type = exchange.headers[.contentType]?.prefix { $0 != ";" }.trimmingCharacters(in: .whitespaces).lowercased()
            guard type == "application/x-www-form-urlencoded" else {
                throw Refusal(message: "the body must be a form, Content-Type: application/x-www-form-urlencoded")
            }
            guard let body = try await exchange.body.collect(upTo: limit) else {
                throw Refusal(status: .contentTooLarge, message: "the form is larger than the limit of \(limit) bytes")
            }
            pairs = String(buffer: body).split(separator: "&").map { pair in
                let sides = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                return (
                    PercentCoding.decode(sides[0], plusIsSpace: true),
                    sides.count > 1 ? PercentCoding.decode(sides[1], plusIsSpace: true) : ""
                )
            }
        }

        subscript(_ name: String) -> String? {
            pairs.first { $0.name == name }.flatMap { $0.value.isEmpty ? nil : $0.value }
        }

        func all(_ name: String) -> [String] { pairs.filter { $0.name == name }.map(\.value) }
    }
}
