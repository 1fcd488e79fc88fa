import CoveMetadata
import CoveOCI

/// Decides which artifacts of a repository stay: those that at least one rule keeps.
package struct RetentionEvaluator: Sendable {
    private struct Rule: Sendable {
        let matcher: RuleMatcher
        let template: RetentionTemplate
        let parameter: Int64
    }

    private let rules: [Rule]

    /// Whether no rule is about the repository: then retention leaves it alone.
    package var isIdle: Bool { rules.isEmpty }

    /// - Throws: ``Doublestar/ParseError`` for a pattern that was let in by nobody's check.
    package init(_ rules: [TagRule], for repository: RepositoryName) throws {
        self.rules = try rules.filter { try $0.isAbout(repository) }.compactMap { rule in
            guard let template = RetentionTemplate(rawValue: rule.template) else { return nil }
            return Rule(
                matcher: try RuleMatcher(rule.tags), template: template, parameter: rule.parameters[rule.template] ?? 0)
        }
    }

    /// - Parameter now: microseconds since 1970.
    /// - Returns: for each candidate whether it stays.
    package func decide(_ candidates: [RetentionCandidate], now: Int64) -> [Bool] {
        guard !isIdle else { return candidates.map { _ in true } }
        var stays = [Bool](repeating: false, count: candidates.count)
        for rule in rules {
            let selected = candidates.indices.filter { Self.selects(rule.matcher, candidates[$0]) }
            for index in Self.kept(selected, of: candidates, rule, now) { stays[index] = true }
        }
        return stays
    }

    /// An artifact is selected with any of its tags: it goes or stays with all of them.
    private static func selects(_ matcher: RuleMatcher, _ candidate: RetentionCandidate) -> Bool {
        candidate.tags.isEmpty ? matcher.selectsUntagged : candidate.tags.contains(where: matcher.matches)
    }

    private static func kept(
        _ selected: [Int], of candidates: [RetentionCandidate], _ rule: Rule, _ now: Int64
    ) -> any Sequence<Int> {
        /// Of two at the same time, the one with the smaller digest, so that every run decides alike.
        func latest(_ time: (RetentionCandidate) -> Int64) -> ArraySlice<Int> {
            selected.sorted { one, other in
                let (one, other) = (candidates[one], candidates[other])
                return (time(other), one.digest.description) < (time(one), other.digest.description)
            }.prefix(Int(rule.parameter))
        }
        let since = now - rule.parameter * 86_400_000_000
        switch rule.template {
        case .latestPushedK: return latest(\.pushedAt)
        case .latestPulledN: return latest(\.pulledAt)
        case .nDaysSinceLastPush: return selected.filter { candidates[$0].pushedAt >= since }
        case .nDaysSinceLastPull: return selected.filter { candidates[$0].pulledAt >= since }
        case .always: return selected
        }
    }
}
