import CoveOutbound
import CoveTelemetry
import HTTPTypes
import HummingbirdCore
import Logging
import NIOCore
import ServiceLifecycle
import Synchronization

/// Records requests as spans and sends them to a collector, in batches and beside the requests. When the collector is
/// slow or away, spans are dropped and counted; nothing waits for it.
final class Tracer: Service {
    private struct State {
        var queue: [Span.Finished] = []
        var isWarned = false
    }

    /// How often it is looked whether a batch is full.
    private static let step = Duration.milliseconds(200)
    /// Longest that a node which ends waits for the collector.
    private static let patience = Duration.seconds(5)

    private let options: TracingOptions
    private let exporter: any SpanExporter
    private let logger: Logger
    private let state = Mutex(State())
    let exported = Counter()
    let dropped = Counter()

    init(_ options: TracingOptions, exporter: any SpanExporter, logger: Logger) {
        self.options = options
        self.exporter = exporter
        self.logger = logger
    }

    /// As the variables of OpenTelemetry say; nil when they ask for no traces.
    static func fromEnvironment(_ environment: [String: String], _ clients: OutboundClients, logger: Logger) -> Tracer? {
        let options = TracingOptions(environment: environment) { logger.warning("\($0)") }
        guard let options else { return nil }
        logger.info(
            "tracing", metadata: ["endpoint": "\(options.endpoint)", "protocol": "\(options.encoding.rawValue)"])
        return Tracer(options, exporter: OTLPExporter(options, clients), logger: logger)
    }

    /// Spans that wait to be sent.
    var waiting: Int { state.withLock { $0.queue.count } }

    /// Begins the span of a request; nil when its trace is not recorded.
    func begin(_ exchange: Exchange) -> Span? {
        let parent = exchange.headers[.traceParent].flatMap {
            TraceContext(traceparent: $0, state: exchange.headers[.traceState] ?? "")
        }
        let trace = parent?.trace ?? .random()
        guard options.sampler.isSampled(trace, parent: parent) else { return nil }
        let method = MethodLabel(exchange.method)
        let name = method == .unknown ? "HTTP" : exchange.method.rawValue
        let route = exchange.route?.template
        return Span(
            route.map { "\(name) \($0)" } ?? name, kind: .server,
            context: TraceContext(trace: trace, span: .random(), isSampled: true, state: parent?.state ?? ""),
            parent: parent?.span
        ) { [weak self] in self?.enqueue($0) }
    }

    /// Ends the span of a request, with the attributes of OpenTelemetry's semantic conventions for HTTP servers.
    static func end(_ span: Span, _ exchange: Exchange, _ status: HTTPResponse.Status, bytes: Int, isAborted: Bool) {
        let method = MethodLabel(exchange.method)
        span.set("http.request.method", .text(method == .unknown ? "_OTHER" : exchange.method.rawValue))
        span.set("url.scheme", .text(exchange.scheme))
        // Without the query, which may carry secrets.
        span.set("url.path", .text(String(exchange.path.prefix(1024))))
        if let route = exchange.route?.template { span.set("http.route", .text(route)) }
        span.set("http.response.status_code", .number(status.code))
        if let host = exchange.request.head.authority { span.set("server.address", .text(String(host.prefix(255)))) }
        if let address = exchange.clientAddress { span.set("client.address", .text(address)) }
        if let agent = exchange.headers[.userAgent] { span.set("user_agent.original", .text(String(agent.prefix(256)))) }
        if exchange.traffic.received > 0 { span.set("http.request.body.size", .number(exchange.traffic.received)) }
        span.set("http.response.body.size", .number(bytes))
        span.set("cove.request_id", .text(exchange.requestID))
        if let repository = exchange.repository { span.set("cove.repository", .text(String(repository.prefix(255)))) }
        if isAborted || status.code >= 500 {
            let why = isAborted ? "aborted" : String(status.code)
            span.set("error.type", .text(why))
            span.fail(isAborted ? "the client was gone before the end" : "")
        }
        span.end()
    }

    private func enqueue(_ span: Span.Finished) {
        let isKept = state.withLock { state in
            guard state.queue.count < options.queueLimit else { return false }
            state.queue.append(span)
            return true
        }
        if !isKept { dropped.add() }
    }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            var last = ContinuousClock.now
            while !Task.isCancelled {
                do { try await Task.sleep(for: Self.step) } catch { return }
                let count = self.waiting
                let isDue = count >= self.options.batch || count > 0 && ContinuousClock.now - last >= self.options.delay
                guard isDue else { continue }
                last = .now
                await self.exportBatch()
            }
        }
        // What is left, also when the task is cancelled: the last requests are those that one asks about.
        let rest = Task { while self.waiting > 0, await self.exportBatch() {} }
        let limit = Task {
            try? await Task.sleep(for: Self.patience)
            rest.cancel()
        }
        await rest.value
        limit.cancel()
    }

    /// - Returns: false when the collector did not take it.
    @discardableResult
    func exportBatch() async -> Bool {
        let batch = state.withLock { state -> [Span.Finished] in
            let batch = Array(state.queue.prefix(options.batch))
            state.queue.removeFirst(batch.count)
            return batch
        }
        guard !batch.isEmpty else { return true }
        do {
            try await exporter.export(batch)
            exported.add(batch.count)
            state.withLock { $0.isWarned = false }
            return true
        } catch {
            dropped.add(batch.count)
            let isNews = state.withLock { state in
                defer { state.isWarned = true }
                return !state.isWarned
            }
            if isNews { logger.warning("spans cannot be sent and are dropped", metadata: ["reason": "\(error)"]) }
            return false
        }
    }
}

/// How the export of spans goes.
struct TracingMetrics: MetricSource {
    private static let exported = Metric.counter("cove_trace_spans_exported_total", [], "Spans that the collector has taken.")
    private static let dropped = Metric.counter(
        "cove_trace_spans_dropped_total", [], "Spans that were dropped, as the collector is slow, away or refuses them.")
    private static let waiting = Metric.gauge("cove_trace_spans_waiting", [], "Spans that wait to be sent.")

    static let metrics = [exported, dropped, waiting]

    let tracer: Tracer

    func write(to text: inout MetricText) {
        text.write(Self.exported, tracer.exported.value)
        text.write(Self.dropped, tracer.dropped.value)
        text.write(Self.waiting, tracer.waiting)
    }
}

extension OCIRoute {
    /// The path with its variable parts as names (`http.route`).
    var template: String {
        switch self {
        case .base: "/v2/"
        case .catalog: "/v2/_catalog"
        case .tags: "/v2/{name}/tags/list"
        case .manifest: "/v2/{name}/manifests/{reference}"
        case .blob: "/v2/{name}/blobs/{digest}"
        case .uploads: "/v2/{name}/blobs/uploads/"
        case .upload: "/v2/{name}/blobs/uploads/{id}"
        case .referrers: "/v2/{name}/referrers/{digest}"
        }
    }
}
