import CoveMetadata
import Foundation
import Logging
import TestSupport

@testable import CoveJobs

/// A handler of the test's own.
struct TestHandler: JobHandler {
    var kind = "TEST"
    var retry = JobRetry.never
    let body: @Sendable (JobContext) async throws -> Void

    init(_ kind: String = "TEST", retry: JobRetry = .never, _ body: @escaping @Sendable (JobContext) async throws -> Void) {
        self.kind = kind
        self.retry = retry
        self.body = body
    }

    func run(_ context: JobContext) async throws { try await body(context) }
}

enum QueueFixture {
    static func make() async throws -> JobQueue {
        JobQueue(metadata: try await MetadataStore.open(TestDatabase.engine()))
    }

    static func workers(_ queue: JobQueue, concurrency: Int = 4, lease: Duration = .seconds(30), _ handlers: any JobHandler...)
        -> JobWorkers
    {
        var options = JobWorkers.Options()
        options.concurrency = concurrency
        options.lease = lease
        options.poll = .milliseconds(20)
        options.grace = .milliseconds(50)
        options.host = "test"
        return JobWorkers(queue: queue, handlers: handlers, options: options, logger: logger)
    }

    static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    /// Waits until something holds, for ten seconds at most.
    static func wait(_ condition: () async throws -> Bool) async throws -> Bool {
        let end = ContinuousClock.now + .seconds(10)
        while ContinuousClock.now < end {
            if try await condition() { return true }
            try await Task.sleep(for: .milliseconds(10))
        }
        return false
    }
}

extension JobQueue {
    func job(_ id: Int64) async throws -> JobRecord? { try await metadata.read { try $0.job(id) } }
    func status(_ id: Int64) async throws -> JobStatus? { try await job(id)?.status }
    func logText(_ id: Int64) async throws -> String {
        try await metadata.read { try $0.jobLog(id, from: 0, limit: 1000) }.joined(separator: "\n")
    }

    /// Waits until a job has ended.
    func end(of id: Int64) async throws -> JobRecord? {
        _ = try await QueueFixture.wait { try await status(id)?.isFinal == true }
        return try await job(id)
    }
}
