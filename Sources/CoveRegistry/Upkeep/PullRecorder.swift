import CoveMetadata
import CoveOCI
import Logging
import Synchronization

/// Counts pulls in memory and writes them in batches: a pull never waits for a write.
///
/// Equal pulls between two flushes become one row with a count. A crash loses the counts of about one second.
package final class PullRecorder: Sendable {
    /// Different pulls kept before new ones are dropped; reached only when the store does not take any more.
    private static let bound = 100_000
    private static let rowsPerTransaction = 500

    private let metadata: MetadataStore
    private let logger: Logger
    private let counts = Mutex<[Event: Int]>([:])

    init(metadata: MetadataStore, logger: Logger) {
        self.metadata = metadata
        self.logger = logger
    }

    /// Different pulls that are not yet written.
    var waiting: Int { counts.withLock { $0.count } }

    func record(_ event: Event) {
        var key = event
        // What differs from request to request would make every pull a row of its own.
        key.origin.requestID = nil
        counts.withLock { counts in
            guard counts.count < Self.bound || counts[key] != nil else { return }
            counts[key, default: 0] += 1
        }
    }

    /// Writes what was counted since the last flush.
    package func flush() async {
        let pending = counts.withLock { counts in
            defer { counts = [:] }
            return Array(counts)
        }
        for start in stride(from: 0, to: pending.count, by: Self.rowsPerTransaction) {
            let batch = pending[start..<min(start + Self.rowsPerTransaction, pending.count)]
            do {
                try await metadata.write(in: .pulls) { store in
                    for (event, count) in batch { try store.append(event, count: count) }
                    try store.count(
                        batch.compactMap { event, count in
                            guard let digest = event.digest, event.mediaType != "application/octet-stream" else { return nil }
                            return PullCount(repository: event.repository, digest: digest, tag: event.tag, count: count)
                        })
                }
            } catch {
                logger.warning("could not record pulls", metadata: ["error": "\(error)", "pulls": "\(batch.count)"])
            }
        }
    }
}
