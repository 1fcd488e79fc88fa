import CoveIdentity
import CoveOCI
import HTTPTypes
import HummingbirdCore
import Logging
import NIOCore

/// The way every request takes: identify, authenticate, hand to an API, answer, log.
struct Frontend: Sendable {
    struct Authentication: Sendable {
        let realm: String
        let passwords: HTPasswd
    }

    let oci: OCIResponder
    let health: HealthResponder
    let authentication: Authentication?
    let accessLog: AccessLog?
    let logger: Logger
    /// `http.headers`: on every response that has no such field of its own.
    let headers: [(name: HTTPField.Name, values: [String])]
    /// `http.prefix` without its trailing slash.
    let prefix: String

    /// Answers one request of a connection.
    ///
    /// - Throws: when the client is gone or a body breaks off; the connection is closed then.
    func respond(
        _ request: Request, _ writer: consuming ResponseWriter, _ channel: any Channel, scheme: String
    ) async throws {
        let started = ContinuousClock.now
        var exchange = Exchange(request: request, channel: channel, scheme: scheme)
        var response: Response
        do throws(OCIFailure) {
            response = try await route(&exchange)
        } catch {
            response = error.response
        }
        response.headers[.requestID] = exchange.requestID
        response.headers[.date] = Timestamp.httpDate()
        for (name, values) in headers where response.headers[name] == nil { response.headers[values: name] = values }
        let hasBody = exchange.method != .head && response.status != .notModified && response.status != .noContent
        let sent = hasBody ? response.body.contentLength ?? 0 : 0
        do {
            if hasBody {
                try await writer.write(response: response.head, body: response.body)
            } else {
                try await writer.writeResponse(response.head)
            }
        } catch {
            accessLog?.record(exchange, response.status, bytes: exchange.traffic.sent, started: started, aborted: true)
            throw error
        }
        accessLog?.record(exchange, response.status, bytes: sent, started: started, aborted: false)
    }

    private func route(_ exchange: inout Exchange) async throws(OCIFailure) -> Response {
        var path = exchange.path
        if !prefix.isEmpty, path.hasPrefix(prefix + "/") { path = path.dropFirst(prefix.count) }
        if path == "/v2" || path.hasPrefix("/v2/") {
            // Before authentication: browsers ask what is allowed without credentials (Fetch, "CORS-preflight request").
            if exchange.method == .options { return oci.options(path.dropFirst(3)) }
            try await authenticate(&exchange)
            var response = try await respondToOCI(&exchange, path.dropFirst(3))
            response.headers[.dockerAPIVersion] = "registry/2.0"
            return response
        }
        if let response = try await health.respond(exchange, path: path) { return response }
        throw OCIFailure(
            status: .notFound, code: .unsupported,
            message: "there is nothing at '\(path.prefix(300))'; the registry's API begins at /v2/")
    }

    /// Refusals of the API carry its version header as well: clients tell a registry by it.
    private func respondToOCI(_ exchange: inout Exchange, _ path: Substring) async throws(OCIFailure) -> Response {
        do throws(OCIFailure) {
            return try await oci.respond(&exchange, path: path)
        } catch {
            if let cause = error.cause {
                logger.error("unavailable", metadata: ["reason": "\(cause)", "request_id": "\(exchange.requestID)"])
            }
            return error.response
        }
    }

    private func authenticate(_ exchange: inout Exchange) async throws(OCIFailure) {
        guard let authentication else { return }
        if let header = exchange.headers[.authorization], let login = BasicCredentials(authorizationHeader: header) {
            let passwords = authentication.passwords
            if passwords.cachedVerdict(user: login.user, password: login.password) == true {
                exchange.user = login.user
                return
            }
            switch await passwords.verdict(user: login.user, password: login.password) {
            case .accepted:
                exchange.user = login.user
                return
            case .rejected: break
            case .overloaded:
                throw OCIFailure(
                    status: .tooManyRequests, code: .tooManyRequests,
                    message: "too many logins are being verified; try again in a moment",
                    headers: [.retryAfter: "2", .dockerAPIVersion: "registry/2.0"])
            }
        }
        throw OCIFailure(
            status: .unauthorized, code: .unauthorized,
            message: "authentication is required; log in with a user name and password of this registry",
            headers: [
                .wwwAuthenticate: "Basic realm=\"\(authentication.realm)\"",
                .dockerAPIVersion: "registry/2.0",
            ])
    }
}
