import CoveJobs
import CoveMetadata
import CoveWebhooks
import Foundation

extension Harbor.WebhookPolicy {
    /// - Parameter showsSecrets: whether what is sent as `Authorization` is told. What deliveries are signed with never is.
    init(_ policy: WebhookPolicyRecord, showsSecrets: Bool) {
        self.init(
            id: policy.id, name: policy.name, description: policy.description, projectId: policy.projectID,
            targets: policy.targets.map { target in
                Harbor.WebhookTargetObject(
                    type: target.kind.rawValue, address: target.address, authHeader: showsSecrets ? target.authorization : nil,
                    skipCertVerify: target.skipsVerification, payloadFormat: target.format?.rawValue)
            }, eventTypes: policy.eventTypes, creator: policy.creator, creationTime: HarborTime(policy.createdAt),
            updateTime: HarborTime(policy.updatedAt), enabled: policy.isEnabled)
    }
}

extension Harbor.Execution {
    init(_ execution: JobExecutionRecord, _ counts: [JobStatus: Int64]) {
        let attributes = try? JSONDecoder().decode(WebhookAnnouncer.Attributes.self, from: Data(execution.attributes.utf8))
        func count(_ status: JobStatus) -> Int64 { counts[status, default: 0] }
        self.init(
            id: execution.id, vendorType: execution.vendor.type, vendorId: execution.vendor.id, status: execution.status.rawValue,
            statusMessage: execution.statusMessage,
            metrics: Harbor.Metrics(
                taskCount: counts.values.reduce(0, +), successTaskCount: count(.success), errorTaskCount: count(.error),
                pendingTaskCount: count(.pending), runningTaskCount: count(.running), scheduledTaskCount: count(.scheduled),
                stoppedTaskCount: count(.stopped)),
            trigger: execution.trigger, extraAttrs: nil, startTime: HarborTime(execution.startedAt ?? execution.createdAt).text,
            endTime: execution.endedAt.map { HarborTime($0).text })
        if let attributes {
            extraAttrs = ["event_type": .string(attributes.eventType), "operator": .string(attributes.actor)]
        }
    }
}

extension Harbor.Task {
    init(_ job: JobRecord) {
        let parameters = try? JSONDecoder().decode(WebhookJob.Parameters.self, from: Data(job.parameters.utf8))
        self.init(
            id: job.id, executionId: job.executionID, status: job.status.rawValue, statusMessage: job.statusMessage,
            runCount: job.attempt, extraAttrs: parameters.map { ["event_type": .string($0.eventType), "payload": .string($0.body)] },
            creationTime: HarborTime(job.createdAt).text, updateTime: HarborTime(job.updatedAt).text,
            startTime: job.startedAt.map { HarborTime($0).text }, endTime: job.endedAt.map { HarborTime($0).text })
    }
}

extension Harbor.WebhookJob {
    init(_ execution: JobExecutionRecord, _ job: JobRecord?) {
        let parameters = job.flatMap { try? JSONDecoder().decode(WebhookJob.Parameters.self, from: Data($0.parameters.utf8)) }
        self.init(
            id: execution.id, policyId: execution.vendor.id, eventType: parameters?.eventType ?? "",
            notifyType: execution.vendor.type == WebhookTarget.Kind.slack.vendorType ? "slack" : "http",
            status: execution.status.rawValue, jobDetail: parameters?.body ?? "", creationTime: HarborTime(execution.createdAt),
            updateTime: HarborTime(execution.updatedAt))
    }
}
