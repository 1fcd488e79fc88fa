import CoveClient
import CoveRegistry
import CoveTelemetry

/// What clients ask of mirrors, and mirrors of their upstreams. The names are registry:3's, with the upstream as a label
/// more, as there may be several.
struct ProxyMetrics: MetricSource {
    private static let labels = ["type", "upstream"]
    private static let requests = Metric.counter("registry_proxy_requests_total", labels, "Pulls from mirrors: of blobs, of manifests.")
    private static let hits = Metric.counter("registry_proxy_hits_total", labels, "Pulls from mirrors of what was stored.")
    private static let misses = Metric.counter("registry_proxy_misses_total", labels, "Pulls from mirrors that were fetched upstream.")
    private static let pulled = Metric.counter("registry_proxy_pulled_bytes_total", labels, "Bytes that came from upstreams.")
    private static let pushed = Metric.counter(
        "registry_proxy_pushed_bytes_total", labels, "Bytes of mirrored content that clients were given.")
    private static let isUp = Metric.gauge(
        "cove_proxy_upstream_up", ["upstream"], "1 while an upstream answers; 0 when it did not when it was asked last.")
    private static let quiet = Metric.gauge(
        "cove_proxy_upstream_quiet_seconds", ["upstream"], "How long an upstream still wants no requests (429).")
    private static let limit = Metric.gauge(
        "cove_proxy_upstream_ratelimit", ["upstream"], "Requests that an upstream allows in its window, where it says so (RateLimit-Limit)."
    )
    private static let remaining = Metric.gauge(
        "cove_proxy_upstream_ratelimit_remaining", ["upstream"], "Requests that are left of those (RateLimit-Remaining).")

    static let metrics = [requests, hits, misses, pulled, pushed, isUp, quiet, limit, remaining]

    let mirrors: Mirrors

    func write(to text: inout MetricText) {
        let all = mirrors.status
        func write(_ metric: Metric, _ value: (MirrorStatus.Counts) -> Int) {
            text.write(metric) { samples in
                for mirror in all {
                    samples.add(["Blob", mirror.upstream], value(mirror.blobs))
                    samples.add(["Manifest", mirror.upstream], value(mirror.manifests))
                }
            }
        }
        write(Self.requests) { $0.hits + $0.misses }
        write(Self.hits) { $0.hits }
        write(Self.misses) { $0.misses }
        write(Self.pulled) { Int($0.bytesFetched) }
        write(Self.pushed) { Int($0.bytesGiven) }
        text.write(Self.isUp) { samples in
            for mirror in all { samples.add([mirror.upstream], mirror.isAway ? 0 : 1) }
        }
        text.write(Self.quiet) { samples in
            for mirror in all { samples.add([mirror.upstream], Double((mirror.quiet ?? .zero).inNanoseconds) / 1e9) }
        }
        text.write(Self.limit) { samples in
            for mirror in all { if let limit = mirror.rateLimit?.limit { samples.add([mirror.upstream], limit) } }
        }
        text.write(Self.remaining) { samples in
            for mirror in all { if let remaining = mirror.rateLimit?.remaining { samples.add([mirror.upstream], remaining) } }
        }
    }
}
