import CoveOCI
import Synchronization

/// Counts what an import does, and hands on what it finds. Used by all of its tasks.
final class ImportJournal: Sendable {
    private struct State {
        var report = ImportReport()
        var done = 0
        var total = 0
        var spared: Set<Digest> = []
    }

    private let state = Mutex(State())
    private let onFinding: @Sendable (ImportFinding) -> Void
    private let onProgress: @Sendable (ImportProgress) -> Void

    init(onFinding: @escaping @Sendable (ImportFinding) -> Void, onProgress: @escaping @Sendable (ImportProgress) -> Void) {
        self.onFinding = onFinding
        self.onProgress = onProgress
    }

    var report: ImportReport { state.withLock { $0.report } }

    func note(_ kind: ImportFinding.Kind, _ path: String, _ detail: String = "") {
        state.withLock { $0.report.findings[kind, default: 0] += 1 }
        onFinding(ImportFinding(kind, path, detail))
    }

    func count(_ change: (inout ImportReport) -> Void) {
        state.withLock { change(&$0.report) }
    }

    /// Keeps bytes from being taken for nobody's: those of manifests that could not be imported and, in a dry run, of
    /// everything that would be.
    func spare(_ digests: some Sequence<Digest>) {
        state.withLock { $0.spared.formUnion(digests) }
    }

    func isSpared(_ digest: Digest) -> Bool { state.withLock { $0.spared.contains(digest) } }

    func expect(_ count: Int) {
        state.withLock { $0.total += count }
    }

    func advance(_ count: Int) {
        let progress = state.withLock { state in
            state.done += count
            return ImportProgress(done: state.done, total: max(state.total, state.done), report: state.report)
        }
        onProgress(progress)
    }
}
