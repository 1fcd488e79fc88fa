import CoveMetadata
import CoveOCI
import Logging
import Synchronization

/// Counts pulls in memory and writes them in batches: a pull never waits for a write.
///
/// Equal pulls between two flushes become one row with a count. A crash loses the counts of about one second.
///
/// Where somebody is told of each (notifications), each is an event of its own, in order, as long as there are not too many
/// of them in a second; and a change of a repository is written after the pulls before it.
package final class PullRecorder: Sendable {
    /// Different pulls kept before new ones are dropped; reached only when the store does not take any more.
    private static let bound = 100_000
    /// More pulls than this between two flushes are counted together.
    private static let mostSingle = 5000
    private static let rowsPerTransaction = 500

    private struct State {
        var counts: [Event: Int] = [:]
        /// Those that are told of one by one.
        var single: [Event] = []
        /// The repositories of pulls that are not written yet, those of a flush under way included.
        var repositories: [RepositoryName: Int] = [:]
        /// The flush that began last. They run one after another.
        var flush: Task<Void, Never>?
    }

    private let metadata: MetadataStore
    private let tellsEach: Bool
    private let logger: Logger
    private let state = Mutex(State())

    init(metadata: MetadataStore, tellsEach: Bool = false, logger: Logger) {
        self.metadata = metadata
        self.tellsEach = tellsEach
        self.logger = logger
    }

    /// Pulls that are not yet written, equal ones together.
    var waiting: Int { state.withLock { $0.counts.count + $0.single.count } }

    func record(_ event: Event) {
        guard tellsEach || !event.isLook else { return }
        state.withLock { state in
            if tellsEach, state.single.count < Self.mostSingle {
                state.single.append(event)
                state.repositories[event.repository, default: 0] += 1
                return
            }
            var key = event
            // What differs from request to request would make every pull a row of its own.
            key.origin.requestID = nil
            key.origin.port = nil
            guard state.counts.count < Self.bound || state.counts[key] != nil else { return }
            state.counts[key, default: 0] += 1
        }
    }

    /// Has the pulls of a repository written, when somebody is told of them.
    func settle(_ repository: RepositoryName) async {
        guard tellsEach, state.withLock({ $0.repositories[repository] != nil }) else { return }
        await flush()
    }

    /// Writes what was counted since the last flush.
    package func flush() async {
        let task = state.withLock { state in
            let pending = state.single.map { ($0, 1) } + state.counts.map { ($0.key, $0.value) }
            let single = state.single
            let before = state.flush
            state.single = []
            state.counts = [:]
            if pending.isEmpty { return before }
            let task = Task {
                await before?.value
                await write(pending)
                self.state.withLock { state in
                    for event in single { state.repositories[event.repository, default: 0] -= 1 }
                    state.repositories = state.repositories.filter { $0.value > 0 }
                }
            }
            state.flush = task
            return task
        }
        await task?.value
    }

    private func write(_ pending: [(event: Event, count: Int)]) async {
        for start in stride(from: 0, to: pending.count, by: Self.rowsPerTransaction) {
            let batch = pending[start..<min(start + Self.rowsPerTransaction, pending.count)]
            do {
                try await metadata.write(in: .pulls) { store in
                    for (event, count) in batch { try store.append(event, count: count) }
                    try store.count(
                        batch.compactMap { event, count in
                            guard let digest = event.digest, event.mediaType != "application/octet-stream", !event.isLook else {
                                return nil
                            }
                            return PullCount(repository: event.repository, digest: digest, tag: event.tag, count: count)
                        })
                }
            } catch {
                logger.warning("could not record pulls", metadata: ["error": "\(error)", "pulls": "\(batch.count)"])
            }
        }
    }
}
