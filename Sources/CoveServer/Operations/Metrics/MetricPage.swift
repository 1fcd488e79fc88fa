import CoveTelemetry

/// All metrics of a node, as one page.
package struct MetricPage: Sendable {
    let sources: [any MetricSource]

    func text(_ format: MetricText.Format) async -> String {
        var text = MetricText(format)
        for source in sources { await source.write(to: &text) }
        return text.finished()
    }

    /// Every source that a node may have.
    static let kinds: [any MetricSource.Type] = [
        HTTPMetrics.self, ListenerMetrics.self, LetsEncryptMetrics.self, HealthMetrics.self, RegistryMetrics.self, StoreMetrics.self,
        InventoryMetrics.self, TracingMetrics.self, NotificationMetrics.self, ProxyMetrics.self, JobMetrics.self,
        ProcessMetrics.self,
    ]

    /// Every metric that a node may give, as a table in Markdown: part of `docs/operations.md`.
    package static func reference() -> String {
        var text = "| metric | type | labels | |\n|---|---|---|---|\n"
        for metric in kinds.flatMap({ $0.metrics }) {
            let labels = metric.labels.map { "`\($0)`" }.joined(separator: ", ")
            text += "| `\(metric.name)` | \(metric.kind.rawValue) | \(labels) | \(metric.help) |\n"
        }
        return text
    }
}
