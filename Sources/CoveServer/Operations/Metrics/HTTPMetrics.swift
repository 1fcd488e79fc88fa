import CoveTelemetry
import HTTPTypes

/// Requests by endpoint, method and status. A request costs some ten atomic additions and no memory: each combination of
/// labels has its place from the start.
final class HTTPMetrics: MetricSource {
    private static let requests = Metric.counter(
        "registry_http_requests_total", ["code", "handler", "method"], "Requests that were answered.")
    private static let durations = Metric.histogram(
        "registry_http_request_duration_seconds", ["handler", "method"], "Time from a request's head to the end of its answer.")
    private static let inFlight = Metric.gauge(
        "registry_http_in_flight_requests", ["handler"], "Requests that are being answered.")
    private static let requestSizes = Metric.histogram(
        "registry_http_request_size_bytes", ["handler"], "Bytes of request bodies.")
    private static let responseSizes = Metric.histogram(
        "registry_http_response_size_bytes", ["handler"], "Bytes of response bodies.")
    private static let aborted = Metric.counter(
        "cove_http_requests_aborted_total", ["handler"], "Requests whose client was gone before the end of the answer.")

    static let metrics = [requests, durations, inFlight, requestSizes, responseSizes, aborted]

    private let answered = CounterRow(
        count: RequestHandler.allCases.count * MethodLabel.allCases.count * StatusLabel.names.count)
    private let times = (0..<RequestHandler.allCases.count * MethodLabel.allCases.count).map { _ in
        Histogram(.seconds, bounds: Histogram.times)
    }
    private let received = RequestHandler.allCases.map { _ in Histogram(.bytes, bounds: Histogram.sizes) }
    private let sent = RequestHandler.allCases.map { _ in Histogram(.bytes, bounds: Histogram.sizes) }
    private let running = RequestHandler.allCases.map { _ in Gauge() }
    private let broken = CounterRow(count: RequestHandler.allCases.count)

    func begin(_ handler: RequestHandler) {
        running[handler.rawValue].add(1)
    }

    /// - Parameters:
    ///   - bytes: of the response's body.
    ///   - isAborted: whether the client was gone before all was sent.
    func end(
        _ exchange: Exchange, _ status: HTTPResponse.Status, bytes: Int, started: ContinuousClock.Instant, isAborted: Bool
    ) {
        let handler = exchange.handler.rawValue
        let pair = handler * MethodLabel.allCases.count + MethodLabel(exchange.method).rawValue
        running[handler].add(-1)
        answered.add(at: pair * StatusLabel.names.count + StatusLabel.index(of: status.code))
        times[pair].observe(since: started)
        received[handler].observe(exchange.traffic.received)
        sent[handler].observe(bytes)
        if isAborted { broken.add(at: handler) }
    }

    func write(to text: inout MetricText) {
        text.write(Self.requests) { samples in
            for (pair, labels) in Self.pairs {
                for (index, code) in StatusLabel.names.enumerated() {
                    let count = answered[pair * StatusLabel.names.count + index]
                    if count > 0 { samples.add([code] + labels, count) }
                }
            }
        }
        text.write(Self.durations) { samples in
            for (pair, labels) in Self.pairs {
                let snapshot = times[pair].snapshot
                if snapshot.count > 0 { samples.add(labels, snapshot) }
            }
        }
        text.write(Self.inFlight) { samples in
            for handler in RequestHandler.allCases { samples.add([handler.name], running[handler.rawValue].value) }
        }
        for (metric, sizes) in [(Self.requestSizes, received), (Self.responseSizes, sent)] {
            text.write(metric) { samples in
                for handler in RequestHandler.allCases {
                    let snapshot = sizes[handler.rawValue].snapshot
                    if snapshot.count > 0 { samples.add([handler.name], snapshot) }
                }
            }
        }
        text.write(Self.aborted) { samples in
            for handler in RequestHandler.allCases { samples.add([handler.name], broken[handler.rawValue]) }
        }
    }

    /// Each handler with each method, and their labels.
    private static let pairs: [(Int, [String])] = RequestHandler.allCases.flatMap { handler in
        MethodLabel.allCases.map { method in
            (handler.rawValue * MethodLabel.allCases.count + method.rawValue, [handler.name, method.name])
        }
    }
}
