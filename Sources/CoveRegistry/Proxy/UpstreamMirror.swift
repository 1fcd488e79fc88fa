import CoveBlobs
import CoveClient
import CoveMetadata
import CoveOCI
import Logging
import NIOCore
import Synchronization

/// What was answered from a mirror.
package struct Mirrored<Value: Sendable>: Sendable {
    package let value: Value
    /// Why it may be out of date; nil when the upstream has confirmed it, or it cannot be.
    package let staleness: Staleness?
}

/// The upstream could not be asked whether what is stored still holds.
package struct Staleness: Sendable {
    /// The upstream and what it said, in a few words without quotes.
    package let reason: String
}

/// Why an upstream did not give what is not stored here.
package struct UpstreamFailure: Sendable {
    package enum Kind: Sendable {
        /// It does not answer, or not as a registry does.
        case unavailable
        /// It wants no more requests for so long.
        case tooManyRequests(retryAfter: Duration?)
    }

    package let upstream: String
    package let kind: Kind
    package let reason: String
}

/// One upstream at work: asks it for what the store does not have, keeps that, and asks whether tags have moved. One file a
/// noun: `UpstreamMirror+Manifests`, `+Blobs`, `+Listings`.
package final class UpstreamMirror: Sendable {
    let upstream: Upstream
    let registry: Registry
    let health: UpstreamHealth
    let manifestCounter = MirrorCounter()
    let blobCounter = MirrorCounter()
    let manifestFlights = SingleFlight<ContentKey, ManifestOutcome>()
    let blobStarts = SingleFlight<BlobKey, BlobStart>()
    let blobFetches = Mutex<[BlobKey: BlobFetch]>([:])
    /// What the upstream does not have, and until when that is believed.
    private let absent = Mutex(LeastRecentlyUsed<String, ContinuousClock.Instant>(capacity: 10_000))
    /// When tags were confirmed last, where that counts.
    private let confirmed = Mutex(LeastRecentlyUsed<ContentKey, ContinuousClock.Instant>(capacity: 10_000))
    /// Lists of tags whose first page was just given.
    private let tagLists = Mutex(
        LeastRecentlyUsed<RepositoryName, (tags: [String], until: ContinuousClock.Instant)>(capacity: 200_000))
    private let receiving = Mutex<[ObjectIdentifier: Task<Void, Never>]>([:])

    init(_ upstream: Upstream, registry: Registry) {
        self.upstream = upstream
        self.registry = registry
        health = UpstreamHealth(name: upstream.client.address.description, logger: registry.logger)
    }

    package var status: MirrorStatus {
        MirrorStatus(
            prefix: upstream.prefix, upstream: upstream.client.address.description, isAway: health.isAway, quiet: health.quiet,
            rateLimit: upstream.client.rateLimit, manifests: manifestCounter.counts, blobs: blobCounter.counts)
    }

    // MARK: - Asking

    /// Asks the upstream, unless it wants to be left alone.
    func asking<T>(_ body: () async throws(ClientError) -> T) async throws(ClientError) -> T {
        if let quiet = health.quiet { throw .tooManyRequests(retryAfter: quiet) }
        do throws(ClientError) {
            let result = try await body()
            health.note(nil)
            return result
        } catch {
            health.note(error)
            throw error
        }
    }

    func failure(_ error: ClientError) -> RegistryError {
        let kind: UpstreamFailure.Kind =
            if case .tooManyRequests(let after) = error { .tooManyRequests(retryAfter: after) } else { .unavailable }
        return .upstream(UpstreamFailure(upstream: upstream.client.address.description, kind: kind, reason: error.description))
    }

    func staleness(_ error: ClientError?) -> Staleness {
        let reason = error?.description ?? "it did not answer a moment ago"
        return Staleness(reason: "\(upstream.client.address.host): \(reason)")
    }

    // MARK: - What is known for a while

    func isAbsent(_ key: String) -> Bool {
        absent.withLock { $0.value(for: key) }.map { $0 > .now } ?? false
    }

    func noteAbsent(_ key: String) {
        guard upstream.negativeTimeToLive > .zero else { return }
        absent.withLock { $0.insert(.now + upstream.negativeTimeToLive, for: key, cost: 1) }
    }

    func isConfirmed(_ key: ContentKey) -> Bool {
        guard upstream.tagTimeToLive > .zero else { return false }
        return confirmed.withLock { $0.value(for: key) }.map { $0 + upstream.tagTimeToLive > .now } ?? false
    }

    func noteConfirmed(_ key: ContentKey, asked: ContinuousClock.Instant) {
        guard upstream.tagTimeToLive > .zero else { return }
        confirmed.withLock { $0.insert(asked, for: key, cost: 1) }
    }

    func keptTags(of repository: RepositoryName) -> [String]? {
        tagLists.withLock { $0.value(for: repository) }.flatMap { $0.until > .now ? $0.tags : nil }
    }

    /// - Parameter tags: all of them, for a minute.
    func keep(_ tags: [String], of repository: RepositoryName) {
        tagLists.withLock { $0.insert((tags, .now + .seconds(60)), for: repository, cost: tags.count + 16) }
    }

    // MARK: - Work that outlives its client

    /// Runs `body` until it ends or the mirror is stopped.
    func receive(_ fetch: BlobFetch, _ body: @escaping @Sendable () async -> Void) {
        let id = ObjectIdentifier(fetch)
        receiving.withLock { running in
            running[id] = Task {
                await body()
                self.receiving.withLock { _ = $0.removeValue(forKey: id) }
            }
        }
    }

    /// Breaks off what is under way, and waits until it has put itself in order.
    func stop() async {
        manifestFlights.cancelAll()
        blobStarts.cancelAll()
        let tasks = receiving.withLock { Array($0.values) }
        for task in tasks { task.cancel() }
        for task in tasks { await task.value }
    }
}
