import CoveClient
import Synchronization

/// How an upstream is and what it has been asked for: for metrics and whoever looks.
package struct MirrorStatus: Sendable {
    /// The prefix of its names here; empty when it mirrors everything.
    package let prefix: String
    /// Its URL.
    package let upstream: String
    /// Whether it did not answer when it was asked last.
    package let isAway: Bool
    /// How long it wants no requests; nil when it may be asked.
    package let quiet: Duration?
    /// What it said last of its limits.
    package let rateLimit: RateLimit?
    package let manifests: Counts
    package let blobs: Counts

    /// Requests of clients, since the start of this process.
    package struct Counts: Sendable, Equatable {
        /// Answered from the store.
        package var hits = 0
        /// Fetched from the upstream.
        package var misses = 0
        /// Bytes that came from the upstream.
        package var bytesFetched: Int64 = 0
        /// Bytes of what clients were given.
        package var bytesGiven: Int64 = 0
    }
}

final class MirrorCounter: Sendable {
    private let hits = Atomic(0)
    private let misses = Atomic(0)
    private let bytes = Atomic<Int64>(0)
    private let given = Atomic<Int64>(0)

    func hit() { hits.add(1, ordering: .relaxed) }
    func miss() { misses.add(1, ordering: .relaxed) }
    func fetched(_ count: Int) { bytes.add(Int64(count), ordering: .relaxed) }
    func gave(_ count: Int64) { given.add(count, ordering: .relaxed) }

    var counts: MirrorStatus.Counts {
        MirrorStatus.Counts(
            hits: hits.load(ordering: .relaxed), misses: misses.load(ordering: .relaxed), bytesFetched: bytes.load(ordering: .relaxed),
            bytesGiven: given.load(ordering: .relaxed))
    }
}
