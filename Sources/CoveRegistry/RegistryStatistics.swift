import CoveRedis
import CoveTelemetry

/// What a registry can tell of itself to whoever watches it.
package struct RegistryStatistics: Sendable {
    /// What the cache in Redis has done, and how it is.
    package struct Shared: Sendable {
        package let cache: CacheStatistics
        package let lookups: Histogram
        package let updates: Histogram
        package let isInService: Bool
        package let connections: Int
    }

    package let manifests: CacheStatistics
    /// Whereabouts of blobs.
    package let blobs: CacheStatistics
    /// Bytes of small blobs.
    package let smallBlobs: CacheStatistics
    /// Nil without Redis.
    package let shared: Shared?
    /// Uploads that a request of this node is at work on, and those that it keeps open for a next one.
    package let uploads: (busy: Int, idle: Int)
    /// Pulls that are counted but not yet written.
    package let unwrittenPulls: Int
}

extension Registry {
    package var statistics: RegistryStatistics {
        RegistryStatistics(
            manifests: manifestCache.statistics, blobs: blobCache.statistics, smallBlobs: smallBlobs.statistics,
            shared: descriptors.map { descriptors in
                RegistryStatistics.Shared(
                    cache: descriptors.statistics, lookups: descriptors.lookups, updates: descriptors.updates,
                    isInService: descriptors.redis.isInService, connections: descriptors.redis.connections)
            },
            uploads: sessions.counts, unwrittenPulls: pulls.waiting)
    }
}
