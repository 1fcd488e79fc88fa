import CoveMetadata
import CoveTelemetry
import Synchronization

/// What became of the jobs that this process has run.
package final class JobStatistics: Sendable {
    /// How a run ended.
    package enum Outcome: String, Sendable, CaseIterable {
        case success, failure, retry, stopped
        /// The process ended, or the worker was given up: it runs again.
        case interrupted
    }

    package struct OfKind: Sendable {
        package let kind: String
        package let durations: Histogram
        let outcomes: CounterRow

        package func count(_ outcome: Outcome) -> Int { outcomes[Outcome.allCases.firstIndex(of: outcome) ?? 0] }
    }

    package let kinds: [OfKind]
    /// Jobs of this process that are at work.
    package let running = Gauge()
    /// Jobs that were taken from workers that were lost.
    package let reclaimed = Counter()
    /// Schedules that were set off, and those that were left out, as what they had set off before was at work.
    package let fired = Counter()
    package let skipped = Counter()
    private let waiting = Mutex<[(kind: String, status: JobStatus, count: Int64)]>([])

    init(kinds: [String]) {
        self.kinds = kinds.sorted().map {
            OfKind(
                kind: $0, durations: Histogram(.seconds, bounds: Histogram.times), outcomes: CounterRow(count: Outcome.allCases.count))
        }
    }

    func observe(_ kind: String, _ outcome: Outcome, since start: ContinuousClock.Instant) {
        guard let entry = kinds.first(where: { $0.kind == kind }) else { return }
        entry.durations.observe(since: start)
        entry.outcomes.add(at: Outcome.allCases.firstIndex(of: outcome) ?? 0)
    }

    /// How many jobs of all nodes stand how, as last counted.
    package var counts: [(kind: String, status: JobStatus, count: Int64)] { waiting.withLock { $0 } }

    func count(_ counts: [(kind: String, status: JobStatus, count: Int64)]) {
        waiting.withLock { $0 = counts }
    }
}
