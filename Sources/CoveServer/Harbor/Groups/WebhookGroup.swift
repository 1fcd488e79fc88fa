import CoveIdentity
import CoveJobs
import CoveMetadata
import CoveWebhooks
import HTTPTypes
import HummingbirdCore

/// Whom projects tell of what happens in them, and what came of it: the groups `webhook` and `webhookjob`.
struct WebhookGroup: HarborGroup {
    private static let mostPolicies: Int64 = 100

    let platform: Platform

    var handlers: [HarborOperation: HarborHandler] {
        [
            .listWebhookPoliciesOfProject: list, .createWebhookPolicyOfProject: create, .getWebhookPolicyOfProject: get,
            .updateWebhookPolicyOfProject: update, .deleteWebhookPolicyOfProject: delete, .lastTrigger: triggers,
            .getSupportedEventTypes: events, .listExecutionsOfWebhookPolicy: executions, .listTasksOfWebhookExecution: tasks,
            .getLogsOfWebhookTask: log, .listWebhookJobs: jobs, .redeliverWebhookExecution: redeliver, .testWebhookPolicy: test,
        ]
    }

    // MARK: - Policies

    private func list(_ call: HarborCall) async throws -> Response {
        let project = try await call.project(.list, .notificationPolicy)
        let query = try call.list()
        let (policies, total) = try await platform.metadata.read { try $0.webhookPolicies(ofProject: project.id, query) }
        let showsSecrets = Self.showsSecrets(call, project)
        return call.page(policies.map { Harbor.WebhookPolicy($0, showsSecrets: showsSecrets) }, total: total, of: query)
    }

    private func create(_ call: HarborCall) async throws -> Response {
        let project = try await call.project(.create, .notificationPolicy)
        let sent = try await call.body(Harbor.WebhookPolicy.self)
        var policy = try WebhookRules(addresses: platform.webhooks.addresses).policy(sent, over: nil, inProject: project.id)
        policy.creator = call.principal.name
        let id = try await platform.metadata.write { [policy] store -> Int64? in
            let (_, total) = try store.webhookPolicies(ofProject: project.id, ListQuery())
            guard total < Self.mostPolicies else {
                throw HarborFailure.badRequest("the project has \(total) webhooks; at most \(Self.mostPolicies) are allowed")
            }
            return try store.insertWebhookPolicy(policy)
        }
        guard let id else { throw taken(policy, project) }
        return call.created(at: "/projects/\(project.id)/webhook/policies/\(id)")
    }

    private func get(_ call: HarborCall) async throws -> Response {
        let (policy, project) = try await policy(call, .read)
        return .json(Harbor.WebhookPolicy(policy, showsSecrets: Self.showsSecrets(call, project)))
    }

    private func update(_ call: HarborCall) async throws -> Response {
        let (known, project) = try await policy(call, .update)
        let sent = try await call.body(Harbor.WebhookPolicy.self)
        if let id = sent.id, id != 0, id != known.id { throw HarborFailure.badRequest("'id' is \(id); that of the path is \(known.id)") }
        let policy = try WebhookRules(addresses: platform.webhooks.addresses).policy(sent, over: known, inProject: project.id)
        guard try await platform.metadata.write({ try $0.updateWebhookPolicy(policy) }) else { throw taken(policy, project) }
        return .empty(.ok)
    }

    private func delete(_ call: HarborCall) async throws -> Response {
        let (policy, _) = try await policy(call, .delete)
        try await platform.metadata.write { try $0.deleteWebhookPolicy(policy.id) }
        return .empty(.ok)
    }

    private func taken(_ policy: WebhookPolicyRecord, _ project: ProjectRecord) -> HarborFailure {
        .conflict("the project '\(project.name)' has a webhook '\(policy.name.prefix(255))' already")
    }

    /// A header `Authorization` is told to those who could set another.
    private static func showsSecrets(_ call: HarborCall, _ project: ProjectRecord) -> Bool {
        call.rights.allows(Permission(.update, .notificationPolicy), in: project.scope)
    }

    private func policy(_ call: HarborCall, _ action: Permission.Action) async throws -> (WebhookPolicyRecord, ProjectRecord) {
        let project = try await call.project(action, .notificationPolicy)
        let id = try call.id("webhook_policy_id")
        guard let policy = try await platform.metadata.read({ try $0.webhookPolicy(id) }), policy.projectID == project.id else {
            throw HarborFailure.notFound("the project '\(project.name)' has no webhook \(id)")
        }
        return (policy, project)
    }

    // MARK: - What there is to tell of, and when it was told

    private func events(_ call: HarborCall) async throws -> Response {
        _ = try await call.project(.read, .notificationPolicy)
        return .json(
            Harbor.SupportedWebhookEventTypes(
                eventType: WebhookEventType.allCases.map(\.rawValue), notifyType: WebhookTarget.Kind.allCases.map(\.rawValue),
                payloadFormats: [
                    Harbor.PayloadFormat(notifyType: "http", formats: WebhookTarget.Format.allCases.map(\.rawValue))
                ]))
    }

    private func triggers(_ call: HarborCall) async throws -> Response {
        let project = try await call.project(.read, .notificationPolicy)
        let (policies, triggers) = try await platform.metadata.read { store in
            var query = ListQuery()
            query.pageSize = ListQuery.largestPage
            return (try store.webhookPolicies(ofProject: project.id, query).page, try store.webhookTriggers(ofProject: project.id))
        }
        return .json(
            policies.flatMap { policy in
                policy.eventTypes.map { type in
                    Harbor.WebhookLastTrigger(
                        policyName: policy.name, eventType: type, enabled: policy.isEnabled, creationTime: HarborTime(policy.createdAt),
                        lastTriggerTime: triggers.first { $0.policyID == policy.id && $0.eventType == type }.map { HarborTime($0.at) })
                }
            })
    }

    // MARK: - Deliveries

    private func executions(_ call: HarborCall) async throws -> Response {
        let (policy, _) = try await policy(call, .read)
        let query = try call.list()
        let (views, total) = try await platform.metadata.read { store in
            let (executions, total) = try store.executions(of: "WEBHOOK", "SLACK", id: policy.id, query)
            return (try executions.map { Harbor.Execution($0, try store.taskCounts(of: $0.id)) }, total)
        }
        return call.page(views, total: total, of: query)
    }

    private func tasks(_ call: HarborCall) async throws -> Response {
        let execution = try await execution(call, .read)
        let query = try call.list()
        let (jobs, total) = try await platform.metadata.read { try $0.jobs(of: execution.id, query) }
        return call.page(jobs.map(Harbor.Task.init), total: total, of: query)
    }

    private func log(_ call: HarborCall) async throws -> Response {
        let execution = try await execution(call, .read)
        let id = try call.id("task_id")
        guard try await platform.metadata.read({ try $0.job(id) })?.executionID == execution.id else {
            throw HarborFailure.notFound("the execution \(execution.id) has no task \(id)")
        }
        var text = ""
        try await platform.jobs.log(of: id) { text += $0.map { $0 + "\n" }.joined() }
        return .text(text)
    }

    /// The deliveries of a policy, or of all of a project, as Harbor told of them before there were executions.
    private func jobs(_ call: HarborCall) async throws -> Response {
        let project = try await call.project(.list, .notificationPolicy)
        guard let policyID = call.integer("policy_id") else { throw HarborFailure.badRequest("'policy_id' is required") }
        guard let policy = try await platform.metadata.read({ try $0.webhookPolicy(policyID) }), policy.projectID == project.id else {
            throw HarborFailure.badRequest("policy_id: the project '\(project.name)' has no webhook \(policyID)")
        }
        var query = try call.list()
        let statuses = call.exchange.parameters("status").flatMap { $0.split(separator: ",") }.map(String.init)
        if !statuses.isEmpty { query.terms.append(ListQuery.Term("status", .any(statuses))) }
        let (views, total) = try await platform.metadata.read { [query] store in
            let (executions, total) = try store.executions(of: "WEBHOOK", "SLACK", id: policy.id, query)
            return (try executions.map { Harbor.WebhookJob($0, try store.jobs(of: $0.id).first) }, total)
        }
        return call.page(views, total: total, of: query)
    }

    private func redeliver(_ call: HarborCall) async throws -> Response {
        let execution = try await execution(call, .update)
        guard execution.status.isFinal else {
            throw HarborFailure.conflict("the delivery \(execution.id) has not ended yet: it is \(execution.status.rawValue)")
        }
        guard let id = try await platform.webhooks.announcer.redeliver(execution) else {
            throw HarborFailure.notFound("nothing is known any more of what the delivery \(execution.id) sent")
        }
        return call.created(at: "/projects/\(call.path("project_name_or_id"))/webhook/policies/\(execution.vendor.id)/executions/\(id)")
    }

    private func test(_ call: HarborCall) async throws -> Response {
        let (policy, project) = try await policy(call, .update)
        guard policy.isEnabled else { throw HarborFailure.conflict("the webhook '\(policy.name)' is switched off") }
        guard let type = policy.eventTypes.first.flatMap(WebhookEventType.init) else { throw HarborFailure.conflict("it wants no events") }
        let occurrence = WebhookOccurrence(
            type, at: .nowMicroseconds, actor: call.principal.name, requestID: call.exchange.requestID,
            data: WebhookOccurrence.Details(custom: ["Details": "a test of the webhook '\(policy.name)' of the project '\(project.name)'"]))
        let ids = try await platform.metadata.write(in: .jobs) { store in
            try platform.webhooks.announcer.send(occurrence, by: policy, .manual, in: store)
        }
        platform.jobs.signal.raise()
        return call.created(at: "/projects/\(project.id)/webhook/policies/\(policy.id)/executions/\(ids.first ?? 0)")
    }

    private func execution(_ call: HarborCall, _ action: Permission.Action) async throws -> JobExecutionRecord {
        let (policy, _) = try await policy(call, action)
        let id = try call.id("execution_id")
        guard let execution = try await platform.metadata.read({ try $0.execution(id) }), execution.vendor.id == policy.id,
            WebhookTarget.Kind.allCases.contains(where: { $0.vendorType == execution.vendor.type })
        else { throw HarborFailure.notFound("the webhook '\(policy.name)' has no delivery \(id)") }
        return execution
    }
}
