import CoveMetadata
import Synchronization

/// Why a job that runs is to end.
enum JobEnding: Sendable, Equatable {
    /// Somebody wants it to.
    case stop
    /// The process ends.
    case shutdown
    /// It is no longer this worker's.
    case lost
}

/// A job at work in this process, and the way to end it.
struct RunningJob: Sendable {
    let context: JobContext
    let handler: any JobHandler
    /// Tells at most once that it is to end.
    let endings: AsyncStream<JobEnding>
    private let teller: AsyncStream<JobEnding>.Continuation

    init(_ context: JobContext, _ handler: any JobHandler) {
        self.context = context
        self.handler = handler
        (endings, teller) = AsyncStream.makeStream(of: JobEnding.self, bufferingPolicy: .bufferingOldest(1))
    }

    func end(_ ending: JobEnding) {
        teller.yield(ending)
        teller.finish()
    }
}

/// The jobs at work in this process.
final class RunningJobs: Sendable {
    private let jobs = Mutex<[JobRun: RunningJob]>([:])

    var count: Int { jobs.withLock { $0.count } }
    var all: [RunningJob] { jobs.withLock { Array($0.values) } }

    func contains(_ run: JobRun) -> Bool { jobs.withLock { $0[run] != nil } }
    func add(_ job: RunningJob) { jobs.withLock { $0[job.context.run] = job } }
    func remove(_ run: JobRun) { jobs.withLock { _ = $0.removeValue(forKey: run) } }

    func end(_ run: JobRun, _ ending: JobEnding) {
        jobs.withLock { $0[run] }?.end(ending)
    }

    func endAll(_ ending: JobEnding) {
        for job in all { job.end(ending) }
    }
}
