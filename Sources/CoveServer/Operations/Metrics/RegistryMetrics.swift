import CoveRegistry
import CoveTelemetry

/// Caches, uploads and upkeep.
struct RegistryMetrics: MetricSource {
    private static let legacyCache = Metric.counter(
        "registry_storage_cache_total", ["type"], "Lookups of blobs' whereabouts, and how they ended; as registry:2 names them.")
    private static let cacheRequests = Metric.counter(
        "registry_storage_cache_requests_total", [], "Lookups of blobs' whereabouts; as registry:3 names them.")
    private static let cacheHits = Metric.counter(
        "registry_storage_cache_hits_total", [], "Lookups of blobs' whereabouts that the cache answered; as registry:3 names them.")
    private static let cache = Metric.counter(
        "cove_cache_requests_total", ["cache", "result"],
        "Lookups in the caches of manifests and tags, of blobs' whereabouts, of small blobs and in Redis.")
    private static let redisTime = Metric.histogram(
        "registry_storage_cache_redis_seconds", ["operation"], "Time of asking Redis (Stat) and of telling it (SetDescriptor).")
    private static let redisUp = Metric.gauge(
        "cove_redis_up", [], "1 while commands are sent to Redis; 0 while it is left alone after a failure.")
    private static let redisConnections = Metric.gauge("cove_redis_connections", [], "Connections to Redis.")
    private static let uploads = Metric.gauge(
        "cove_uploads_open", ["state"],
        "Uploads of this node: those that a request is at work on (busy), and those kept open for a next one (idle).")
    private static let pulls = Metric.gauge("cove_pulls_unwritten", [], "Different pulls that are counted and not yet written.")
    private static let runs = Metric.counter("cove_upkeep_runs_total", ["chore", "result"], "Chores that this node has done.")
    private static let lastSuccess = Metric.gauge(
        "cove_upkeep_last_success_timestamp_seconds", ["chore"], "When this node last ended a chore well, in Unix time.")
    private static let duration = Metric.gauge(
        "cove_upkeep_last_duration_seconds", ["chore"], "How long the last chore that ended well took.")
    private static let freedBlobs = Metric.counter("cove_upkeep_freed_blobs_total", [], "Blobs whose bytes this node has freed.")
    private static let freedBytes = Metric.counter("cove_upkeep_freed_bytes_total", [], "Bytes that this node has freed.")

    static let metrics = [
        legacyCache, cacheRequests, cacheHits, cache, redisTime, redisUp, redisConnections, uploads, pulls, runs, lastSuccess,
        duration, freedBlobs, freedBytes,
    ]

    let registry: Registry

    func write(to text: inout MetricText) {
        let statistics = registry.statistics
        writeCaches(statistics, to: &text)
        if let shared = statistics.shared {
            text.write(Self.redisTime) { samples in
                samples.add(["Stat"], shared.lookups)
                samples.add(["SetDescriptor"], shared.updates)
            }
            text.write(Self.redisUp, shared.isInService ? 1 : 0)
            text.write(Self.redisConnections, shared.connections)
        }
        text.write(Self.uploads) { samples in
            samples.add(["busy"], statistics.uploads.busy)
            samples.add(["idle"], statistics.uploads.idle)
        }
        text.write(Self.pulls, statistics.unwrittenPulls)
        writeUpkeep(to: &text)
    }

    private func writeCaches(_ statistics: RegistryStatistics, to text: inout MetricText) {
        let (hits, misses) = (statistics.blobs.hits.value, statistics.blobs.misses.value)
        text.write(Self.legacyCache) { samples in
            for (type, count) in [("Request", hits + misses), ("Hit", hits), ("Miss", misses)] { samples.add([type], count) }
        }
        text.write(Self.cacheRequests, hits + misses)
        text.write(Self.cacheHits, hits)
        var caches = [
            ("manifest", statistics.manifests), ("blob", statistics.blobs), ("small_blob", statistics.smallBlobs),
        ]
        if let shared = statistics.shared { caches.append(("redis", shared.cache)) }
        text.write(Self.cache) { samples in
            for (name, cache) in caches {
                samples.add([name, "hit"], cache.hits.value)
                samples.add([name, "miss"], cache.misses.value)
            }
        }
    }

    private func writeUpkeep(to text: inout MetricText) {
        let chores = registry.upkeep.chores.map { (name: $0.key.replacing(" ", with: "_"), chore: $0.value) }
            .sorted { $0.name < $1.name }
        text.write(Self.runs) { samples in
            for (name, chore) in chores {
                samples.add([name, "success"], chore.successes)
                samples.add([name, "failure"], chore.failures)
            }
        }
        text.write(Self.lastSuccess) { samples in
            for (name, chore) in chores {
                if let time = chore.lastSuccess { samples.add([name], Double(time) / 1_000_000) }
            }
        }
        text.write(Self.duration) { samples in
            for (name, chore) in chores where chore.lastSuccess != nil {
                samples.add([name], Double(chore.duration.inNanoseconds) / 1e9)
            }
        }
        text.write(Self.freedBlobs, registry.upkeep.freedBlobs.value)
        text.write(Self.freedBytes, registry.upkeep.freedBytes.value)
    }
}
