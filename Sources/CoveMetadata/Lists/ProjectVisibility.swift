/// Which projects, and which repositories in them, somebody may see.
package enum ProjectVisibility: Sendable, Equatable {
    /// Repositories of a project that are somebody's to see, though the project is not.
    package struct Share: Sendable, Hashable {
        package let projectID: Int64
        /// About the name without the project, as in a grant.
        package let pattern: String

        package init(projectID: Int64, pattern: String) {
            self.projectID = projectID
            self.pattern = pattern
        }
    }

    case all
    /// These and those that are public; robots are given names, people numbers. Of the projects of shares only those repositories.
    case some(ids: [Int64], names: [String], shares: [Share] = [])

    /// A condition on the row `p` of a project.
    var projects: SQLFragment {
        guard case .some(let ids, let names, let shares) = self else { return SQLFragment("1 = 1") }
        return Self.projects(Set(ids).union(shares.map(\.projectID)).sorted(), names)
    }

    /// A condition on the row `r` of a repository and the row `p` of its project.
    var repositories: SQLFragment {
        guard case .some(let ids, let names, let shares) = self else { return SQLFragment("1 = 1") }
        return .any([Self.projects(ids, names)] + shares.map(Self.repositories))
    }

    private static func projects(_ ids: [Int64], _ names: [String]) -> SQLFragment {
        var ways = [SQLFragment("p.is_public = 1")]
        if !ids.isEmpty {
            ways.append(SQLFragment("p.id IN (\(ids.map { _ in "?" }.joined(separator: ", ")))", ids.map { .integer($0) }))
        }
        if !names.isEmpty {
            ways.append(SQLFragment("p.name IN (\(names.map { _ in "?" }.joined(separator: ", ")))", names.map { .text($0) }))
        }
        return .any(ways)
    }

    /// What LIKE has is `**`. With `*` alone a name has as many slashes as the pattern, so that no `%` can stand for one. A pattern
    /// with both would need more than that, and is not given to anybody.
    private static func repositories(_ share: Share) -> SQLFragment {
        let rest = "CASE WHEN r.name LIKE '%/%' THEN SUBSTR(r.name, LENGTH(p.name) + 2) ELSE r.name END"
        let isDeep = share.pattern.contains("**")
        guard !isDeep || !share.pattern.replacing("**", with: "").contains("*") else { return SQLFragment("1 = 0") }
        let like = share.pattern.replacing("!", with: "!!").replacing("%", with: "!%").replacing("_", with: "!_")
            .replacing("**", with: "%").replacing("*", with: "%")
        var conditions = [
            SQLFragment("p.id = ?", [.integer(share.projectID)]), SQLFragment("\(rest) LIKE ? ESCAPE '!'", [.text(like)]),
        ]
        if !isDeep {
            let slashes = Int64(share.pattern.utf8.count { $0 == UInt8(ascii: "/") })
            conditions.append(SQLFragment("LENGTH(\(rest)) - LENGTH(REPLACE(\(rest), '/', '')) = ?", [.integer(slashes)]))
        }
        return SQLFragment("(\(SQLFragment.all(conditions).text))", SQLFragment.all(conditions).values)
    }
}
