/// What a registry asks for with 401 (RFC 9110 section 11.6.1; distribution's token specification).
package enum Challenge: Sendable, Equatable {
    /// A user name and a password with each request.
    case basic
    /// A token from elsewhere.
    case bearer(realm: String, service: String?)

    /// The first challenge in the `WWW-Authenticate` fields that can be met; a token is preferred.
    package init?(headers: [String]) {
        let all = headers.flatMap { Self.parse($0) }
        if let bearer = all.first(where: { $0.scheme == "bearer" }), let realm = bearer.parameters["realm"], !realm.isEmpty {
            self = .bearer(realm: realm, service: bearer.parameters["service"])
        } else if all.contains(where: { $0.scheme == "basic" }) {
            self = .basic
        } else {
            return nil
        }
    }

    struct Item: Equatable {
        var scheme: String
        var parameters: [String: String] = [:]
    }

    /// Reads a list of challenges. What is not of the grammar ends the list.
    static func parse(_ header: String) -> [Item] {
        guard header.utf8.count <= 8192 else { return [] }
        var reader = Reader(rest: header[...])
        var items: [Item] = []
        while let word = reader.token() {
            if reader.take("=") {
                // A parameter of the challenge before. Its value is a token or a quoted text.
                guard !items.isEmpty, let value = reader.value() else { return items }
                items[items.count - 1].parameters[word.lowercased()] = value
            } else {
                items.append(Item(scheme: word.lowercased()))
            }
        }
        return items
    }

    private struct Reader {
        var rest: Substring

        /// The next word, commas and space before it skipped; nil at the end.
        mutating func token() -> String? {
            rest = rest.drop { $0 == "," || $0 == " " || $0 == "\t" }
            let word = rest.prefix { $0.isASCII && ($0.isLetter || $0.isNumber || "!#$%&'*+-.^_`|~".contains($0)) }
            guard !word.isEmpty else { return nil }
            rest = rest[word.endIndex...]
            return String(word)
        }

        /// Takes a character that may have space around it.
        mutating func take(_ character: Character) -> Bool {
            let next = rest.drop { $0 == " " || $0 == "\t" }
            guard next.first == character else { return false }
            rest = next.dropFirst()
            return true
        }

        mutating func value() -> String? {
            rest = rest.drop { $0 == " " || $0 == "\t" }
            guard rest.first == "\"" else { return token() }
            rest = rest.dropFirst()
            var text = ""
            while let character = rest.popFirst() {
                switch character {
                case "\"": return text
                case "\\": if let escaped = rest.popFirst() { text.append(escaped) }
                default: text.append(character)
                }
            }
            return nil
        }
    }
}
