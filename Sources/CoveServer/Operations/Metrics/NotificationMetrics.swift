import CoveRegistry
import CoveTelemetry

/// What becomes of the events that endpoints are notified of, as registry:2 and registry:3 name it.
struct NotificationMetrics: MetricSource {
    private static let events = Metric.counter(
        "registry_notifications_events_total", ["type", "endpoint"],
        "Events that an endpoint was to have (Events), has taken (Successes); tries that it refused (Failures), that failed (Errors).")
    /// A gauge, whatever its name says: Distribution calls it so.
    static let pending = Metric.gauge(
        "registry_notifications_pending_total", ["endpoint"], "Events that an endpoint has not taken yet, by whichever node.")
    private static let statuses = Metric.counter(
        "registry_notifications_status_total", ["code", "endpoint"], "What an endpoint has answered, such as 200 OK.")

    static let metrics = [events, pending, statuses]

    let dispatcher: NotificationDispatcher

    func write(to text: inout MetricText) async {
        let endpoints = await dispatcher.state()
        text.write(Self.events) { samples in
            for endpoint in endpoints {
                let metrics = endpoint.metrics
                samples.add(["Events", endpoint.name], metrics.events)
                samples.add(["Successes", endpoint.name], metrics.successes)
                samples.add(["Failures", endpoint.name], metrics.failures)
                samples.add(["Errors", endpoint.name], metrics.errors)
            }
        }
        text.write(Self.pending) { samples in
            for endpoint in endpoints { samples.add([endpoint.name], endpoint.metrics.pending) }
        }
        text.write(Self.statuses) { samples in
            for endpoint in endpoints {
                for (status, count) in endpoint.metrics.statuses.sorted(by: { $0.key < $1.key }) {
                    samples.add([status, endpoint.name], count)
                }
            }
        }
    }
}
