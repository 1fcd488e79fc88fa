import CoveOCI

/// What a token is asked for: `repository:team/app:pull,push` (Distribution, "Docker Registry Token Scope and Access").
package struct TokenScope: Sendable, Equatable {
    package struct Malformed: Error, Sendable, CustomStringConvertible {
        package let description: String
    }

    /// Scopes of one request.
    package static let most = 100
    private static let longest = 1024

    package let type: String
    package let name: String
    package let actions: [String]

    /// - Throws: ``Malformed`` that says what is wrong with it.
    package init(parsing text: Substring) throws(Malformed) {
        func refuse(_ reason: String) -> Malformed { Malformed(description: "scope '\(text.prefix(200))' \(reason)") }
        guard text.utf8.count <= Self.longest else { throw refuse("has more than \(Self.longest) bytes") }
        guard !text.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F }) else {
            throw refuse("has control characters")
        }
        // A name may hold a colon, that of a port.
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count >= 3 else { throw refuse("is not of the form type:name:actions, such as repository:team/app:pull,push") }
        let kind = parts[0].prefix { $0 != "(" }
        guard !kind.isEmpty, kind.allSatisfy({ $0.isASCII && ($0.isLowercase || $0.isNumber) }) else {
            throw refuse("has no type before its first ':'")
        }
        type = String(kind)
        name = parts[1..<parts.count - 1].joined(separator: ":")
        actions = parts[parts.count - 1].split(separator: ",").map(String.init)
        if type == "repository", (try? RepositoryName(parsing: name)) == nil {
            throw refuse("names no repository; components are lower-case letters and digits, separated by '/'")
        }
        guard !name.isEmpty else { throw refuse("has no name between its ':'") }
    }

    /// All of a request: the parameter may be there again and again, and each may hold several with spaces between them.
    ///
    /// - Throws: ``Malformed``.
    package static func parse(_ parameters: [String]) throws(Malformed) -> [TokenScope] {
        var scopes: [TokenScope] = []
        for text in parameters.flatMap({ $0.split(separator: " " as Character) }) {
            guard scopes.count < most else { throw Malformed(description: "more than \(most) scopes are asked for at once") }
            scopes.append(try TokenScope(parsing: text))
        }
        return scopes
    }
}
