import CoveOCI
import CoveTelemetry
import Foundation
import HTTPTypes
import HummingbirdCore
import Logging
import NIOCore

/// What the debug address answers (`http.debug.addr`): metrics, health, and the state of parts of the server.
struct OperationsResponder: Sendable {
    /// The state of a part of the server, as JSON.
    typealias Variable = @Sendable () async -> any Encodable & Sendable

    let health: HealthResponder
    /// Nil when metrics are not given.
    let metrics: MetricPage?
    /// `http.debug.prometheus.path`.
    let metricsPath: String
    /// What `/debug/vars` shows under `registry`, by Distribution's names: `notifications`, `redis`, `proxy`.
    let variables: [String: Variable]
    /// `http.headers`, as on every other response.
    var headers: [(name: HTTPField.Name, values: [String])] = []

    /// Answers one request of a connection.
    ///
    /// - Throws: when the client is gone.
    func respond(_ request: Request, _ writer: consuming ResponseWriter, _ channel: any Channel) async throws {
        let exchange = Exchange(request: request, channel: channel, scheme: "http")
        var response: Response
        do throws(OCIFailure) {
            response = try await answer(exchange)
        } catch {
            response = error.response
        }
        response.headers[.date] = Timestamp.httpDate()
        // What is shown is of this moment.
        if response.headers[.cacheControl] == nil { response.headers[.cacheControl] = "no-store" }
        for (name, values) in headers where response.headers[name] == nil { response.headers[values: name] = values }
        if exchange.method == .head {
            try await writer.writeResponse(response.head)
        } else {
            try await writer.write(response: response.head, body: response.body)
        }
    }

    func answer(_ exchange: Exchange) async throws(OCIFailure) -> Response {
        if exchange.path.hasPrefix("/debug/pprof") {
            throw OCIFailure(
                status: .notFound, code: .unsupported,
                message: "there are no profiles of Go in this server; use perf with its process id, and the metrics")
        }
        guard exchange.method == .get || exchange.method == .head else {
            throw .methodNotAllowed(exchange.method, allowed: [.get, .head])
        }
        switch exchange.path {
        case metricsPath[...] where metrics != nil: return await metricsAnswer(exchange)
        case "/debug/health":
            let failures = health.readiness.failures
            return .json(failures, status: failures.isEmpty ? .ok : .serviceUnavailable)
        case "/debug/vars": return .json(await allVariables())
        case "/": return .text(index, type: "text/plain; charset=utf-8")
        default:
            if let response = try await health.respond(exchange, path: exchange.path) { return response }
            throw OCIFailure(
                status: .notFound, code: .unsupported,
                message: "there is nothing at '\(exchange.path.prefix(300))'; see \(index.replacing("\n", with: " "))")
        }
    }

    private var index: String {
        let paths = ["/debug/health", "/debug/vars", "/healthz", "/readyz"] + (metrics == nil ? [] : [metricsPath])
        return paths.joined(separator: "\n") + "\n"
    }

    private func metricsAnswer(_ exchange: Exchange) async -> Response {
        let accept = exchange.headers[values: .accept].joined(separator: ",")
        let format = MetricText.Format(accept: accept)
        return .text(await metrics?.text(format) ?? "", type: format.contentType)
    }

    private struct Variables: Encodable {
        let cmdline: [String]
        let version: String
        let registry: [String: AnyEncodable]
    }

    private func allVariables() async -> Variables {
        var registry: [String: AnyEncodable] = [:]
        for (name, variable) in variables { registry[name] = AnyEncodable(value: await variable()) }
        return Variables(cmdline: CommandLine.arguments, version: Version.current, registry: registry)
    }
}

private struct AnyEncodable: Encodable {
    let value: any Encodable & Sendable

    func encode(to encoder: any Encoder) throws { try value.encode(to: encoder) }
}

extension Response {
    fileprivate static func text(_ text: String, type: String) -> Response {
        let body = ByteBuffer(string: text)
        return Response(
            status: .ok, headers: [.contentType: type, .contentLength: String(body.readableBytes)], body: .init(byteBuffer: body))
    }
}
