import CoveIdentity
import CoveMetadata
import HTTPTypes
import HummingbirdCore

/// Rules for tags that are neither moved nor deleted.
struct ImmutableGroup: HarborGroup {
    private static let template = "immutable_template"
    private static let action = "immutable"
    private static let mostRules: Int64 = 15

    let platform: Platform

    var handlers: [HarborOperation: HarborHandler] {
        [.listImmuRules: list, .createImmuRule: create, .updateImmuRule: update, .deleteImmuRule: delete]
    }

    private func list(_ call: HarborCall) async throws -> Response {
        let project = try await call.project(.list, .immutableTag)
        let query = try call.list()
        let (rules, total) = try await platform.metadata.read { try $0.immutableRules(ofProject: project.id, query) }
        return call.page(rules.map(Harbor.ImmutableRule.init), total: total, of: query)
    }

    private func create(_ call: HarborCall) async throws -> Response {
        let project = try await call.project(.create, .immutableTag)
        let rule = try rule(try await call.body(Harbor.ImmutableRule.self), over: nil)
        let id = try await platform.metadata.write { store in
            var query = ListQuery()
            query.pageSize = 100
            let (others, total) = try store.immutableRules(ofProject: project.id, query)
            guard total < Self.mostRules else {
                throw HarborFailure.badRequest("the project has \(total) immutable rules; at most \(Self.mostRules) are allowed")
            }
            guard !others.contains(where: { $0.tags == rule.tags && $0.scopes == rule.scopes }) else {
                throw HarborFailure.conflict("the project has an immutable rule with the same selectors")
            }
            return try store.insertImmutableRule(rule, ofProject: project.id)
        }
        return call.created(at: "/projects/\(project.id)/immutabletagrules/\(id)")
    }

    private func update(_ call: HarborCall) async throws -> Response {
        let project = try await call.project(.update, .immutableTag)
        let id = try call.id("immutable_rule_id")
        let body = try await call.body(Harbor.ImmutableRule.self)
        guard let known = try await platform.metadata.read({ try $0.immutableRule(id, ofProject: project.id) }) else { throw unknown(id) }
        let changed = try rule(body, over: known)
        guard try await platform.metadata.write({ try $0.updateImmutableRule(changed, ofProject: project.id) }) else { throw unknown(id) }
        return .empty(.ok)
    }

    private func delete(_ call: HarborCall) async throws -> Response {
        let project = try await call.project(.delete, .immutableTag)
        let id = try call.id("immutable_rule_id")
        guard try await platform.metadata.write({ try $0.deleteImmutableRule(id, ofProject: project.id) }) else { throw unknown(id) }
        return .empty(.ok)
    }

    private func unknown(_ id: Int64) -> HarborFailure { .notFound("the project has no immutable rule \(id)") }

    /// - Parameter known: what is not sent stays as it is there.
    private func rule(_ sent: Harbor.ImmutableRule, over known: TagRule?) throws(HarborFailure) -> TagRule {
        var rule = known ?? TagRule(action: Self.action, template: Self.template, tags: [], scopes: [:])
        rule.priority = sent.priority ?? rule.priority
        rule.isDisabled = sent.disabled ?? rule.isDisabled
        if let action = sent.action, !action.isEmpty, action != Self.action {
            throw .badRequest("'action' is '\(action.prefix(60))'; it must be \(Self.action)")
        }
        if let template = sent.template, !template.isEmpty, template != Self.template {
            throw .badRequest("'template' is '\(template.prefix(60))'; it must be \(Self.template)")
        }
        if let name = sent.params?.keys.sorted().first {
            throw .badRequest("'params.\(name.prefix(60))' is no parameter of an immutable rule")
        }
        if let tags = sent.tagSelectors { rule.tags = tags.map(RuleSelector.init) }
        if let scopes = sent.scopeSelectors { rule.scopes = scopes.mapValues { $0.map(RuleSelector.init) } }
        do throws(TagRule.Problem) {
            try rule.checkSelectors()
        } catch {
            throw .badRequest(error.description)
        }
        return rule
    }
}

extension RuleSelector {
    init(_ sent: Harbor.ImmutableSelector) {
        self.init(
            kind: sent.kind ?? "doublestar", decoration: sent.decoration ?? "", pattern: sent.pattern ?? "", extras: sent.extras ?? "")
    }
}

extension Harbor.ImmutableSelector {
    init(_ selector: RuleSelector) {
        self.init(kind: selector.kind, decoration: selector.decoration, pattern: selector.pattern, extras: selector.extras)
    }
}

extension Harbor.ImmutableRule {
    init(_ rule: TagRule) {
        self.init(
            id: rule.id, priority: rule.priority, disabled: rule.isDisabled, action: rule.action, template: rule.template, params: [:],
            tagSelectors: rule.tags.map(Harbor.ImmutableSelector.init),
            scopeSelectors: rule.scopes.mapValues { $0.map(Harbor.ImmutableSelector.init) })
    }
}
