import CoveJobs
import CoveMetadata
import CoveOCI
import CoveRegistry
import CoveWebhooks
import Foundation

/// Runs a retention policy: one job finds the repositories that it is about and makes each a task of the same execution.
struct RetentionJob: JobHandler {
    static let kind = JobVendor.retention

    struct Parameters: Codable {
        let policy: Int64
        let dryRun: Bool
        /// Nil for the job that finds the repositories.
        var repository: String?

        enum CodingKeys: String, CodingKey {
            case policy
            case dryRun = "dry_run"
            case repository
        }

        var text: String {
            get throws {
                let encoder = JSONEncoder()
                encoder.outputFormatting = [.withoutEscapingSlashes, .sortedKeys]
                return String(decoding: try encoder.encode(self), as: UTF8.self)
            }
        }
    }

    private static let page = 200
    /// Of what is gone, in one payload.
    private static let mostTold = 200
    /// Below what else there is: thousands of repositories are not to hold up what somebody waits for.
    private static let taskPriority: Int64 = -10

    let registry: Registry
    let jobs: JobQueue
    let webhooks: WebhookAnnouncer

    var kind: String { Self.kind }
    var retry: JobRetry { JobRetry(attempts: 3) }

    func run(_ context: JobContext) async throws {
        let parameters = try context.parameters(Parameters.self)
        guard let policy = try await jobs.metadata.read({ try $0.retentionPolicy(parameters.policy) }) else {
            throw JobFailure("retention policy \(parameters.policy) is not there any more")
        }
        guard let text = parameters.repository else { return try await plan(policy, parameters, context) }
        let repository = try RepositoryName(parsing: text)
        let run = RetentionRun(registry: registry, rules: policy.rules, dryRun: parameters.dryRun)
        context.log("retention of \(repository)\(parameters.dryRun ? ", as a dry run: nothing is deleted" : "")")
        var deleted: [String] = []
        let outcome = try await run.run(in: repository, say: { context.log($0) }, gone: { deleted.append($0) }) { done, total in
            context.progress(Int64(done), of: Int64(total))
        }
        context.log("\(outcome.total) artifacts, of which \(outcome.retained) are retained")
        context.setResult(String(decoding: try JSONEncoder().encode(outcome), as: UTF8.self))
        if !parameters.dryRun, !deleted.isEmpty { try await tell(of: outcome, deleted, policy, repository, context) }
    }

    /// Tells webhooks, as Harbor does, where something is gone.
    private func tell(
        of outcome: RetentionRun.Outcome, _ deleted: [String], _ policy: RetentionPolicyRecord, _ repository: RepositoryName,
        _ context: JobContext
    ) async throws {
        let executionID = context.job.executionID
        try await webhooks.announce(inProject: repository.project) { project, store in
            let kept = WebhookOccurrence.Repository(
                repository, createdAt: try store.repository([repository], inProject: project.id)?.createdAt, in: project)
            return WebhookOccurrence(
                // What set it off, as Harbor has it.
                .tagRetention, at: store.now, actor: try executionID.flatMap { try store.execution($0) }?.trigger ?? "",
                data: WebhookOccurrence.Details(
                    repository: kept,
                    retention: WebhookOccurrence.Retention(
                        total: outcome.total, retained: outcome.retained, project: project.name, policyID: policy.id, result: "SUCCESS",
                        deleted: deleted.prefix(Self.mostTold).map { WebhookOccurrence.Retention.Artifact(name: "\(kept.name)\($0)") })))
        }
    }

    /// A run that is repeated after a loss leaves out what has its task already.
    private func plan(_ policy: RetentionPolicyRecord, _ parameters: Parameters, _ context: JobContext) async throws {
        guard let execution = context.job.executionID else { throw JobFailure("a retention job without an execution") }
        let known = Set(
            try await jobs.metadata.read { try $0.jobs(of: execution) }.compactMap { job in
                (try? JSONDecoder().decode(Parameters.self, from: Data(job.parameters.utf8)))?.repository
            })
        var last = ""
        var count = 0
        while true {
            try context.checkCancellation()
            let names = try await jobs.metadata.read { [last] store in
                try store.repositories(ofProject: policy.projectID, after: last, limit: Self.page)
            }
            let tasks = try names.filter { name in
                guard !known.contains(name.description) else { return false }
                return try policy.rules.contains { try $0.isAbout(name) }
            }.map { name in
                NewJob(
                    Self.kind,
                    parameters: try Parameters(policy: policy.id, dryRun: parameters.dryRun, repository: name.description).text,
                    priority: Self.taskPriority)
            }
            if !tasks.isEmpty { _ = try await jobs.add(tasks, to: execution) }
            count += tasks.count
            guard let end = names.last, names.count == Self.page else { break }
            last = end.description
        }
        context.log("\(count) repositories to look at")
    }
}
