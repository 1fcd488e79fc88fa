import CoveIdentity
import CoveJobs
import CoveMetadata
import HTTPTypes
import HummingbirdCore

/// Policies of which artifacts of a project are kept.
struct RetentionGroup: HarborGroup {
    let platform: Platform

    var handlers: [HarborOperation: HarborHandler] {
        [
            .getRentenitionMetadata: { _ in .json(Harbor.RetentionMetadata.all) }, .createRetention: create, .getRetention: get,
            .updateRetention: update, .deleteRetention: delete, .triggerRetentionExecution: trigger, .listRetentionExecutions: executions,
            .operateRetentionExecution: operate, .listRetentionTasks: tasks, .getRetentionTaskLog: log,
        ]
    }

    // MARK: - Policies

    private func create(_ call: HarborCall) async throws -> Response {
        let sent = try await call.body(Harbor.RetentionPolicy.self)
        guard let scope = sent.scope, let id = scope.ref else {
            throw HarborFailure.badRequest("'scope.ref' is required: the id of the project")
        }
        guard let project = try await platform.metadata.read({ try $0.project(id) }) else {
            guard call.rights.isAdministrator else { throw call.refusal(.create, .tagRetention) }
            throw HarborFailure.badRequest("'scope.ref' is \(id), and there is no such project")
        }
        try call.require(.create, .tagRetention, in: project.scope)
        let (rules, cron) = try contents(sent)
        let policy = try await platform.metadata.write { store -> Int64? in
            guard let policy = try store.insertRetentionPolicy(rules, cron: cron, ofProject: id) else { return nil }
            try schedule(policy, cron, store)
            return policy
        }
        guard let policy else {
            throw HarborFailure.badRequest("project '\(project.name)' has a retention policy already; change that one")
        }
        return call.created(at: "/retentions/\(policy)")
    }

    private func get(_ call: HarborCall) async throws -> Response { .json(Harbor.RetentionPolicy(try await policy(call, .read))) }

    private func update(_ call: HarborCall) async throws -> Response {
        var policy = try await policy(call, .update)
        let sent = try await call.body(Harbor.RetentionPolicy.self)
        if let ref = sent.scope?.ref, ref != policy.projectID {
            throw HarborFailure.badRequest("'scope.ref' is \(ref); a policy stays with its project, which is \(policy.projectID)")
        }
        (policy.rules, policy.cron) = try contents(sent)
        try await platform.metadata.write { [policy] store in
            try store.updateRetentionPolicy(policy)
            try schedule(policy.id, policy.cron, store)
        }
        return .empty(.ok)
    }

    private func delete(_ call: HarborCall) async throws -> Response {
        let policy = try await policy(call, .delete)
        try await platform.metadata.write { try $0.deleteRetentionPolicy(policy) }
        return .empty(.ok)
    }

    /// The policy that the path names, for who may do this to it.
    private func policy(_ call: HarborCall, _ action: Permission.Action) async throws -> RetentionPolicyRecord {
        let id = try call.id("id")
        let found = try await platform.metadata.read { store -> (RetentionPolicyRecord, ProjectRecord)? in
            guard let policy = try store.retentionPolicy(id), let project = try store.project(policy.projectID) else { return nil }
            return (policy, project)
        }
        guard let (policy, project) = found else {
            guard call.rights.isAdministrator || call.rights.isAuditor else { throw call.refusal(action, .tagRetention) }
            throw HarborFailure.notFound("there is no retention policy \(id)")
        }
        try call.require(action, .tagRetention, in: project.scope)
        return policy
    }

    private func contents(_ sent: Harbor.RetentionPolicy) throws(HarborFailure) -> (rules: [TagRule], cron: String) {
        if let algorithm = sent.algorithm, !algorithm.isEmpty, algorithm != "or" {
            throw .badRequest("'algorithm' is '\(algorithm.prefix(60))'; it must be or")
        }
        if let level = sent.scope?.level, !level.isEmpty, level != "project" {
            throw .badRequest("'scope.level' is '\(level.prefix(60))'; it must be project")
        }
        var cron = ""
        if let trigger = sent.trigger {
            guard trigger.kind == nil || trigger.kind == "Schedule" || trigger.kind == "" else {
                throw .badRequest("'trigger.kind' is '\(trigger.kind?.prefix(60) ?? "")'; it must be Schedule")
            }
            switch trigger.settings?["cron"] {
            case .string(let text): cron = text
            case nil, .null: break
            default: throw .badRequest("'trigger.settings.cron' must be a string")
            }
            if !cron.isEmpty { _ = try CronExpression(cron, field: "trigger.settings.cron") }
        }
        return (try RetentionRules.rules(sent.rules ?? []), cron)
    }

    // MARK: - Runs

    private func vendor(_ policy: Int64) -> JobVendor { JobVendor(RetentionJob.kind, policy) }

    private func schedule(_ policy: Int64, _ cron: String, _ store: MetadataTransaction) throws {
        guard !cron.isEmpty else {
            _ = try store.removeSchedule(of: vendor(policy))
            return
        }
        try store.setSchedule(
            vendor(policy), kind: RetentionJob.kind, cron: try CronExpression(cron),
            parameters: try RetentionJob.Parameters(policy: policy, dryRun: false).text)
    }

    private func trigger(_ call: HarborCall) async throws -> Response {
        let policy = try await policy(call, .operate)
        let dryRun: Bool
        switch try await object(call, ["dry_run"])["dry_run"] {
        case .boolean(let flag): dryRun = flag
        case nil, .null: dryRun = false
        default: throw HarborFailure.badRequest("'dry_run' must be true or false")
        }
        let parameters = try RetentionJob.Parameters(policy: policy.id, dryRun: dryRun).text
        let id = try await platform.jobs.begin(
            vendor(policy.id), by: .manual, attributes: parameters, [NewJob(RetentionJob.kind, parameters: parameters)])
        guard let id else { throw HarborFailure.conflict("the policy is at work; wait for it, or stop it") }
        return call.created(at: "/retentions/\(policy.id)/executions/\(id)")
    }

    private func executions(_ call: HarborCall) async throws -> Response {
        let policy = try await policy(call, .read)
        let query = try call.list()
        let (executions, total) = try await platform.metadata.read { try $0.executions(of: RetentionJob.kind, id: policy.id, query) }
        return call.page(executions.map(Harbor.RetentionExecution.init), total: total, of: query)
    }

    private func operate(_ call: HarborCall) async throws -> Response {
        let execution = try await execution(call, .operate)
        guard case .string("stop")? = try await object(call, ["action"])["action"] else {
            throw HarborFailure.badRequest("'action' is required; it must be stop")
        }
        try await platform.jobs.stop(execution: execution.id)
        return .empty(.ok)
    }

    private func tasks(_ call: HarborCall) async throws -> Response {
        let execution = try await execution(call, .read)
        let query = try call.list()
        let all = try await platform.metadata.read { try $0.jobs(of: execution.id) }.compactMap(Harbor.RetentionExecutionTask.init)
        let page = all.dropFirst(query.offset).prefix(query.pageSize)
        return call.page(Array(page), total: Int64(all.count), of: query)
    }

    private func log(_ call: HarborCall) async throws -> Response {
        let execution = try await execution(call, .read)
        let id = try call.id("tid")
        guard try await platform.metadata.read({ try $0.job(id) })?.executionID == execution.id else {
            throw HarborFailure.notFound("the execution has no task \(id)")
        }
        var text = ""
        try await platform.jobs.log(of: id) { text += $0.map { $0 + "\n" }.joined() }
        return .text(text)
    }

    private func execution(_ call: HarborCall, _ action: Permission.Action) async throws -> JobExecutionRecord {
        let policy = try await policy(call, action)
        let id = try call.id("eid")
        guard let execution = try await platform.metadata.read({ try $0.execution(id) }), execution.vendor == vendor(policy.id) else {
            throw HarborFailure.notFound("the policy has no execution \(id)")
        }
        return execution
    }

    /// A body that the description gives no name.
    private func object(_ call: HarborCall, _ known: [String]) async throws -> [String: JSONValue] {
        guard case .object(let fields) = try HarborBody.value(try await call.bytes()) else {
            throw HarborFailure.badRequest("the body is not a JSON object")
        }
        if let name = fields.keys.sorted().first(where: { !known.contains($0) }) {
            throw HarborFailure.badRequest("'\(name.prefix(60))' is not a field of this; it has \(known.joined(separator: ", "))")
        }
        return fields
    }
}
