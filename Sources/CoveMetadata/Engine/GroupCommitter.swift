import CoveTelemetry
import Dispatch
import GRDB
import Synchronization

/// Lets concurrent writers share one commit, and so one fsync.
///
/// Writes queue while a commit is under way; the next commit takes all of them in one transaction, each within a
/// savepoint, so that one that fails takes only itself back. Every writer is answered after the commit: an answer means
/// that its rows are durable. A lone writer pays one commit and no waiting.
final class GroupCommitter: Sendable {
    /// One writer's work and the way to answer it.
    private struct Job: Sendable {
        let run: @Sendable (any SQLConnection) throws -> Void
        /// Called once, after the commit, or with what went wrong.
        let finish: @Sendable ((any Error)?) -> Void
    }

    private struct State {
        var waiting: [Job] = []
        var isDraining = false
    }

    /// More writers than this in one transaction gain nothing and make the first wait.
    private static let largestBatch = 256

    private let database: any DatabaseWriter
    private let statistics: EngineStatistics
    private let queue = DispatchQueue(label: "cove.metadata.commit")
    private let state = Mutex(State())

    init(database: any DatabaseWriter, statistics: EngineStatistics = EngineStatistics()) {
        self.database = database
        self.statistics = statistics
    }

    func write<T: Sendable>(_ body: @escaping @Sendable (any SQLConnection) throws -> T) async throws -> T {
        try await withCheckedThrowingContinuation { continuation in
            let outcome = Outcome<T>()
            enqueue(
                Job(
                    run: { connection in
                        let value = try body(connection)
                        outcome.value.withLock { $0 = value }
                    },
                    finish: { error in
                        outcome.resume(continuation, (error as? DatabaseError).map(MetadataError.init) ?? error)
                    }))
        }
    }

    private func enqueue(_ job: Job) {
        let mustStart = state.withLock { state in
            state.waiting.append(job)
            defer { state.isDraining = true }
            return !state.isDraining
        }
        if mustStart { queue.async { self.drain() } }
    }

    private func drain() {
        while true {
            let batch = state.withLock { state -> [Job] in
                let batch = Array(state.waiting.prefix(Self.largestBatch))
                state.waiting.removeFirst(batch.count)
                if batch.isEmpty { state.isDraining = false }
                return batch
            }
            if batch.isEmpty { return }
            commit(batch)
        }
    }

    private func commit(_ batch: [Job]) {
        var failures = [(any Error)?](repeating: nil, count: batch.count)
        let start = ContinuousClock.now
        do {
            try database.writeWithoutTransaction { connection in
                try connection.inTransaction(.immediate) {
                    let session = SQLiteConnection(database: connection)
                    for (index, job) in batch.enumerated() {
                        failures[index] = try Self.attempt(job, on: connection, session, alone: batch.count == 1)
                    }
                    return .commit
                }
            }
        } catch {
            // The transaction as a whole is gone: nobody's rows were written.
            for index in failures.indices where failures[index] == nil { failures[index] = error }
        }
        statistics.commits.observe(since: start)
        statistics.writes.add(batch.count)
        for (job, failure) in zip(batch, failures) { job.finish(failure) }
    }

    /// Runs one job; returns its own failure, or throws when the failure has ended the whole transaction.
    private static func attempt(
        _ job: Job, on connection: Database, _ session: SQLiteConnection, alone: Bool
    ) throws -> (any Error)? {
        if alone {
            try job.run(session)
            return nil
        }
        try connection.execute(sql: "SAVEPOINT job")
        do {
            try job.run(session)
            try connection.execute(sql: "RELEASE job")
            return nil
        } catch {
            // SQLite ends the transaction by itself on a full disk or an I/O error.
            guard connection.isInsideTransaction else { throw error }
            try connection.execute(sql: "ROLLBACK TO job")
            try connection.execute(sql: "RELEASE job")
            return error
        }
    }
}
