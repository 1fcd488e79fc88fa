import CoveJobs
import CoveMetadata
import CoveRegistry
import Foundation

extension Harbor.RetentionExecution {
    init(_ execution: JobExecutionRecord) {
        let parameters = try? JSONDecoder().decode(RetentionJob.Parameters.self, from: Data(execution.attributes.utf8))
        self.init(
            id: execution.id, policyId: execution.vendor.id,
            startTime: HarborTime(execution.startedAt ?? execution.createdAt).text, endTime: execution.endedAt.map { HarborTime($0).text },
            status: execution.status.rawValue, trigger: execution.trigger,
            dryRun: parameters?.dryRun ?? false)
    }
}

extension Harbor.RetentionExecutionTask {
    /// Nil for the job that only finds the repositories.
    init?(_ job: JobRecord) {
        let parameters = try? JSONDecoder().decode(RetentionJob.Parameters.self, from: Data(job.parameters.utf8))
        guard let repository = parameters?.repository else { return nil }
        let outcome = try? JSONDecoder().decode(RetentionRun.Outcome.self, from: Data(job.result.utf8))
        self.init(
            id: job.id, executionId: job.executionID, repository: repository, jobId: String(job.id), status: job.status.rawValue,
            statusCode: job.status.isFinal ? 3 : job.status == .running ? 2 : 0, statusRevision: job.createdAt / 1_000_000,
            startTime: HarborTime(job.startedAt ?? job.createdAt).text, endTime: job.endedAt.map { HarborTime($0).text },
            total: outcome.map { Int64($0.total) }, retained: outcome.map { Int64($0.retained) })
    }
}
