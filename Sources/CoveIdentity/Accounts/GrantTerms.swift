import CoveOCI

/// What a grant for repositories is to say, checked.
package struct GrantTerms: Sendable, Equatable {
    package struct Malformed: Error, Sendable, CustomStringConvertible {
        package let description: String
    }

    package static let allActions = ["pull", "push", "delete"]
    private static let longestPattern = 255

    package let pattern: String
    /// In the order of ``allActions``, each once.
    package let actions: [String]

    /// - Parameters:
    ///   - pattern: about the name of a repository without its project: `*` is anything within a component, `**` also beyond it;
    ///     one pattern has only one of the two, so that lists of repositories can go by it.
    ///   - actions: none stands for `pull`.
    /// - Throws: ``Malformed`` that names the field.
    package init(pattern: String, actions: [String]) throws(Malformed) {
        guard (1...Self.longestPattern).contains(pattern.utf8.count) else {
            throw Malformed(description: "pattern: it has \(pattern.utf8.count) bytes; 1 to \(Self.longestPattern) are allowed")
        }
        guard pattern.utf8.allSatisfy(Self.isAllowed), !pattern.hasPrefix("/"), !pattern.hasSuffix("/"), !pattern.contains("//") else {
            throw Malformed(
                description:
                    "pattern: '\(pattern.prefix(100))' is not a repository's name without its project, with * or ** for what may be anything"
            )
        }
        let isDeep = pattern.contains("**")
        guard !pattern.contains("***"), !isDeep || !pattern.replacing("**", with: "").contains("*") else {
            throw Malformed(description: "pattern: '\(pattern.prefix(100))' has both * and **; use one of them")
        }
        self.pattern = pattern
        let wanted = actions.isEmpty ? ["pull"] : actions
        guard let stranger = wanted.first(where: { !Self.allActions.contains($0) }) else {
            self.actions = Self.allActions.filter(wanted.contains)
            return
        }
        throw Malformed(description: "actions: '\(stranger.prefix(60))' is not one of pull, push, delete")
    }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        default: "._-/*".utf8.contains(byte)
        }
    }
}
