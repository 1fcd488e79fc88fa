import CoveOCI
import Foundation

/// What holds for certain tags in certain repositories of a project: that they are immutable, or how long they are kept.
package struct TagRule: Codable, Sendable, Equatable {
    package static let mostSelectors = 10

    package var id: Int64
    package var priority: Int64
    package var isDisabled: Bool
    package var action: String
    package var template: String
    package var parameters: [String: Int64]
    package var tags: [RuleSelector]
    /// By what they are about; ``repository`` is the only one there is.
    package var scopes: [String: [RuleSelector]]

    package static let repository = "repository"

    package init(
        id: Int64 = 0, priority: Int64 = 0, isDisabled: Bool = false, action: String, template: String, parameters: [String: Int64] = [:],
        tags: [RuleSelector], scopes: [String: [RuleSelector]]
    ) {
        self.id = id
        self.priority = priority
        self.isDisabled = isDisabled
        self.action = action
        self.template = template
        self.parameters = parameters
        self.tags = tags
        self.scopes = scopes
    }

    /// What of a rule cannot be; names the field.
    package struct Problem: Error, Sendable, Equatable, CustomStringConvertible {
        package let description: String

        package init(_ description: String) { self.description = description }
    }

    /// - Throws: ``Problem`` that names the field.
    package func checkSelectors() throws(Problem) {
        try Self.check(tags, "tag_selectors", ["matches", "excludes"])
        guard let repositories = scopes[Self.repository] else {
            throw Problem("'scope_selectors.repository' is required: a list of selectors of repositories")
        }
        for name in scopes.keys where name != Self.repository {
            throw Problem("'scope_selectors.\(name.prefix(60))' is not known; 'repository' is the only scope")
        }
        try Self.check(repositories, "scope_selectors.repository", ["repoMatches", "repoExcludes"])
    }

    private static func check(_ selectors: [RuleSelector], _ path: String, _ decorations: [String]) throws(Problem) {
        guard (1...mostSelectors).contains(selectors.count) else {
            throw Problem("'\(path)' has \(selectors.count) entries; it must have 1 to \(mostSelectors)")
        }
        for (index, selector) in selectors.enumerated() {
            let path = "\(path)[\(index)]"
            guard selector.kind == "doublestar" else {
                throw Problem("'\(path).kind' is '\(selector.kind.prefix(60))'; it must be doublestar")
            }
            guard decorations.contains(selector.decoration) else {
                throw Problem(
                    "'\(path).decoration' is '\(selector.decoration.prefix(60))'; it must be one of \(decorations.joined(separator: ", "))")
            }
            do throws(Doublestar.ParseError) {
                _ = try Doublestar(selector.pattern)
            } catch {
                throw Problem("'\(path).pattern': \(error.description)")
            }
            guard selector.extras.isEmpty || (try? JSONDecoder().decode([String: Bool].self, from: Data(selector.extras.utf8))) != nil
            else {
                throw Problem("'\(path).extras' is neither empty nor JSON such as {\"untagged\":true}")
            }
        }
    }

    /// Whether it is about a repository at all. Its selectors have the name without the project.
    package func isAbout(_ repository: RepositoryName) throws(Doublestar.ParseError) -> Bool {
        guard !isDisabled else { return false }
        return try RuleMatcher(scopes[Self.repository] ?? []).matches(repository.withinProject)
    }
}

extension RepositoryName {
    /// The name without that of its project.
    package var withinProject: String {
        guard let slash = description.firstIndex(of: "/") else { return description }
        return String(description[description.index(after: slash)...])
    }
}
