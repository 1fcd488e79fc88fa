import Foundation

/// How traces are exported, by the environment variables of OpenTelemetry (specification, "Environment Variable
/// Specification" and "OpenTelemetry Protocol Exporter").
struct TracingOptions: Sendable, Equatable {
    enum Encoding: String, Sendable {
        case protobuf = "http/protobuf"
        case json = "http/json"
    }

    /// Where spans are sent, its path included.
    var endpoint: String
    var encoding = Encoding.protobuf
    var headers: [Pair] = []
    var timeout = Duration.seconds(10)
    /// What is traced: the service and what else is said of it.
    var resource: [Pair] = []
    var sampler = TraceSampler()
    /// Spans that wait to be sent; more are dropped.
    var queueLimit = 2048
    var batch = 512
    var delay = Duration.seconds(5)

    struct Pair: Sendable, Equatable {
        var key: String
        var value: String
    }

    /// Nil when nothing is to be traced.
    ///
    /// - Parameter warn: told what is not done as a variable asks.
    init?(environment: [String: String], warn: (String) -> Void) {
        func value(_ name: String) -> String? {
            // An empty variable is one that is not set.
            environment["OTEL_\(name)"].flatMap { $0.isEmpty ? nil : $0 }
        }
        /// One for traces, or for all signals.
        func exporter(_ name: String) -> String? { value("EXPORTER_OTLP_TRACES_\(name)") ?? value("EXPORTER_OTLP_\(name)") }
        guard value("SDK_DISABLED")?.lowercased() != "true" else { return nil }
        let exporters = (value("TRACES_EXPORTER") ?? "otlp").split(separator: ",").map { $0.filter { $0 != " " } }
        guard exporters.contains("otlp") else {
            if exporters != ["none"] { warn("OTEL_TRACES_EXPORTER is \(exporters.joined(separator: ",")), and only otlp is known") }
            return nil
        }
        if let whole = value("EXPORTER_OTLP_TRACES_ENDPOINT") {
            endpoint = whole
        } else if let base = value("EXPORTER_OTLP_ENDPOINT") {
            endpoint = (base.hasSuffix("/") ? base : base + "/") + "v1/traces"
        } else {
            return nil
        }
        guard endpoint.hasPrefix("http://") || endpoint.hasPrefix("https://") else {
            warn("OTEL_EXPORTER_OTLP_ENDPOINT must begin with http:// or https://; nothing is traced")
            return nil
        }
        if let name = exporter("PROTOCOL") {
            guard let known = Encoding(rawValue: name) else {
                warn("OTEL_EXPORTER_OTLP_PROTOCOL is \(name); nothing is traced: use http/protobuf or http/json, port 4318 as a rule")
                return nil
            }
            encoding = known
        }
        for name in ["CERTIFICATE", "CLIENT_CERTIFICATE", "CLIENT_KEY"] where exporter(name) != nil {
            warn("OTEL_EXPORTER_OTLP_\(name) is not read: the system's authorities are trusted, and no certificate is shown")
        }
        if let compression = exporter("COMPRESSION"), compression != "none" {
            warn("OTEL_EXPORTER_OTLP_COMPRESSION is \(compression); spans are sent as they are")
        }
        headers = Self.pairs(exporter("HEADERS") ?? "")
        timeout = exporter("TIMEOUT").flatMap { Int($0) }.map { .milliseconds(max(1, $0)) } ?? timeout
        readResource(value)
        sampler = TraceSampler(name: value("TRACES_SAMPLER"), argument: value("TRACES_SAMPLER_ARG"), warn: warn)
        func limit(_ name: String) -> Int? { value(name).flatMap { Int($0) }.flatMap { (1...1_000_000).contains($0) ? $0 : nil } }
        queueLimit = limit("BSP_MAX_QUEUE_SIZE") ?? queueLimit
        batch = min(limit("BSP_MAX_EXPORT_BATCH_SIZE") ?? batch, queueLimit)
        delay = limit("BSP_SCHEDULE_DELAY").map { .milliseconds($0) } ?? delay
    }

    private mutating func readResource(_ value: (String) -> String?) {
        var pairs = Self.pairs(value("RESOURCE_ATTRIBUTES") ?? "")
        let name = value("SERVICE_NAME") ?? pairs.first { $0.key == "service.name" }?.value ?? "cove"
        pairs.removeAll { ["service.name", "service.version"].contains($0.key) }
        resource =
            [Pair(key: "service.name", value: name), Pair(key: "service.version", value: Version.current)] + pairs
            + [Pair(key: "telemetry.sdk.name", value: "cove"), Pair(key: "telemetry.sdk.language", value: "swift")]
    }

    /// `key=value,key=value`, percent-encoded as W3C Baggage has it.
    static func pairs(_ text: String) -> [Pair] {
        text.split(separator: ",").compactMap { item in
            let sides = item.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard sides.count == 2 else { return nil }
            func decoded(_ side: Substring) -> String {
                let trimmed = side.trimmingCharacters(in: .whitespaces)
                return trimmed.removingPercentEncoding ?? trimmed
            }
            let key = decoded(sides[0])
            return key.isEmpty ? nil : Pair(key: key, value: decoded(sides[1]))
        }
    }
}
