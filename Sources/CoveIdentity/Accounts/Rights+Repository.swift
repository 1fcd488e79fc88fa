import CoveMetadata
import CoveOCI

extension Rights {
    /// Whether one of the distribution API's actions may be done in a repository: by a role or a robot's permission in its
    /// project, or by a grant.
    ///
    /// - Parameter action: `pull`, `push`, `delete`.
    package func allows(_ action: String, on repository: RepositoryName, in project: ProjectRecord) -> Bool {
        let permission: Permission? =
            switch action {
            case "pull": Permission(.pull, .repository)
            case "push": Permission(.push, .repository)
            case "delete": Permission(.delete, .artifact)
            default: nil
            }
        guard let permission else { return false }
        return allows(permission, on: repository, in: .project(id: project.id, name: project.name, isPublic: project.isPublic))
    }

    /// As ``allows(_:in:)``, with the grants for single repositories.
    package func allows(_ permission: Permission, on repository: RepositoryName, in scope: Scope) -> Bool {
        if allows(permission, in: scope) { return true }
        guard case .project(let id, _, _) = scope, let action = Self.action(permission) else { return false }
        return grants.contains { $0.projectID == id && $0.actions.contains(action) && $0.covers(repository) }
    }

    /// The action of a grant that a permission comes with: whoever may pull sees what there is to be pulled.
    private static func action(_ permission: Permission) -> String? {
        switch (permission.resource, permission.action) {
        case (.repository, .pull), (.repository, .read), (.artifact, .read), (.artifact, .list), (.tag, .list), (.accessory, .list),
            (.artifactAddition, .read):
            "pull"
        case (.repository, .push), (.artifact, .create), (.tag, .create): "push"
        case (.artifact, .delete), (.tag, .delete): "delete"
        default: nil
        }
    }
}

extension Rights.RepositoryGrant {
    /// Whether the pattern is the repository's: `*` is anything within a component, `**` also beyond it. It is about the name
    /// without the project.
    package func covers(_ repository: RepositoryName) -> Bool {
        let name = repository.description
        let rest = name.hasPrefix(repository.project + "/") ? name.dropFirst(repository.project.utf8.count + 1) : name[...]
        return Self.matches(Array(pattern.utf8)[...], Array(rest.utf8)[...])
    }

    private static func matches(_ pattern: ArraySlice<UInt8>, _ text: ArraySlice<UInt8>) -> Bool {
        // Where a star may still take more: its place in the pattern, and how far it went. One of each kind is enough, as
        // the last of them can take what an earlier one could.
        let (star, slash) = (UInt8(ascii: "*"), UInt8(ascii: "/"))
        var (p, t) = (pattern.startIndex, text.startIndex)
        var single: (pattern: Int, text: Int)?
        var double: (pattern: Int, text: Int)?
        while t < text.endIndex || p < pattern.endIndex {
            if p < pattern.endIndex, pattern[p] == star {
                if p + 1 < pattern.endIndex, pattern[p + 1] == star {
                    double = (p + 2, t)
                    single = nil
                    p += 2
                } else {
                    single = (p + 1, t)
                    p += 1
                }
                continue
            }
            if p < pattern.endIndex, t < text.endIndex, pattern[p] == text[t] {
                p += 1
                t += 1
                continue
            }
            if let (next, from) = single, from < text.endIndex, text[from] != slash {
                single = (next, from + 1)
                (p, t) = (next, from + 1)
            } else if let (next, from) = double, from < text.endIndex {
                double = (next, from + 1)
                single = nil
                (p, t) = (next, from + 1)
            } else {
                return false
            }
        }
        return true
    }
}
