import CoveTelemetry
import Foundation
import Synchronization

/// Threads that each own a connection, and the work that waits for them.
///
/// Reads run on whichever thread is free. Writes queue in lanes: those of one lane take turns, and those that waited for
/// their turn together share one transaction, and so one commit. Threads are started as work piles up; a connection is
/// made when its thread first needs it, and again after it was lost.
final class PostgreSQLPool: Sendable {
    /// Work of one caller, and the way to answer it.
    struct Job: Sendable {
        let enqueued = ContinuousClock.now
        let run: @Sendable (PostgreSQLConnection) throws -> Void
        /// Called once, with what went wrong or nil.
        let finish: @Sendable ((any Error)?) -> Void
    }

    private enum Turn {
        case read(Job)
        case lane(WriteLane)
    }

    /// Of a class, as a thread that waits for the condition is in the middle of using it while others change it: an inout
    /// value would be the waiting thread's alone.
    private final class State {
        var turns: [Turn] = []
        var waiting: [WriteLane: [Job]] = [:]
        var busyLanes: Set<WriteLane> = []
        var idleThreads = 0
        var threads = 0
        var isClosed = false
        /// When the server could last not be reached, and why.
        var unreachable: (since: ContinuousClock.Instant, why: MetadataError)?
    }

    /// A request that waits longer than this for a connection is refused: better an error than a hang.
    private static let longestWait = Duration.seconds(10)
    /// Writes that share a commit.
    private static let largestBatch = 64
    /// Runs of one transaction before its conflict is the caller's.
    private static let attempts = 8
    /// While the server is away, it is asked so often; who comes in between is refused at once.
    private static let pause = Duration.milliseconds(250)

    private let options: PostgreSQLOptions
    private let condition = NSCondition()
    /// Guarded by ``condition``.
    private nonisolated(unsafe) let state = State()
    private let statistics: EngineStatistics

    init(_ options: PostgreSQLOptions, statistics: EngineStatistics = EngineStatistics()) {
        self.options = options
        self.statistics = statistics
    }

    /// How many threads, each with its connection, are at work and idle, and how much waits for one.
    var load: PoolState {
        locked { state in
            PoolState(
                busy: state.threads - state.idleThreads, idle: state.idleThreads, limit: options.maximumConnections,
                waiting: state.turns.count)
        }
    }

    func read(_ job: Job) {
        enqueue(job) { $0.turns.append(.read(job)) }
    }

    func write(_ job: Job, in lane: WriteLane) {
        enqueue(job) { state in
            state.waiting[lane, default: []].append(job)
            if state.busyLanes.insert(lane).inserted { state.turns.append(.lane(lane)) }
        }
    }

    /// Ends the threads when they have done what is waiting.
    func close() {
        locked { $0.isClosed = true }
        condition.broadcast()
    }

    private func locked<T>(_ body: (State) -> T) -> T {
        condition.lock()
        defer { condition.unlock() }
        return body(state)
    }

    private func enqueue(_ job: Job, _ add: (State) -> Void) {
        let (isClosed, mustStart) = locked { state in
            guard !state.isClosed else { return (true, false) }
            add(state)
            let mustStart = state.idleThreads < state.turns.count && state.threads < options.maximumConnections
            if mustStart { state.threads += 1 }
            return (false, mustStart)
        }
        if isClosed { return job.finish(MetadataError.unavailable("the metadata store is closed")) }
        condition.signal()
        if mustStart {
            let thread = Thread { self.work() }
            thread.name = "cove.metadata"
            thread.stackSize = 1 << 20
            thread.start()
        }
    }

    // MARK: - A thread

    private func work() {
        var connection: PostgreSQLConnection?
        while let turn = nextTurn() {
            switch turn {
            case .read(let job): run([job], on: &connection) { Self.read($0, on: $1) }
            case .lane(let lane):
                let batch = takeBatch(of: lane)
                run(batch, on: &connection) { jobs, connection in
                    let start = ContinuousClock.now
                    defer {
                        statistics.commits.observe(since: start)
                        statistics.writes.add(jobs.count)
                    }
                    return Self.write(jobs, on: connection, hasLimits: lane != .migration)
                }
                // Its connection waits for answers as long as it takes, which no other work should.
                if lane == .migration { connection = nil }
                let hasMore = locked { state in
                    guard state.waiting[lane] == nil else {
                        state.turns.append(.lane(lane))
                        return true
                    }
                    state.busyLanes.remove(lane)
                    return false
                }
                if hasMore { condition.signal() }
            }
        }
    }

    private func nextTurn() -> Turn? {
        locked { state in
            while state.turns.isEmpty {
                if state.isClosed {
                    state.threads -= 1
                    return nil
                }
                state.idleThreads += 1
                condition.wait()
                state.idleThreads -= 1
            }
            return state.turns.removeFirst()
        }
    }

    private func takeBatch(of lane: WriteLane) -> [Job] {
        locked { state in
            var waiting = state.waiting[lane] ?? []
            let batch = Array(waiting.prefix(Self.largestBatch))
            waiting.removeFirst(batch.count)
            state.waiting[lane] = waiting.isEmpty ? nil : waiting
            return batch
        }
    }

    /// Runs jobs, again where that can help, until each has been answered.
    private func run(
        _ jobs: [Job], on connection: inout PostgreSQLConnection?,
        _ body: ([Job], PostgreSQLConnection) -> [(Job, any Error)]
    ) {
        var left = jobs.filter { job in
            guard ContinuousClock.now - job.enqueued > Self.longestWait else { return true }
            job.finish(MetadataError.unavailable("every connection to the database was busy for \(Self.longestWait)"))
            return false
        }
        for attempt in 1...Self.attempts where !left.isEmpty {
            let usable: PostgreSQLConnection
            do throws(MetadataError) {
                connection?.checkWhileIdle()
                if let connection, connection.isUsable { usable = connection } else { usable = try connect() }
                connection = usable
            } catch {
                connection = nil
                for job in left { job.finish(error) }
                return
            }
            left = body(left, usable).compactMap { job, error in
                if attempt < Self.attempts, Self.canTryAgain(error, attempt) {
                    statistics.retries.add()
                    return job
                }
                job.finish((error as? PostgreSQLFailure)?.asMetadataError ?? error)
                return nil
            }
            if !usable.isUsable { connection = nil }
            // Those who ran into each other must not do so again in step.
            if attempt > 1, !left.isEmpty { Thread.sleep(forTimeInterval: .random(in: 0...0.01) * Double(attempt)) }
        }
    }

    /// A connection that was lost may have been idle since the server restarted: that is worth one more try.
    private static func canTryAgain(_ error: any Error, _ attempt: Int) -> Bool {
        switch (error as? PostgreSQLFailure)?.kind {
        case .conflict: true
        case .connectionLost: attempt == 1
        default: false
        }
    }

    private func connect() throws(MetadataError) -> PostgreSQLConnection {
        let recent = locked { $0.unreachable }
        if let recent, ContinuousClock.now - recent.since < Self.pause { throw recent.why }
        do throws(PostgreSQLFailure) {
            let connection = try PostgreSQLConnection(options)
            locked { $0.unreachable = nil }
            return connection
        } catch {
            let why = error.asMetadataError
            statistics.failedConnections.add()
            locked { $0.unreachable = (.now, why) }
            throw why
        }
    }

    // MARK: - Transactions

    /// - Returns: the jobs that have not been answered, with what went wrong.
    private static func read(_ jobs: [Job], on connection: PostgreSQLConnection) -> [(Job, any Error)] {
        jobs.compactMap { job in
            do {
                try job.run(connection)
            } catch {
                return (job, error)
            }
            job.finish(nil)
            return nil
        }
    }

    /// Runs jobs in one transaction; where one of them fails, each in one of its own.
    private static func write(
        _ jobs: [Job], on connection: PostgreSQLConnection, hasLimits: Bool
    ) -> [(Job, any Error)] {
        do {
            try transaction(jobs, on: connection, hasLimits: hasLimits)
        } catch let error as CommitInDoubt {
            for job in jobs { job.finish(MetadataError.unavailable(error.message)) }
            return []
        } catch {
            if jobs.count == 1 || !connection.isUsable { return jobs.map { ($0, error) } }
            return jobs.flatMap { write([$0], on: connection, hasLimits: hasLimits) }
        }
        for job in jobs { job.finish(nil) }
        return []
    }

    /// The connection broke while the server was committing: nobody can say whether it did, so it is not tried again.
    private struct CommitInDoubt: Error {
        let message: String
    }

    private static func transaction(_ jobs: [Job], on connection: PostgreSQLConnection, hasLimits: Bool) throws {
        do {
            if hasLimits { try connection.begin() } else { try connection.beginWithoutLimits() }
            for job in jobs { try job.run(connection) }
        } catch {
            connection.rollback()
            throw error
        }
        do {
            try connection.commit()
        } catch let failure as PostgreSQLFailure where failure.kind == .connectionLost {
            throw CommitInDoubt(message: failure.message)
        } catch {
            connection.rollback()
            throw error
        }
    }
}
