import CoveMetadata
import CoveTelemetry
import Logging
import ServiceLifecycle
import Synchronization

/// Runs the jobs of the queue, so many at once. Any number of processes do so beside each other.
///
/// A worker gives signs of life. Whoever sees none for as long as ``Options/lease`` takes its jobs from it, and they run again;
/// the worker itself ends them before that, should it have been cut off from the store only. Each run has a number, and what is
/// written in the name of an earlier one is refused. So no job runs twice at a time.
package final class JobWorkers: Service, Sendable {
    package struct Options: Sendable {
        /// Jobs at once.
        package var concurrency = 10
        /// Time without a sign of life after which a worker is given up.
        package var lease = Duration.seconds(30)
        /// How long logs are kept after the end of their jobs.
        package var logRetention = Duration.seconds(30 * 24 * 3600)
        /// How long jobs and executions are kept after their end; the latest of each vendor is kept in any case.
        package var retention = Duration.seconds(90 * 24 * 3600)
        /// In bytes; what a job says beyond it is left out.
        package var largestLog = 1 << 20
        /// How often to look for what other processes have put in.
        package var poll = Duration.milliseconds(500)
        /// How long jobs may go on when the process is to end, before they are interrupted.
        package var grace = Duration.seconds(2)
        /// As others see it.
        package var host = ""
        package var pid: Int64 = 0

        package init() {}
    }

    /// Workers of this process that were lost in the middle of a job, after which it is given up: what ends every process that
    /// runs it must not do so for ever.
    static let mostLosses: Int64 = 10

    let queue: JobQueue
    let handlers: [String: any JobHandler]
    let options: Options
    let logger: Logger
    package let statistics: JobStatistics
    let running = RunningJobs()
    let state: Mutex<State>

    struct State: Sendable {
        /// Who it is for others; another after it was given up.
        var name = ""
        var lease: JobLease
        var isClosing = false
    }

    package init(queue: JobQueue, handlers: [any JobHandler], options: Options, logger: Logger) {
        self.queue = queue
        self.handlers = Dictionary(handlers.map { ($0.kind, $0) }) { _, last in last }
        self.options = options
        self.logger = logger
        statistics = JobStatistics(kinds: handlers.map(\.kind))
        state = Mutex(State(lease: JobLease(nil)))
    }

    var metadata: MetadataStore { queue.metadata }
    var kinds: [String] { handlers.keys.sorted() }
    var name: String { state.withLock { $0.name } }
    var lease: JobLease { state.withLock { $0.lease } }
    private var isClosing: Bool { state.withLock { $0.isClosing } }

    /// Time between two signs of life.
    var beatInterval: Duration { metadata.isShared ? min(options.lease / 6, .seconds(10)) : .seconds(10) }

    package func run() async throws {
        await withGracefulShutdownHandler {
            guard await begin() else { return }
            await withDiscardingTaskGroup { group in
                group.addTask { await self.keepAlive() }
                group.addTask { await self.tend() }
                group.addTask { await self.keepTime() }
                await takeJobs(into: &group)
                await drain()
                group.cancelAll()
            }
            await leave()
        } onGracefulShutdown: {
            self.state.withLock { $0.isClosing = true }
            self.queue.signal.raise()
        }
    }

    // MARK: - Taking jobs

    private func takeJobs(into group: inout DiscardingTaskGroup) async {
        var failures = 0
        while !isClosing, !Task.isCancelled {
            let free = options.concurrency - running.count
            var taken: [JobRecord] = []
            let (name, lease) = state.withLock { ($0.name, $0.lease) }
            if free > 0, !lease.isOver {
                do {
                    taken = try await takeJobs(for: name, limit: free)
                    failures = 0
                } catch {
                    failures += 1
                    if failures == 1 { logger.error("could not look for jobs", metadata: ["error": "\(error)"]) }
                }
            }
            for job in taken { begin(job, name, lease, in: &group) }
            if taken.isEmpty || taken.count == free { await queue.signal.wait(for: options.poll) }
        }
    }

    private func takeJobs(for name: String, limit: Int) async throws -> [JobRecord] {
        guard try await metadata.read({ [kinds] in try $0.hasPendingJobs(of: kinds) }) else { return [] }
        return try await metadata.write(in: .jobs) { [kinds] in try $0.takeJobs(of: kinds, for: name, limit: limit) }
    }

    private func begin(_ job: JobRecord, _ name: String, _ lease: JobLease, in group: inout DiscardingTaskGroup) {
        guard let handler = handlers[job.kind] else { return }
        let run = JobRun(id: job.id, attempt: job.attempt, worker: name)
        var logger = logger
        logger[metadataKey: "job"] = "\(job.id)"
        logger[metadataKey: "kind"] = "\(job.kind)"
        let context = JobContext(job: job, run: run, lease: lease, largestLog: options.largestLog, logger: logger)
        let entry = RunningJob(context, handler)
        running.add(entry)
        statistics.running.set(running.count)
        group.addTask { await self.perform(entry) }
    }

    // MARK: - The end

    /// Lets jobs end, interrupts those that do not, and waits for them.
    private func drain() async {
        let end = ContinuousClock.now + options.grace
        while running.count > 0, ContinuousClock.now < end, !Task.isCancelled { try? await Task.sleep(for: .milliseconds(50)) }
        running.endAll(.shutdown)
        while running.count > 0, !Task.isCancelled { try? await Task.sleep(for: .milliseconds(20)) }
    }

    private func leave() async {
        do {
            _ = try await metadata.write(in: .jobs) { [name] in try $0.removeWorker(name) }
        } catch {
            logger.warning("could not sign off; others notice within the lease", metadata: ["error": "\(error)"])
        }
    }
}
