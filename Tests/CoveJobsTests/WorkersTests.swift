import CoveMetadata
import CoveTelemetry
import Foundation
import ServiceLifecycle
import ServiceLifecycleTestKit
import TestSupport
import Testing

@testable import CoveJobs

@Suite("JobWorkers")
struct WorkersTests {
    /// Runs workers while `body` does, then lets them end.
    private static func with(_ workers: JobWorkers..., body: @escaping @Sendable () async throws -> Void) async throws {
        try await testGracefulShutdown { trigger in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for one in workers { group.addTask { try await one.run() } }
                try await body()
                trigger.triggerGracefulShutdown()
                try await group.waitForAll()
            }
        }
    }

    @Test("a job runs, with what it was asked for, and what it says and what came of it are kept")
    func runs() async throws {
        let queue = try await QueueFixture.make()
        let workers = QueueFixture.workers(
            queue,
            TestHandler { context in
                let parameters = try context.parameters([String: Int].self)
                context.log("n is \(parameters["n"] ?? 0)\nand\u{7}that")
                context.progress(1, of: 2, "half")
                context.setResult(#"{"done":true}"#)
            })
        try await Self.with(workers) {
            let id = try await queue.enqueue(kind: "TEST", parameters: #"{"n":5}"#)
            let job = try #require(try await queue.end(of: id))
            #expect(job.status == .success && job.result == #"{"done":true}"# && job.attempt == 1)
            #expect(job.checkIn == "half" && job.done == 1 && job.total == 2)
            let log = try await queue.logText(id)
            #expect(
                log.contains("attempt 1 of job \(id) (TEST) begins") && log.contains("[INFO]: n is 5") && log.contains("[INFO]: and that"))
        }
        #expect(try await queue.metadata.read { try $0.workers() }.isEmpty)
        #expect(workers.statistics.kinds.first?.count(.success) == 1)
    }

    @Test("no more jobs run at once than may")
    func concurrency() async throws {
        let queue = try await QueueFixture.make()
        let state = Shared((now: 0, most: 0, all: 0))
        let workers = QueueFixture.workers(
            queue, concurrency: 3,
            TestHandler { _ in
                state.change { state in
                    state.now += 1
                    state.all += 1
                    state.most = max(state.most, state.now)
                }
                try await Task.sleep(for: .milliseconds(20))
                state.change { $0.now -= 1 }
            })
        for _ in 0..<12 { _ = try await queue.enqueue(kind: "TEST") }
        try await Self.with(workers) { _ = try await QueueFixture.wait { state.value.all == 12 && state.value.now == 0 } }
        #expect(state.value.most == 3 && state.value.all == 12)
    }

    @Test("a job that fails is tried again later, until it succeeds or is given up")
    func retries() async throws {
        let queue = try await QueueFixture.make()
        let retry = JobRetry(attempts: 3, delay: .milliseconds(10))
        let workers = QueueFixture.workers(
            queue,
            TestHandler("GOOD", retry: retry) { context in
                if context.attempt < 3 { throw TestFailure(text: "not yet") }
            },
            TestHandler("BAD", retry: retry) { _ in throw TestFailure(text: "never") },
            TestHandler("FINAL", retry: retry) { _ in throw JobFailure("no use") })
        try await Self.with(workers) {
            let good = try await queue.enqueue(kind: "GOOD")
            let bad = try await queue.enqueue(kind: "BAD", vendor: JobVendor("V"))
            let final = try await queue.enqueue(kind: "FINAL")
            #expect(try await queue.end(of: good)?.status == .success)
            let failed = try #require(try await queue.end(of: bad))
            #expect(failed.status == .error && failed.failures == 3 && failed.statusMessage.contains("never"))
            let given = try #require(try await queue.end(of: final))
            #expect(given.status == .error && given.attempt == 1 && given.statusMessage == "no use")
            #expect(try await queue.logText(bad).contains("is tried again in"))
            #expect(try await queue.metadata.read { try $0.latestExecution(of: JobVendor("V")) }?.statusMessage.contains("never") == true)
        }
    }

    @Test("a job that runs is cancelled when somebody stops it")
    func stops() async throws {
        let queue = try await QueueFixture.make()
        let began = Shared(false)
        let workers = QueueFixture.workers(
            queue,
            TestHandler { _ in
                began.change { $0 = true }
                try await Task.sleep(for: .seconds(60))
            })
        try await Self.with(workers) {
            let id = try await queue.enqueue(kind: "TEST")
            _ = try await QueueFixture.wait { began.value }
            #expect(try await queue.stop(job: id) == .running)
            #expect(try await queue.end(of: id)?.status == .stopped)
        }
    }

    @Test("a job that is interrupted by the end of its process runs again, which is no failure")
    func interrupted() async throws {
        let queue = try await QueueFixture.make()
        let began = Shared(false)
        let first = QueueFixture.workers(
            queue,
            TestHandler { _ in
                began.change { $0 = true }
                try await Task.sleep(for: .seconds(60))
            })
        let id = try await queue.enqueue(kind: "TEST")
        try await Self.with(first) { _ = try await QueueFixture.wait { began.value } }
        let between = try #require(try await queue.job(id))
        #expect(between.status == .pending && between.failures == 0 && between.worker == nil)
        try await Self.with(QueueFixture.workers(queue, TestHandler { _ in })) {
            let job = try #require(try await queue.end(of: id))
            #expect(job.status == .success && job.attempt == 2)
        }
    }

    @Test("what a worker was at when it was killed runs again, at most once at a time")
    func killed() async throws {
        let queue = try await QueueFixture.make()
        let id = try await queue.enqueue(kind: "TEST")
        // A worker that gives no sign of life any more.
        try await queue.metadata.write { store in
            try store.insertWorker("dead", host: "h", pid: 1, concurrency: 1)
            #expect(try store.takeJobs(of: ["TEST"], for: "dead", limit: 1).map(\.id) == [id])
        }
        let runs = Shared(0)
        let handler = TestHandler { context in
            runs.change { $0 += 1 }
            #expect(context.attempt == 2)
        }
        let workers = QueueFixture.workers(queue, lease: .milliseconds(600), handler)
        try await Self.with(workers) {
            let job = try #require(try await queue.end(of: id))
            #expect(job.status == .success && job.attempt == 2)
            #expect(try await queue.logText(id).contains("worker dead was lost in attempt 1"))
        }
        #expect(runs.value == 1)
        #expect(workers.statistics.reclaimed.value == 1)
        #expect(try await !queue.metadata.write { try $0.beat("dead") })
    }

    @Test("a worker that others have given up ends its jobs and goes on under another name", .enabled(if: TestDatabase.url != nil))
    func givenUp() async throws {
        let queue = try await QueueFixture.make()
        let (began, ended) = (Shared<[Int64]>([]), Shared<[Int64]>([]))
        let handler = TestHandler { context in
            began.change { $0.append(context.attempt) }
            defer { ended.change { $0.append(context.attempt) } }
            if context.attempt == 1 { try await Task.sleep(for: .seconds(60)) }
        }
        let workers = QueueFixture.workers(queue, lease: .milliseconds(900), handler)
        try await Self.with(workers) {
            let id = try await queue.enqueue(kind: "TEST")
            _ = try await QueueFixture.wait { began.value == [1] }
            let name = workers.name
            #expect(try await queue.metadata.write { try $0.removeWorker(name) })
            let job = try #require(try await queue.end(of: id))
            #expect(job.status == .success && job.attempt == 2)
            #expect(workers.name != name)
            #expect(ended.value.sorted() == [1, 2])
        }
    }

    @Test("a schedule of every second is set off again and again, and never twice for a second")
    func everySecond() async throws {
        let queue = try await QueueFixture.make()
        let runs = Shared(0)
        let workers = QueueFixture.workers(queue, TestHandler { _ in runs.change { $0 += 1 } })
        try await Self.with(workers) {
            _ = try await queue.metadata.write { try $0.setSchedule(JobVendor("S"), kind: "TEST", cron: CronExpression("* * * * * *")) }
            _ = try await QueueFixture.wait { runs.value >= 3 }
        }
        let executions = try await queue.metadata.read { try $0.executions(of: "S", id: nil, ListQuery()) }.executions
        let seconds = executions.map { $0.createdAt / 1_000_000 }
        #expect(seconds.count >= 3 && Set(seconds).count == seconds.count, "\(seconds)")
        #expect(workers.statistics.fired.value == executions.count)
    }

    @Test("a log that becomes too long is cut off, and says so")
    func largeLog() async throws {
        let queue = try await QueueFixture.make()
        let workers = QueueFixture.workers(
            queue,
            TestHandler { context in
                for number in 0..<2000 { context.log("\(number) " + String(repeating: "x", count: 5000)) }
            })
        try await Self.with(workers) {
            let id = try await queue.enqueue(kind: "TEST")
            let job = try #require(try await queue.end(of: id))
            #expect(job.status == .success && job.logBytes <= 1 << 20 + 400)
            let lines = try await queue.metadata.read { try $0.jobLog(id, from: 0, limit: 1000) }
            #expect(lines.dropLast().last?.hasSuffix("the log of this job is full; what follows is left out") == true)
            #expect(lines.last?.hasSuffix("the job is done") == true, "how it ended is said all the same")
        }
    }

    @Test("logs are forgotten before their jobs, each when its time has come")
    func forgets() async throws {
        let queue = try await QueueFixture.make()
        var options = JobWorkers.Options()
        options.poll = .milliseconds(20)
        options.logRetention = .milliseconds(100)
        let jobsStay = JobWorkers(queue: queue, handlers: [TestHandler { _ in }], options: options, logger: QueueFixture.logger)
        options.retention = .milliseconds(100)
        let nothingStays = JobWorkers(queue: queue, handlers: [TestHandler { _ in }], options: options, logger: QueueFixture.logger)
        let id = try await queue.enqueue(kind: "TEST")
        try await Self.with(jobsStay) {
            _ = try await queue.end(of: id)
            let isForgotten = try await QueueFixture.wait { try await queue.job(id)?.logLines == 0 }
            let text = try await queue.logText(id)
            #expect(isForgotten && text.isEmpty)
        }
        #expect(try await queue.status(id) == .success)
        try await Self.with(nothingStays) {
            let isForgotten = try await QueueFixture.wait { try await queue.job(id) == nil }
            #expect(isForgotten)
        }
    }
}

struct TestFailure: Error, CustomStringConvertible {
    let text: String
    var description: String { text }
}
