import CoveOCI

/// What `cove access explain` is asked: may somebody do this there?
package struct AccessQuestion: Sendable, Equatable {
    package struct Malformed: Error, Sendable, CustomStringConvertible {
        package let description: String
        /// Else it is about the resource.
        package var isAboutAction = false
    }

    package enum Place: Sendable, Equatable {
        case system
        case project(String)
        case repository(RepositoryName)
    }

    package let permission: Permission
    package let place: Place

    /// - Parameters:
    ///   - action: `pull`, `push`, `delete`, or a resource and action of Harbor's `/permissions`: `label:create`.
    ///   - resource: `system`, `project:team` or `team`, `repository:team/app` or `team/app`.
    /// - Throws: ``Malformed`` that says what is meant.
    package init(action: String, resource: String) throws(Malformed) {
        place = try Self.place(resource)
        permission = try Self.permission(action, place)
    }

    private static func place(_ text: String) throws(Malformed) -> Place {
        if text == "system" { return .system }
        if text.hasPrefix("project:") { return .project(String(text.dropFirst(8))) }
        if !text.contains("/"), !text.hasPrefix("repository:") { return .project(text) }
        let name = text.hasPrefix("repository:") ? String(text.dropFirst(11)) : text
        do {
            return .repository(try RepositoryName(parsing: name))
        } catch {
            throw Malformed(
                description:
                    "'\(text.prefix(200))' is no resource; use system, a project (team), or a repository (team/app, repository:app)")
        }
    }

    private static func permission(_ text: String, _ place: Place) throws(Malformed) -> Permission {
        switch text {
        case "pull": return Permission(.pull, .repository)
        case "push": return Permission(.push, .repository)
        case "delete":
            if case .repository = place { return Permission(.delete, .artifact) }
            return Permission(.delete, .project)
        case "read": return Permission(.read, .project)
        default: break
        }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        if parts.count == 2, let resource = Permission.Resource(rawValue: parts[0]), let action = Permission.Action(rawValue: parts[1]) {
            return Permission(action, resource)
        }
        let resources = Permission.Resource.allCases.map(\.rawValue).joined(separator: ", ")
        let actions = Permission.Action.allCases.map(\.rawValue).joined(separator: ", ")
        throw Malformed(
            description:
                "'\(text.prefix(100))' is no action; use pull, push, delete, read, or resource:action, such as label:create. Resources: \(resources). Actions: \(actions)",
            isAboutAction: true
        )
    }
}
