/// A member as people name it: `alice`, `user:alice` or `group:developers`.
package struct MemberName: Sendable, Equatable {
    package enum Kind: String, Sendable {
        case user, group
    }

    /// Nil when it is not said.
    package let kind: Kind?
    package let name: String

    package init(kind: Kind?, name: String) {
        self.kind = kind
        self.name = name
    }

    package init(parsing text: String) {
        for kind in [Kind.user, .group] where text.hasPrefix("\(kind.rawValue):") {
            self.init(kind: kind, name: String(text.dropFirst(kind.rawValue.count + 1)))
            return
        }
        self.init(kind: nil, name: text)
    }

    /// Whether this is who an entry of a project's members is about.
    func matches(_ member: JSONValue) -> Bool {
        guard member.text("entity_name") == name else { return false }
        guard let kind else { return true }
        return member.text("entity_type") == (kind == .user ? "u" : "g")
    }
}

/// Harbor's roles in a project.
package enum RoleName {
    private static let roles: [(id: Int64, names: [String])] = [
        (1, ["projectadmin", "admin"]), (2, ["developer"]), (3, ["guest"]), (4, ["maintainer", "master"]), (5, ["limitedguest"]),
    ]

    /// Accepts `project-admin`, `projectAdmin`, `limited guest`, `5`.
    package static func id(_ text: String) -> Int64? {
        let plain = text.lowercased().filter { $0.isLetter || $0.isNumber }
        return roles.first { $0.names.contains(plain) || String($0.id) == plain }?.id
    }

    package static let known = "projectAdmin, maintainer, developer, guest or limitedGuest"
}
