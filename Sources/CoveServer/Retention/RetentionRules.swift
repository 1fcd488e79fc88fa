import CoveMetadata
import CoveRegistry

/// Turns policies of Harbor's API into what is kept, and back.
enum RetentionRules {
    /// - Throws: ``HarborFailure`` that names the field.
    static func rules(_ sent: [Harbor.RetentionRule]) throws(HarborFailure) -> [TagRule] {
        guard sent.count <= RetentionTemplate.mostRules else {
            throw .badRequest("'rules' has \(sent.count) entries; at most \(RetentionTemplate.mostRules) are allowed")
        }
        var rules: [TagRule] = []
        for (index, one) in sent.enumerated() {
            let rule = try rule(one, "rules[\(index)]", id: Int64(index) + 1)
            if rules.contains(where: { $0.isSame(as: rule) }) {
                throw .badRequest("'rules[\(index)]' says the same as one before it")
            }
            rules.append(rule)
        }
        return rules
    }

    private static func rule(_ sent: Harbor.RetentionRule, _ path: String, id: Int64) throws(HarborFailure) -> TagRule {
        var rule = TagRule(
            id: id, priority: sent.priority ?? 0, isDisabled: sent.disabled ?? false, action: sent.action ?? RetentionTemplate.action,
            template: sent.template ?? "", tags: (sent.tagSelectors ?? []).map(RuleSelector.init),
            scopes: (sent.scopeSelectors ?? [:]).mapValues { $0.map(RuleSelector.init) })
        for (name, value) in (sent.params ?? [:]).sorted(by: { $0.key < $1.key }) {
            guard let number = value.integer else {
                throw .badRequest("'\(path).params.\(name.prefix(60))' must be a whole number")
            }
            rule.parameters[name] = number
        }
        do throws(TagRule.Problem) {
            try RetentionTemplate.check(rule)
        } catch {
            throw .badRequest("in '\(path)': \(error.description)")
        }
        return rule
    }
}

extension TagRule {
    fileprivate func isSame(as other: TagRule) -> Bool {
        template == other.template && parameters == other.parameters && tags == other.tags && scopes == other.scopes
    }
}

extension RuleSelector {
    init(_ sent: Harbor.RetentionSelector) {
        self.init(
            kind: sent.kind ?? "doublestar", decoration: sent.decoration ?? "", pattern: sent.pattern ?? "", extras: sent.extras ?? "")
    }
}

extension Harbor.RetentionSelector {
    init(_ selector: RuleSelector) {
        self.init(kind: selector.kind, decoration: selector.decoration, pattern: selector.pattern, extras: selector.extras)
    }
}

extension Harbor.RetentionRule {
    init(_ rule: TagRule) {
        self.init(
            id: rule.id, priority: rule.priority, disabled: rule.isDisabled, action: rule.action, template: rule.template,
            params: rule.parameters.mapValues { .integer($0) }, tagSelectors: rule.tags.map(Harbor.RetentionSelector.init),
            scopeSelectors: rule.scopes.mapValues { $0.map(Harbor.RetentionSelector.init) })
    }
}

extension Harbor.RetentionPolicy {
    init(_ policy: RetentionPolicyRecord) {
        self.init(
            id: policy.id, algorithm: "or", rules: policy.rules.map(Harbor.RetentionRule.init),
            trigger: Harbor.RetentionRuleTrigger(
                kind: "Schedule", settings: .object(["cron": .string(policy.cron)]), references: .object([:])),
            scope: Harbor.RetentionPolicyScope(level: "project", ref: policy.projectID))
    }
}

extension Harbor.RetentionMetadata {
    /// What rules can be made of.
    static var all: Harbor.RetentionMetadata {
        Harbor.RetentionMetadata(
            templates: RetentionTemplate.allCases.map { template in
                Harbor.RetentionRuleMetadata(
                    ruleTemplate: template.rawValue, displayText: template.displayText, action: RetentionTemplate.action,
                    params: template.unit.map { [Harbor.RetentionRuleParamMetadata(type: "int", unit: $0, required: true)] } ?? [])
            },
            scopeSelectors: [
                Harbor.RetentionSelectorMetadata(
                    displayText: "Repositories", kind: "doublestar", decorations: ["repoMatches", "repoExcludes"])
            ],
            tagSelectors: [
                Harbor.RetentionSelectorMetadata(displayText: "Tags", kind: "doublestar", decorations: ["matches", "excludes"])
            ])
    }
}
