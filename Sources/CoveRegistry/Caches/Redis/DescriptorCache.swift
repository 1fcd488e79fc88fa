import CoveMetadata
import CoveOCI
import CoveRedis
import CoveTelemetry

/// What the nodes of a registry remember of blobs together, in Redis (`storage.cache.blobdescriptor: redis`): a blob's
/// row, size and location by repository and digest. A Redis that fails, or holds nonsense, only costs speed.
///
/// What it guarantees:
/// - A blob is found only under the repository that the store was asked for.
/// - After ``forget(_:)`` could tell Redis, no node gets the old value from here: the forgetter leaves a mark, which
///   stays longer than an entry can, and a loader only sets what is absent. So one that read the old state does not put
///   it back. A push or a mount leaves the mark where it is, as its own entry might come after the next delete: such a
///   blob is asked of the store for two minutes.
/// - When Redis could not be told, this node does not ask it for that blob. Nor does a node that saw Redis fail believe
///   what is older than the end of that.
/// - A node that saw nothing of it may use the old value for as long as entries live: ``entryLifetime``, a minute from when
///   the store was read. So may any when Redis lost what it was told, as a failover can. Each reader compares the time in
///   the entry with its clock, so a Redis that was stopped for an hour does not bring old entries back. A clock that is
///   behind makes it ten seconds longer at most: later times are not believed.
package final class DescriptorCache: Sendable {
    static let entryLifetime = Duration.seconds(60)
    static let markLifetime = Duration.seconds(120)

    let statistics = CacheStatistics()
    /// Time of asking Redis, and of telling it.
    let lookups = Histogram(.seconds, bounds: Histogram.shortTimes)
    let updates = Histogram(.seconds, bounds: Histogram.shortTimes)
    let redis: RedisClient
    private let prefix: String
    private let untold = UntoldChanges(for: markLifetime)

    /// - Parameter namespace: what tells this registry's entries from those of others that use the same Redis; the same on
    ///   all of its nodes, for example an id that its metadata store keeps. Two registries with one namespace would
    ///   serve each other's blobs.
    package init(redis: RedisClient, namespace: String) {
        self.redis = redis
        prefix = namespace.isEmpty ? "cove:blob:" : "cove:\(namespace):blob:"
    }

    /// The cached blob, or what `load` finds in the store. A nil is not remembered.
    func blob(
        for key: BlobKey, load: () async throws(RegistryError) -> StoredBlob?
    ) async throws(RegistryError) -> StoredBlob? {
        guard !untold.contains(key) else { return try await load() }
        let name = self.name(of: key)
        let start = ContinuousClock.now
        let value = try? await redis.get(name)
        lookups.observe(since: start)
        if let value, let entry = DescriptorEntry(parsing: value),
            entry.isFresh(within: Self.entryLifetime), entry.second > redis.lastOutageEnd, !untold.contains(key)
        {
            statistics.hits.add()
            return StoredBlob(id: entry.id, digest: key.digest, size: entry.size, location: entry.location)
        }
        statistics.misses.add()
        let began = DescriptorEntry.now
        guard let blob = try await load() else { return nil }
        if let entry = DescriptorEntry(blob, readAt: began), !untold.contains(key) {
            let start = ContinuousClock.now
            _ = try? await redis.set(name, to: entry.text, lifetime: Self.entryLifetime, onlyIfAbsent: true)
            updates.observe(since: start)
        }
        return blob
    }

    /// Withdraws a blob's entry. Called after a commit and before its acknowledgement.
    func forget(_ key: BlobKey) async {
        let name = self.name(of: key)
        do {
            if try await redis.set(name, to: DescriptorEntry.mark, lifetime: Self.markLifetime) { return }
        } catch .refused {
            // A Redis that is full takes no mark; an entry can be deleted all the same. A loader that read the old state
            // could put it back, so it is not as good as told.
            try? await redis.delete(name)
        } catch {}
        untold.insert(key)
    }

    private func name(of key: BlobKey) -> String {
        "\(prefix)\(key.repository)@\(key.digest)"
    }
}
