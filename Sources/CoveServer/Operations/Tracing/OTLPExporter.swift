import AsyncHTTPClient
import CoveOutbound
import CoveTelemetry
import NIOCore
import NIOHTTP1

/// Takes spans that have ended.
protocol SpanExporter: Sendable {
    func export(_ spans: [Span.Finished]) async throws
}

/// Sends spans by OTLP over HTTP (OpenTelemetry Protocol 1.x, "OTLP/HTTP").
struct OTLPExporter: SpanExporter {
    struct Refusal: Error, CustomStringConvertible {
        let status: Int
        var description: String { "the collector answered \(status)" }
    }

    /// Answers after which the same may be sent again (section "Retryable Response Codes").
    private static let passing: Set<Int> = [429, 502, 503, 504]
    private static let tries = 3

    private let options: TracingOptions
    private let clients: OutboundClients

    init(_ options: TracingOptions, _ clients: OutboundClients) {
        self.options = options
        self.clients = clients
    }

    func export(_ spans: [Span.Finished]) async throws {
        let (body, type) =
            switch options.encoding {
            case .protobuf: (OTLPMessage.protobuf(spans, resource: options.resource), "application/x-protobuf")
            case .json: (try OTLPMessage.json(spans, resource: options.resource), "application/json")
            }
        var request = HTTPClientRequest(url: options.endpoint)
        request.method = .POST
        request.headers.add(name: "content-type", value: type)
        request.headers.add(name: "user-agent", value: "cove/\(Version.current)")
        for header in options.headers { request.headers.replaceOrAdd(name: header.key, value: header.value) }
        request.body = .bytes(ByteBuffer(bytes: body))
        for attempt in 1... {
            let response = try await clients.client(for: options.endpoint).execute(request, timeout: .init(options.timeout))
            let status = Int(response.status.code)
            // The rest of the answer matters to nobody, but a connection is used again only when it was read.
            _ = try? await response.body.collect(upTo: 64 * 1024)
            if (200..<300).contains(status) { return }
            guard Self.passing.contains(status), attempt < Self.tries else { throw Refusal(status: status) }
            try await Task.sleep(for: .milliseconds(200 << attempt))
        }
    }
}
