import CoveMetadata

/// What a rule of retention keeps of the artifacts that it is about; the names are Harbor's.
package enum RetentionTemplate: String, Sendable, CaseIterable {
    case latestPushedK
    case latestPulledN
    case nDaysSinceLastPush
    case nDaysSinceLastPull
    case always

    /// The unit of its only parameter, which has its name; nil for none.
    package var unit: String? {
        switch self {
        case .latestPushedK, .latestPulledN: "COUNT"
        case .nDaysSinceLastPush, .nDaysSinceLastPull: "DAYS"
        case .always: nil
        }
    }

    package var displayText: String {
        switch self {
        case .latestPushedK: "the most recently pushed # artifacts"
        case .latestPulledN: "the most recently pulled # artifacts"
        case .nDaysSinceLastPush: "pushed within the last # days"
        case .nDaysSinceLastPull: "pulled within the last # days"
        case .always: "always"
        }
    }

    package static let action = "retain"
    package static let mostRules = 15
    /// Some 270 years; of days as well as of artifacts.
    static let largestParameter: Int64 = 100_000

    /// - Throws: ``TagRule/Problem`` that names the field.
    package static func check(_ rule: TagRule) throws(TagRule.Problem) {
        guard let template = RetentionTemplate(rawValue: rule.template) else {
            let known = allCases.map(\.rawValue).joined(separator: ", ")
            throw TagRule.Problem("'template' is '\(rule.template.prefix(60))'; it must be one of \(known)")
        }
        guard rule.action == action else {
            throw TagRule.Problem("'action' is '\(rule.action.prefix(60))'; it must be \(action)")
        }
        if template.unit != nil {
            guard let value = rule.parameters[rule.template] else { throw TagRule.Problem("'params.\(rule.template)' is required") }
            guard (1...largestParameter).contains(value) else {
                throw TagRule.Problem("'params.\(rule.template)' is \(value); it must be from 1 to \(largestParameter)")
            }
        }
        for name in rule.parameters.keys.sorted() where name != rule.template || template.unit == nil {
            throw TagRule.Problem("'params.\(name.prefix(60))' is no parameter of \(rule.template)")
        }
        try rule.checkSelectors()
    }
}
