import CoveIdentity
import CoveOCI
import CoveTelemetry
import HTTPTypes
import HummingbirdCore
import Logging
import NIOCore

/// The way every request takes: identify, authenticate, hand to an API, answer, log.
struct Frontend: Sendable {
    let oci: OCIResponder
    let health: HealthResponder
    /// Harbor's API; nil without accounts.
    var harbor: HarborResponder?
    /// The token service; nil without accounts.
    var tokens: TokenResponder?
    /// Where browsers log in; nil without accounts.
    var logins: LoginResponder?
    /// What may be changed while it runs; nil without accounts.
    var settings: Settings?
    /// Who is told of full quotas; nil without accounts.
    var webhooks: Webhooks?
    /// Nil where anybody may do anything.
    let access: (any AccessController)?
    let accessLog: AccessLog?
    let metrics: HTTPMetrics
    /// Nil when nothing is traced.
    let tracer: Tracer?
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
        let path = pathWithinPrefix(of: exchange)
        if Self.isAPI(path), let route = OCIRoute(path: path.dropFirst(3)) {
            exchange.route = route
            exchange.locations = oci.options.location
            exchange.repository = route.repository
        }
        metrics.begin(exchange.handler)
        let span = tracer?.begin(exchange)
        var response: Response
        if let span {
            response = await Span.$current.withValue(span) { await answer(&exchange, path) }
        } else {
            response = await answer(&exchange, path)
        }
        response.headers[.requestID] = exchange.requestID
        response.headers[.date] = Timestamp.httpDate()
        for (name, values) in headers where response.headers[name] == nil { response.headers[values: name] = values }
        let hasBody = exchange.method != .head && response.status != .notModified && response.status != .noContent
        let sent = hasBody ? response.body.contentLength ?? 0 : 0
        do {
            try await exchange.awaitUnreadBody()
            if hasBody {
                try await writer.write(response: response.head, body: response.body)
            } else {
                try await writer.writeResponse(response.head)
            }
        } catch {
            finish(exchange, span, response.status, bytes: exchange.traffic.sent, started: started, aborted: true)
            throw error
        }
        finish(exchange, span, response.status, bytes: sent, started: started, aborted: false)
    }

    /// Notes how a request ended, for all who keep account of it.
    private func finish(
        _ exchange: Exchange, _ span: Span?, _ status: HTTPResponse.Status, bytes: Int, started: ContinuousClock.Instant, aborted: Bool
    ) {
        metrics.end(exchange, status, bytes: bytes, started: started, isAborted: aborted)
        accessLog?.record(exchange, status, bytes: bytes, started: started, aborted: aborted)
        if let span { Tracer.end(span, exchange, status, bytes: bytes, isAborted: aborted) }
    }

    private func pathWithinPrefix(of exchange: Exchange) -> Substring {
        let path = exchange.path
        return !prefix.isEmpty && path.hasPrefix(prefix + "/") ? path.dropFirst(prefix.count) : path
    }

    private static func isAPI(_ path: Substring) -> Bool { path == "/v2" || path.hasPrefix("/v2/") }

    private func answer(_ exchange: inout Exchange, _ path: Substring) async -> Response {
        do throws(OCIFailure) {
            return try await route(&exchange, path)
        } catch {
            return error.response
        }
    }

    private func route(_ exchange: inout Exchange, _ path: Substring) async throws(OCIFailure) -> Response {
        if Self.isAPI(path) {
            try health.refuseOutOfService()
            // Before authentication: browsers ask what is allowed without credentials (Fetch, "CORS-preflight request").
            if exchange.method == .options { return oci.options(path.dropFirst(3)) }
            var response = try await respondToOCI(&exchange, path.dropFirst(3))
            response.headers[.dockerAPIVersion] = "registry/2.0"
            return response
        }
        if let harbor, path == HarborResponder.prefix || path.hasPrefix(HarborResponder.prefix + "/") {
            try health.refuseOutOfService()
            return await harbor.respond(exchange, path: path.dropFirst(HarborResponder.prefix.count))
        }
        if let tokens, TokenResponder.isMeant(by: path) {
            try health.refuseOutOfService()
            let (response, cause) = await tokens.respond(exchange, path: path)
            if let cause { logger.error("unavailable", metadata: ["reason": "\(cause)", "request_id": "\(exchange.requestID)"]) }
            return response
        }
        if let logins, path.hasPrefix(LoginResponder.prefix + "/") {
            try health.refuseOutOfService()
            return await logins.respond(exchange, path: path.dropFirst(LoginResponder.prefix.count))
        }
        if let response = try await health.respond(exchange, path: path) { return response }
        throw OCIFailure(
            status: .notFound, code: .unsupported,
            message: "there is nothing at '\(path.prefix(300))'; the registry's API begins at /v2/")
    }

    /// Refusals of the API carry its version header as well: clients tell a registry by it.
    private func respondToOCI(_ exchange: inout Exchange, _ path: Substring) async throws(OCIFailure) -> Response {
        do throws(OCIFailure) {
            // What may be done, and what is said of it later, is about the repository by its name here.
            if let asked = exchange.route {
                let route = try oci.localized(asked, exchange)
                exchange.route = route
                exchange.repository = route.repository
            }
            // Before the body is read, and before it is told whether there is such an endpoint.
            if let access { exchange.grant = try await access.authorize(exchange, for: RequiredAccess(exchange.route, exchange)) }
            try refuseIfReadOnly(exchange)
            return try await oci.respond(exchange, to: exchange.route, path: path)
        } catch {
            if let cause = error.cause {
                logger.error("unavailable", metadata: ["reason": "\(cause)", "request_id": "\(exchange.requestID)"])
            }
            if let webhooks, let exceeded = error.exceeded {
                do {
                    try await webhooks.quotaExceeded(exchange, exceeded)
                } catch {
                    logger.warning("a webhook was not told of a full quota", metadata: ["reason": "\(error)"])
                }
            }
            return error.response
        }
    }

    /// `read_only`, which administrators set through Harbor's API.
    private func refuseIfReadOnly(_ exchange: Exchange) throws(OCIFailure) {
        guard let settings, settings.boolean(.readOnly), !exchange.isSafe else { return }
        throw OCIFailure(
            status: .forbidden, code: .denied,
            message: "the system is in read only mode: nothing can be changed until an administrator sets 'read_only' to false")
    }
}
