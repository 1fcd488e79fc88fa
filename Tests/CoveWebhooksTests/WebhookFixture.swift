import CoveJobs
import CoveMetadata
import CoveOCI
import CoveOutbound
import Foundation
import Logging
import ServiceLifecycleTestKit
import TestSupport

@testable import CoveWebhooks

/// A store with a project `team`, whose webhooks tests make.
struct WebhookFixture: Sendable {
    static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    static let noProxies = OutboundProxies(http: nil, https: nil, exceptions: [])

    let metadata: MetadataStore
    let queue: JobQueue
    let project: Int64

    static func make() async throws -> WebhookFixture {
        let metadata = try await MetadataStore.open(TestDatabase.engine())
        let project = try await metadata.write { store in
            _ = try store.ensureRepository(RepositoryName(parsing: "team/app"))
            return try store.project(named: "team")?.id ?? 0
        }
        return WebhookFixture(metadata: metadata, queue: JobQueue(metadata: metadata), project: project)
    }

    func webhook(
        named name: String = "ci", _ types: [WebhookEventType], isEnabled: Bool = true,
        _ targets: WebhookTarget...
    ) async throws -> Int64 {
        var policy = WebhookPolicyRecord(
            projectID: project, name: name, eventTypes: types.map(\.rawValue),
            targets: targets.isEmpty ? [WebhookTarget(.http, address: "http://127.0.0.1:1/", format: .default)] : targets)
        policy.isEnabled = isEnabled
        return try await metadata.write { [policy] in try $0.insertWebhookPolicy(policy) } ?? 0
    }

    func announcer(isEnabled: Bool = true) -> WebhookAnnouncer { WebhookAnnouncer(queue: queue, isEnabled: { isEnabled }) }

    /// What is to be delivered for a webhook, the first first.
    func deliveries(_ policy: Int64) async throws -> [WebhookJob.Parameters] {
        try await metadata.read { store in
            var query = ListQuery()
            query.pageSize = ListQuery.largestPage
            var executions: [JobExecutionRecord] = []
            while true {
                let (page, total) = try store.executions(of: "WEBHOOK", "SLACK", id: policy, query)
                executions += page
                if page.isEmpty || executions.count >= total { break }
                query.page += 1
            }
            return try executions.reversed().flatMap { execution in
                try store.jobs(of: execution.id).map {
                    try JSONDecoder().decode(WebhookJob.Parameters.self, from: Data($0.parameters.utf8))
                }
            }
        }
    }

    /// Waits until something holds, for ten seconds at most.
    static func wait(_ condition: () async throws -> Bool) async throws -> Bool {
        let end = ContinuousClock.now + .seconds(10)
        while ContinuousClock.now < end {
            if try await condition() { return true }
            try await Task.sleep(for: .milliseconds(10))
        }
        return false
    }

    /// Runs workers that deliver while `body` runs.
    func delivering(
        allowed: [String] = ["127.0.0.1"], retries: Int = 2, timeout: Duration = .seconds(5),
        _ body: @escaping @Sendable () async throws -> Void
    ) async throws {
        let sender = WebhookSender(
            addresses: try AddressGuard(allowed: allowed), proxies: Self.noProxies, timeout: timeout, userAgent: "test")
        var options = JobWorkers.Options()
        options.poll = .milliseconds(20)
        options.host = "test"
        let handlers = WebhookTarget.Kind.allCases.map {
            WebhookJob($0, metadata: metadata, sender: sender, retries: retries, backoff: .milliseconds(10))
        }
        let workers = JobWorkers(queue: queue, handlers: handlers, options: options, logger: Self.logger)
        try await testGracefulShutdown { trigger in
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await workers.run() }
                try await body()
                trigger.triggerGracefulShutdown()
                try await group.waitForAll()
            }
        }
    }

    /// The execution once it has ended, its job, and the job's log.
    func end(of execution: Int64) async throws -> (execution: JobExecutionRecord?, job: JobRecord?, log: String) {
        _ = try await Self.wait { try await metadata.read { try $0.execution(execution)?.status.isFinal == true } }
        return try await metadata.read { store in
            let job = try store.jobs(of: execution).first
            let log = try job.map { try store.jobLog($0.id, from: 0, limit: 1000) } ?? []
            return (try store.execution(execution), job, log.joined(separator: "\n"))
        }
    }

    static func occurrence(_ type: WebhookEventType = .pushArtifact, tag: String = "1.0") throws -> WebhookOccurrence {
        var resource = WebhookOccurrence.Resource("team/app", digest: nil, tag: tag, host: "registry.example.org")
        resource.digest = "sha256:abc"
        return WebhookOccurrence(
            type, at: 1_700_000_000_123_456, actor: "ann", requestID: "request-1", data: WebhookOccurrence.Details(resources: [resource]))
    }
}
