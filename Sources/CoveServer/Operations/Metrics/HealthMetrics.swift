import CoveTelemetry

/// Whether the node can serve.
struct HealthMetrics: MetricSource {
    private static let ready = Metric.gauge("cove_ready", [], "1 while /readyz answers that the node is ready.")
    private static let failing = Metric.gauge("cove_health_checks_failing", [], "Health checks that fail.")

    static let metrics = [ready, failing]

    let readiness: Readiness

    func write(to text: inout MetricText) {
        text.write(Self.ready, readiness.isReady ? 1 : 0)
        text.write(Self.failing, readiness.failures.count)
    }
}
