import Foundation

/// Which tags, or which repositories, a rule is about.
package struct RuleSelector: Codable, Sendable, Equatable {
    package var kind: String
    package var decoration: String
    package var pattern: String
    /// As Harbor's clients send it: JSON in a text, `{"untagged":true}`.
    package var extras: String

    package init(kind: String = "doublestar", decoration: String, pattern: String, extras: String = "") {
        self.kind = kind
        self.decoration = decoration
        self.pattern = pattern
        self.extras = extras
    }

    /// Whether artifacts without a tag are meant as well.
    package var selectsUntagged: Bool {
        guard let extras = try? JSONDecoder().decode([String: Bool].self, from: Data(extras.utf8)) else { return false }
        return extras["untagged"] ?? false
    }
}

/// Selectors ready to be asked: a name must pass all of them.
package struct RuleMatcher: Sendable {
    private let selectors: [(pattern: Doublestar, excludes: Bool)]
    package let selectsUntagged: Bool

    /// - Throws: ``Doublestar/ParseError``.
    package init(_ selectors: [RuleSelector]) throws(Doublestar.ParseError) {
        var parsed: [(Doublestar, Bool)] = []
        for selector in selectors {
            parsed.append((try Doublestar(selector.pattern), selector.decoration.lowercased().hasSuffix("excludes")))
        }
        self.selectors = parsed
        selectsUntagged = !selectors.isEmpty && selectors.allSatisfy(\.selectsUntagged)
    }

    package func matches(_ name: String) -> Bool {
        selectors.allSatisfy { $0.pattern.matches(name) != $0.excludes }
    }
}
