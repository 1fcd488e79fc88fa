/// Metrics as text: Prometheus's exposition format 0.0.4, or OpenMetrics 1.0.
package struct MetricText {
    package enum Format: Sendable {
        case prometheus, openMetrics

        /// The format that a scraper asks for (`Accept`).
        package init(accept: String?) {
            let ranges = (accept ?? "").split(separator: ",")
            let takesOpenMetrics = ranges.contains { range in
                let parts = range.split(separator: ";").map { $0.filter { $0 != " " }.lowercased() }
                guard parts.first == "application/openmetrics-text" else { return false }
                let version = parts.first { $0.hasPrefix("version=") }
                return (version == nil || version == "version=1.0.0") && !parts.contains { $0 == "q=0" || $0 == "q=0.0" }
            }
            self = takesOpenMetrics ? .openMetrics : .prometheus
        }

        package var contentType: String {
            switch self {
            case .prometheus: "text/plain; version=0.0.4; charset=utf-8"
            case .openMetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8"
            }
        }
    }

    /// The numbers of one metric.
    package struct Samples {
        fileprivate let metric: Metric
        fileprivate let format: Format
        fileprivate var text = ""

        /// - Parameter labels: the values of the metric's labels, in their order.
        package mutating func add(_ labels: [String], _ value: Int) { line("", labels, nil, String(value)) }
        package mutating func add(_ labels: [String], _ value: Double) { line("", labels, nil, MetricText.number(value)) }

        package mutating func add(_ labels: [String], _ histogram: Histogram) { add(labels, histogram.snapshot) }

        package mutating func add(_ labels: [String], _ histogram: Histogram.Snapshot) {
            for (bound, count) in zip(histogram.bounds, histogram.cumulative) {
                line("_bucket", labels, format == .openMetrics ? "\(bound)" : MetricText.number(bound), String(count))
            }
            line("_bucket", labels, "+Inf", String(histogram.count))
            line("_sum", labels, nil, MetricText.number(histogram.sum))
            line("_count", labels, nil, String(histogram.count))
        }

        private mutating func line(_ suffix: String, _ labels: [String], _ bound: String?, _ value: String) {
            var pairs = zip(metric.labels, labels).map { "\($0)=\"\(MetricText.escaped($1, quotes: true))\"" }
            if let bound { pairs.append("le=\"\(bound)\"") }
            text += metric.name + suffix + (pairs.isEmpty ? "" : "{\(pairs.joined(separator: ","))}") + " \(value)\n"
        }
    }

    package let format: Format
    private var text = ""

    package init(_ format: Format) {
        self.format = format
    }

    /// Writes a metric with the samples that `body` adds; nothing when it adds none.
    package mutating func write(_ metric: Metric, _ body: (inout Samples) -> Void) {
        var samples = Samples(metric: metric, format: format)
        body(&samples)
        guard !samples.text.isEmpty else { return }
        // OpenMetrics names a counter without the suffix that its sample has.
        let isCounter = format == .openMetrics && metric.kind == .counter && metric.name.hasSuffix("_total")
        let name = isCounter ? String(metric.name.dropLast("_total".count)) : metric.name
        text += "# HELP \(name) \(Self.escaped(metric.help, quotes: format == .openMetrics))\n"
        text += "# TYPE \(name) \(metric.kind.rawValue)\n"
        text += samples.text
    }

    package mutating func write(_ metric: Metric, _ value: Int) { write(metric) { $0.add([], value) } }
    package mutating func write(_ metric: Metric, _ value: Double) { write(metric) { $0.add([], value) } }
    package mutating func write(_ metric: Metric, _ histogram: Histogram) { write(metric) { $0.add([], histogram) } }

    package func finished() -> String { format == .openMetrics ? text + "# EOF\n" : text }

    static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        return value == value.rounded() && abs(value) < 1e15 ? String(Int(value)) : "\(value)"
    }

    static func escaped(_ text: String, quotes: Bool) -> String {
        var escaped = ""
        for character in text.unicodeScalars {
            switch character {
            case "\\": escaped += "\\\\"
            case "\n": escaped += "\\n"
            case "\"" where quotes: escaped += "\\\""
            default: escaped.unicodeScalars.append(character)
            }
        }
        return escaped
    }
}
