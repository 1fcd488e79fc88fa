import CoveMetadata
import CoveTelemetry
import Synchronization

/// What upkeep has done on this node since it started.
package final class UpkeepStatistics: Sendable {
    package struct Chore: Sendable {
        package var successes = 0
        package var failures = 0
        /// Of the last that succeeded.
        package var duration = Duration.zero
        /// When it ended, UTC microseconds since 1970; nil when none has.
        package var lastSuccess: Int64?
    }

    package let freedBlobs = Counter()
    package let freedBytes = Counter()
    private let state = Mutex<[String: Chore]>([:])

    /// Chores by name.
    package var chores: [String: Chore] { state.withLock { $0 } }

    func succeeded(_ name: String, since start: ContinuousClock.Instant) {
        state.withLock { chores in
            chores[name, default: Chore()].successes += 1
            chores[name]?.duration = ContinuousClock.now - start
            chores[name]?.lastSuccess = .nowMicroseconds
        }
    }

    func failed(_ name: String) {
        state.withLock { $0[name, default: Chore()].failures += 1 }
    }

    func freed(_ blobs: [StoredBlob]) {
        freedBlobs.add(blobs.count)
        freedBytes.add(blobs.reduce(0) { $0 + Int($1.size) })
    }
}
