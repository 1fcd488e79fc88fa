import CoveJobs
import CoveMetadata
import CoveOCI
import Foundation

/// Makes deliveries of what happened, as jobs, for the webhooks of its project that want to be told.
package struct WebhookAnnouncer: Sendable {
    /// What is told of an execution beside how it stands.
    package struct Attributes: Codable, Sendable, Equatable {
        package let eventType: String
        package let actor: String

        enum CodingKeys: String, CodingKey {
            case eventType = "event_type"
            case actor = "operator"
        }
    }

    let queue: JobQueue
    /// `notification_enable`: whether anything is sent at all.
    let isEnabled: @Sendable () -> Bool

    package init(queue: JobQueue, isEnabled: @escaping @Sendable () -> Bool) {
        self.queue = queue
        self.isEnabled = isEnabled
    }

    /// As a part of the caller's transaction; raise `queue.signal` when that is committed.
    ///
    /// - Returns: how many deliveries were made.
    @discardableResult
    package func announce(
        _ occurrence: WebhookOccurrence, to policies: [WebhookPolicyRecord], in store: MetadataTransaction
    ) throws -> Int {
        var count = 0
        for policy in policies where policy.eventTypes.contains(occurrence.type.rawValue) {
            count += try send(occurrence, by: policy, .event, in: store).count
            try store.noteWebhookTrigger(policy.id, by: occurrence.type.rawValue)
        }
        return count
    }

    /// Announces what happened in a project of a name.
    package func announce(
        inProject name: String, _ make: @escaping @Sendable (ProjectRecord, MetadataTransaction) throws -> WebhookOccurrence
    ) async throws {
        guard isEnabled(), try await queue.metadata.read({ try $0.hasEnabledWebhookPolicies() }) else { return }
        try await queue.metadata.write(in: .jobs) { store in
            guard let project = try store.project(named: name) else { return }
            let policies = try store.enabledWebhookPolicies(ofProject: project.id)
            guard !policies.isEmpty else { return }
            try announce(try make(project, store), to: policies, in: store)
        }
        queue.signal.raise()
    }

    /// Makes the deliveries of a policy, whether it wants such events or not: an execution for each target.
    ///
    /// - Returns: the executions.
    package func send(
        _ occurrence: WebhookOccurrence, by policy: WebhookPolicyRecord, _ trigger: JobTrigger, in store: MetadataTransaction
    ) throws -> [Int64] {
        try policy.targets.enumerated().compactMap { index, target in
            let payload = try WebhookPayload(occurrence, to: target, of: policy)
            let parameters = WebhookJob.Parameters(
                policy: policy.id, target: index, eventType: occurrence.type.rawValue, contentType: payload.contentType, body: payload.body)
            return try store.beginExecution(
                JobVendor(target.kind.vendorType, policy.id), by: trigger,
                attributes: try WebhookPayload.json(Attributes(eventType: occurrence.type.rawValue, actor: occurrence.actor)),
                isUnique: false, [NewJob(target.kind.vendorType, parameters: try WebhookPayload.json(parameters))])
        }
    }

    /// Delivers once more what an execution delivered, byte for byte.
    ///
    /// - Returns: the new execution; nil when nothing is known any more of what was sent.
    package func redeliver(_ execution: JobExecutionRecord) async throws -> Int64? {
        let id = try await queue.metadata.write(in: .jobs) { store -> Int64? in
            guard let job = try store.jobs(of: execution.id).first else { return nil }
            return try store.beginExecution(
                execution.vendor, by: .manual, attributes: execution.attributes, isUnique: false,
                [NewJob(job.kind, parameters: job.parameters)])
        }
        queue.signal.raise()
        return id
    }
}
