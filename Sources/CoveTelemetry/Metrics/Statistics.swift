/// How often a cache knew, and how often it did not.
package final class CacheStatistics: Sendable {
    package let hits = Counter()
    package let misses = Counter()

    package init() {}
}

/// What a metadata store's engine has done since the start.
package final class EngineStatistics: Sendable {
    /// Time that a batch of writes took in one transaction, its commit among it.
    package let commits = Histogram(.seconds, bounds: Histogram.shortTimes)
    /// Writes that were in those batches.
    package let writes = Counter()
    /// Transactions that were run again, as they had met another.
    package let retries = Counter()
    /// Connections that could not be made.
    package let failedConnections = Counter()

    package init() {}
}

/// What the client of S3 has asked for since the start.
package final class S3Statistics: Sendable {
    package let requests = Counter()
    /// Requests that were sent again after a passing failure.
    package let retries = Counter()
    /// Requests that were given up.
    package let failures = Counter()

    package init() {}
}

/// How a pool of connections stands.
package struct PoolState: Sendable {
    package var busy: Int
    package var idle: Int
    /// The most connections.
    package var limit: Int
    /// Work that waits for one.
    package var waiting: Int

    package init(busy: Int, idle: Int, limit: Int, waiting: Int) {
        self.busy = busy
        self.idle = idle
        self.limit = limit
        self.waiting = waiting
    }
}
