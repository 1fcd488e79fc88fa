import CoveOCI
import HTTPTypes
import HummingbirdCore
import Logging
import NIOCore

/// The way every request takes: identify, authenticate, hand to an API, answer, log.
struct Frontend: Sendable {
    let oci: OCIResponder
    let health: HealthResponder
    /// Nil where anybody may do anything.
    let access: (any AccessController)?
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
            let route = OCIRoute(path: path.dropFirst(3))
            exchange.repository = route?.repository
            var response = try await respondToOCI(&exchange, route, path.dropFirst(3))
            response.headers[.dockerAPIVersion] = "registry/2.0"
            return response
        }
        if let response = try await health.respond(exchange, path: path) { return response }
        throw OCIFailure(
            status: .notFound, code: .unsupported,
            message: "there is nothing at '\(path.prefix(300))'; the registry's API begins at /v2/")
    }

    /// Refusals of the API carry its version header as well: clients tell a registry by it.
    private func respondToOCI(
        _ exchange: inout Exchange, _ route: OCIRoute?, _ path: Substring
    ) async throws(OCIFailure) -> Response {
        do throws(OCIFailure) {
            // Before the body is read, and before it is told whether there is such an endpoint.
            if let access { exchange.grant = try await access.authorize(exchange, for: RequiredAccess(route, exchange)) }
            return try await oci.respond(exchange, to: route, path: path)
        } catch {
            if let cause = error.cause {
                logger.error("unavailable", metadata: ["reason": "\(cause)", "request_id": "\(exchange.requestID)"])
            }
            return error.response
        }
    }
}
