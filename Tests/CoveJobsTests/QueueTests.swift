import CoveMetadata
import Foundation
import TestSupport
import Testing

@testable import CoveJobs

@Suite("JobQueue")
struct QueueTests {
    private static let vendor = JobVendor("POLICY", 7)

    private static func take(_ queue: JobQueue, _ limit: Int = 10, as worker: String = "w", kinds: [String] = ["A", "B"]) async throws
        -> [JobRecord]
    {
        try await queue.metadata.write { try $0.takeJobs(of: kinds, for: worker, limit: limit) }
    }

    private static func queue(workers: String...) async throws -> JobQueue {
        let queue = try await QueueFixture.make()
        for worker in workers { try await queue.metadata.write { try $0.insertWorker(worker, host: "h", pid: 1, concurrency: 2) } }
        return queue
    }

    private static func run(_ job: JobRecord) -> JobRun { JobRun(id: job.id, attempt: job.attempt, worker: job.worker ?? "") }

    @Test("jobs are taken by priority and then by age, and only those of known kinds whose time has come")
    func order() async throws {
        let queue = try await Self.queue(workers: "w")
        let first = try await queue.enqueue(kind: "A")
        let second = try await queue.enqueue(kind: "B")
        let urgent = try await queue.enqueue(kind: "A", priority: 5)
        _ = try await queue.enqueue(kind: "UNKNOWN", priority: 9)
        let later = try await queue.enqueue(kind: "A", priority: 9, runAt: .nowMicroseconds + 3_600_000_000)
        #expect(try await queue.status(later) == .scheduled)
        #expect(try await Self.take(queue).map(\.id) == [urgent, first, second])
        #expect(try await Self.take(queue).isEmpty)
    }

    @Test("a job that was put off can be taken when its time has come")
    func delayed() async throws {
        let queue = try await Self.queue(workers: "w")
        let id = try await queue.enqueue(kind: "A", runAt: .nowMicroseconds + 50_000)
        #expect(try await Self.take(queue).isEmpty)
        #expect(
            try await QueueFixture.wait {
                _ = try await queue.metadata.write { try $0.releaseScheduledJobs(limit: 10) }
                return try await Self.take(queue).map(\.id) == [id]
            })
    }

    @Test("what is written in the name of an earlier run, or by a worker that was given up, is refused")
    func fencing() async throws {
        let queue = try await Self.queue(workers: "old", "new")
        let id = try await queue.enqueue(kind: "A")
        let old = Self.run(try #require(try await Self.take(queue, as: "old").first))
        #expect(try await queue.metadata.write { try $0.removeWorker("old") })
        #expect(try await queue.metadata.read { try $0.orphanedRuns() } == [old])
        #expect(try await queue.metadata.write { try $0.reclaimJob(old, most: 10, note: "lost") } == .pending)
        #expect(try await queue.metadata.write { try $0.reclaimJob(old, most: 10, note: "lost") } == nil)
        #expect(try await Self.take(queue, as: "old").isEmpty)
        let new = Self.run(try #require(try await Self.take(queue, as: "new").first))
        #expect(new.attempt == 2)
        for stale in [old, JobRun(id: id, attempt: 1, worker: "new"), JobRun(id: id, attempt: 2, worker: "old")] {
            #expect(try await !queue.metadata.write { try $0.finishJob(stale, as: .success) })
            #expect(try await !queue.metadata.write { try $0.appendJobLog(["stale"], of: stale) })
            #expect(try await !queue.metadata.write { try $0.checkIn(stale, "stale", done: 1, total: 1) })
            #expect(try await !queue.metadata.write { try $0.putOffJob(stale, until: 0, message: "", isFailure: true) })
        }
        #expect(try await queue.metadata.write { try $0.finishJob(new, as: .success, result: #"{"n":1}"#) })
        let job = try #require(try await queue.job(id))
        #expect(job.status == .success && job.result == #"{"n":1}"# && job.failures == 0 && job.endedAt != nil)
        #expect(try await queue.logText(id) == "lost")
    }

    @Test("a job that is lost again and again is given up")
    func losses() async throws {
        let queue = try await Self.queue(workers: "w")
        let id = try await queue.enqueue(kind: "A", vendor: Self.vendor)
        for attempt in 1...3 {
            let run = Self.run(try #require(try await Self.take(queue).first))
            let status = try await queue.metadata.write { try $0.reclaimJob(run, most: 3, note: "lost \(attempt)") }
            #expect(status == (attempt < 3 ? .pending : .error))
        }
        #expect(try await queue.status(id) == .error)
        #expect(try await queue.metadata.read { try $0.latestExecution(of: Self.vendor) }?.status == .error)
    }

    @Test("an execution stands as its tasks do, and ends with the last of them")
    func executions() async throws {
        let queue = try await Self.queue(workers: "w")
        let id = try #require(
            try await queue.begin(Self.vendor, by: .manual, attributes: #"{"x":1}"#, [NewJob("A"), NewJob("A"), NewJob("B", priority: -1)]))
        func execution() async throws -> JobExecutionRecord { try #require(try await queue.metadata.read { try $0.execution(id) }) }
        #expect(try await execution().status == .pending)
        #expect(try await queue.begin(Self.vendor, by: .schedule, [NewJob("A")]) == nil)
        #expect(try await queue.begin(JobVendor("POLICY", 8), by: .schedule, [NewJob("B", priority: -2)]) != nil)
        let taken = try await Self.take(queue, 2)
        #expect(try await execution().status == .running)
        #expect(try await queue.metadata.write { try $0.finishJob(Self.run(taken[0]), as: .success) })
        #expect(try await queue.metadata.write { try $0.finishJob(Self.run(taken[1]), as: .error, message: "broken") })
        #expect(try await execution().status == .running)
        let last = try await Self.take(queue, 1)
        #expect(try await queue.metadata.write { try $0.finishJob(Self.run(last[0]), as: .success) })
        let end = try await execution()
        #expect(end.status == .error && end.statusMessage == "broken" && end.endedAt != nil && end.attributes == #"{"x":1}"#)
        #expect(try await queue.metadata.read { try $0.taskCounts(of: id) } == [.success: 2, .error: 1])
        #expect(try await queue.begin(Self.vendor, by: .manual, []) != nil)
        var query = ListQuery()
        try query.filter("status=Success")
        let page = try await queue.metadata.read { [query] in try $0.executions(of: "POLICY", id: 7, query) }
        #expect(page.total == 1 && page.executions.first?.trigger == "MANUAL")
    }

    @Test("a job that waits is stopped at once, one that runs when its worker hears of it, and neither runs again")
    func stopping() async throws {
        let queue = try await Self.queue(workers: "w")
        let waiting = try await queue.enqueue(kind: "A", priority: -1)
        let later = try await queue.enqueue(kind: "A", runAt: .nowMicroseconds + 3_600_000_000)
        let running = try await queue.enqueue(kind: "A")
        let run = Self.run(try #require(try await Self.take(queue, 1).first))
        #expect(try await queue.stop(job: waiting) == .stopped)
        #expect(try await queue.stop(job: later) == .stopped)
        #expect(try await queue.stop(job: running) == .running)
        #expect(try await queue.stop(job: 999_999) == nil)
        #expect(try await queue.metadata.read { try $0.stopRequests(of: "w") } == [run])
        #expect(try await queue.metadata.write { try $0.putOffJob(run, until: 0, message: "", isFailure: true) })
        #expect(try await queue.status(running) == .stopped)
        #expect(try await queue.stop(job: running) == .stopped)
        #expect(try await Self.take(queue).isEmpty)
    }

    @Test("a paused kind waits, and its jobs can be ended together")
    func pausing() async throws {
        let queue = try await Self.queue(workers: "w")
        for _ in 0..<3 { _ = try await queue.enqueue(kind: "A") }
        let other = try await queue.enqueue(kind: "B")
        try await queue.metadata.write { try $0.pauseJobs(of: "A") }
        #expect(try await Self.take(queue).map(\.id) == [other])
        #expect(try await !queue.metadata.read { try $0.hasPendingJobs(of: ["A", "B"]) })
        let queues = try await queue.metadata.read { try $0.jobQueues() }
        #expect(queues.map(\.kind) == ["A"] && queues.map(\.count) == [3] && queues[0].oldest != nil)
        #expect(try await queue.stopWaiting(kind: "A") == 3)
        try await queue.metadata.write { try $0.resumeJobs(of: "A") }
        #expect(try await Self.take(queue).isEmpty)
        #expect(try await queue.metadata.read { try $0.pausedKinds() } == [])
    }

    @Test("a schedule is set off once when it is due, and not while what it set off before is at work unless that is asked for")
    func schedules() async throws {
        let queue = try await Self.queue(workers: "w")
        let (careful, eager) = (JobVendor("CAREFUL", 1), JobVendor("EAGER", 1))
        // Not due again while the test runs.
        let cron = try CronExpression("0 0 0 1 1 *")
        try await queue.metadata.write { store in
            try store.setSchedule(careful, kind: "A", cron: cron, parameters: #"{"p":1}"#)
            try store.setSchedule(eager, kind: "B", cron: cron, mayOverlap: true)
        }
        func fire() async throws -> [Int64?] {
            // Due by now, whatever the clock says.
            try await queue.metadata.write { store in
                for vendor in [careful, eager] {
                    if let schedule = try store.schedule(of: vendor) { try store.advanceSchedule(schedule.id, to: 1) }
                }
            }
            return try await queue.metadata.write { try $0.fireSchedules(limit: 10) }.map(\.executionID)
        }
        #expect(try await fire().count(where: { $0 != nil }) == 2)
        #expect(try await queue.metadata.write { try $0.fireSchedules(limit: 10) }.isEmpty)
        #expect(try await fire().count(where: { $0 != nil }) == 1)
        let taken = try await Self.take(queue, kinds: ["A"])
        #expect(taken.map(\.parameters) == [#"{"p":1}"#])
        #expect(try await queue.metadata.write { try $0.finishJob(Self.run(taken[0]), as: .success) })
        #expect(try await fire().count(where: { $0 != nil }) == 2)
        try await queue.metadata.write { try $0.pauseJobs(of: JobQueue.scheduler) }
        #expect(try await fire().isEmpty)
        #expect(try await queue.metadata.read { try $0.schedules(ListQuery()) }.total == 2)
        #expect(try await queue.metadata.write { try $0.removeSchedule(of: careful) })
        #expect(try await queue.metadata.read { try $0.schedule(of: careful) } == nil)
    }

    @Test("what ended long ago is forgotten, but not the latest of a vendor, nor what is at work")
    func pruning() async throws {
        let queue = try await Self.queue(workers: "w")
        var ids: [Int64] = []
        for _ in 0..<2 {
            _ = try await queue.begin(Self.vendor, by: .event, isUnique: false, [NewJob("A")])
            let run = Self.run(try #require(try await Self.take(queue).first))
            #expect(try await queue.metadata.write { try $0.appendJobLog(["one", "two"], of: run) })
            #expect(try await queue.metadata.write { try $0.finishJob(run, as: .success) })
            ids.append(run.id)
        }
        let alone = try await queue.enqueue(kind: "A")
        #expect(try await queue.stop(job: alone) == .stopped)
        let waiting = try await queue.enqueue(kind: "A")
        #expect(try await queue.metadata.write { try $0.pruneJobLogs(before: .nowMicroseconds - 60_000_000, limit: 10) } == 0)
        #expect(try await queue.metadata.write { try $0.pruneJobLogs(before: .nowMicroseconds + 1, limit: 10) } == 2)
        #expect(try await queue.logText(ids[1]) == "")
        #expect(try await queue.metadata.write { try $0.pruneJobs(before: .nowMicroseconds + 1, limit: 10) } == 1)
        var left: [Int64] = []
        for id in ids + [alone, waiting] where try await queue.job(id) != nil { left.append(id) }
        #expect(left == [ids[1], waiting])
    }

    @Test("the wait after failures doubles, up to its longest, until it is given up")
    func backoff() {
        let retry = JobRetry(attempts: 100, delay: .seconds(1), longestDelay: .seconds(60))
        #expect((1...8).map { retry.wait(after: $0, share: 0) } == [1, 2, 4, 8, 16, 32, 60, 60].map { $0 * 1_000_000 })
        #expect(retry.wait(after: 99, share: 1) == 72_000_000)
        #expect(retry.wait(after: 100) == nil)
        #expect(JobRetry.never.wait(after: 1) == nil)
    }

    @Test("many nodes take every job once, and set off every schedule once", .enabled(if: TestDatabase.url != nil))
    func nodes() async throws {
        let engines = try await TestDatabase.nodes(4, on: try #require(TestDatabase.url))
        var queues: [JobQueue] = []
        for engine in engines { queues.append(JobQueue(metadata: try await MetadataStore.open(engine))) }
        let (first, all) = (queues[0], queues)
        for number in 0..<4 { try await first.metadata.write { try $0.insertWorker("w\(number)", host: "", pid: 1, concurrency: 1) } }
        for _ in 0..<60 { _ = try await first.enqueue(kind: "A") }
        for number in 0..<20 {
            try await first.metadata.write { store in
                let id = try store.setSchedule(JobVendor("S", Int64(number)), kind: "B", cron: CronExpression("@yearly"))
                try store.advanceSchedule(id, to: 1)
            }
        }
        let (taken, fired) = try await withThrowingTaskGroup(of: ([Int64], Int).self) { group in
            for (number, queue) in all.enumerated() {
                group.addTask {
                    var (ids, fired) = ([Int64](), 0)
                    for _ in 0..<40 {
                        ids += try await Self.take(queue, 3, as: "w\(number)", kinds: ["A"]).map(\.id)
                        fired += try await queue.metadata.write { try $0.fireSchedules(limit: 5) }.count
                    }
                    return (ids, fired)
                }
            }
            var sum = ([Int64](), 0)
            for try await part in group { sum = (sum.0 + part.0, sum.1 + part.1) }
            return sum
        }
        #expect(taken.count == 60 && Set(taken).count == 60)
        #expect(fired == 20)
        #expect(try await first.metadata.read { try $0.jobQueues() }.map(\.count) == [20])
    }
}
