/// What a list is asked for in Harbor's way: `q`, `sort`, `page` and `page_size`.
///
/// `q` is a list of terms, separated by commas, of which all must hold: `k=v` (equal), `k=~v` (contains, whatever the case),
/// `k=[a~b]` (a range, each end may be absent), `k={a b}` (one of), `k=(a b)` (all of). A value in double quotes is taken as it is.
package struct ListQuery: Sendable, Equatable {
    /// What a term asks of a value.
    package enum Match: Sendable, Equatable {
        case equal(String)
        case contains(String)
        /// Both ends belong to it; nil where it is open.
        case range(from: String?, to: String?)
        case any([String])
        case all([String])
    }

    package struct Term: Sendable, Equatable {
        package let key: String
        package let match: Match

        package init(_ key: String, _ match: Match) {
            self.key = key
            self.match = match
        }
    }

    package struct Order: Sendable, Equatable {
        package let key: String
        package let isDescending: Bool

        package init(_ key: String, isDescending: Bool = false) {
            self.key = key
            self.isDescending = isDescending
        }
    }

    package static let mostTerms = 20
    package static let largestPage = 100

    package var terms: [Term] = []
    package var order: [Order] = []
    /// From 1.
    package var page = 1
    /// At most ``largestPage``.
    package var pageSize = 10

    package init() {}

    package var offset: Int { (page - 1) * pageSize }

    /// Reads `q`.
    ///
    /// - Throws: ``ListQueryError`` that says what is malformed.
    package mutating func filter(_ q: String) throws(ListQueryError) {
        var rest = Substring(q)
        while !rest.isEmpty {
            guard let equals = rest.firstIndex(of: "=") else { throw ListQueryError("q: '\(rest.prefix(60))' is no key=value") }
            let key = rest[..<equals].trimmed
            guard !key.isEmpty else { throw ListQueryError("q: '\(rest.prefix(60))' has no key before '='") }
            rest = rest[rest.index(after: equals)...]
            terms.append(Term(key, try Self.match(&rest, key)))
            guard terms.count <= Self.mostTerms else { throw ListQueryError("q: more than \(Self.mostTerms) terms") }
        }
    }

    /// Reads `sort`: `name,-creation_time`; `-` for descending.
    package mutating func sort(_ text: String) throws(ListQueryError) {
        for part in text.split(separator: ",").map(\.trimmed) where !part.isEmpty {
            let isDescending = part.hasPrefix("-")
            order.append(Order(isDescending || part.hasPrefix("+") ? String(part.dropFirst()) : part, isDescending: isDescending))
        }
        guard order.count <= Self.mostTerms else { throw ListQueryError("sort: more than \(Self.mostTerms) keys") }
    }

    private static func match(_ rest: inout Substring, _ key: String) throws(ListQueryError) -> Match {
        switch rest.first {
        case "~":
            rest.removeFirst()
            return .contains(try value(&rest, key))
        case "[":
            let inner = try enclosed(&rest, until: "]", key)
            guard let tilde = inner.firstIndex(of: "~") else {
                throw ListQueryError("q: the range '\(key)=[\(inner.prefix(60))]' has no '~' between its ends: [from~to]")
            }
            let (from, to) = (unquoted(inner[..<tilde]), unquoted(inner[inner.index(after: tilde)...]))
            return .range(from: from.isEmpty ? nil : from, to: to.isEmpty ? nil : to)
        case "{": return .any(try words(try enclosed(&rest, until: "}", key), key))
        case "(": return .all(try words(try enclosed(&rest, until: ")", key), key))
        default: return .equal(try value(&rest, key))
        }
    }

    /// Up to the next comma, or, in quotes, up to the next quote.
    private static func value(_ rest: inout Substring, _ key: String) throws(ListQueryError) -> String {
        if rest.first == "\"" {
            rest.removeFirst()
            guard let end = rest.firstIndex(of: "\"") else { throw ListQueryError("q: the quote in the value of '\(key)' does not end") }
            let value = String(rest[..<end])
            rest = rest[rest.index(after: end)...]
            try endTerm(&rest, key)
            return value
        }
        let end = rest.firstIndex(of: ",") ?? rest.endIndex
        let value = rest[..<end].trimmed
        rest = rest[end...].dropFirst()
        return value
    }

    private static func enclosed(
        _ rest: inout Substring, until closing: Character, _ key: String
    ) throws(ListQueryError) -> Substring {
        rest.removeFirst()
        guard let end = rest.firstIndex(of: closing) else {
            throw ListQueryError("q: the value of '\(key)' has no '\(closing)' at its end")
        }
        let inner = rest[..<end]
        rest = rest[rest.index(after: end)...]
        try endTerm(&rest, key)
        return inner
    }

    private static func endTerm(_ rest: inout Substring, _ key: String) throws(ListQueryError) {
        rest = rest.drop { $0 == " " }
        guard rest.isEmpty || rest.first == "," else {
            throw ListQueryError("q: after the value of '\(key)' a comma is expected, not '\(rest.prefix(20))'")
        }
        rest = rest.dropFirst()
    }

    private static func words(_ inner: Substring, _ key: String) throws(ListQueryError) -> [String] {
        var words: [String] = []
        var rest = inner.drop { $0 == " " }
        while let first = rest.first {
            if first == "\"" {
                rest.removeFirst()
                guard let end = rest.firstIndex(of: "\"") else {
                    throw ListQueryError("q: the quote in the value of '\(key)' does not end")
                }
                words.append(String(rest[..<end]))
                rest = rest[rest.index(after: end)...]
            } else {
                let end = rest.firstIndex(of: " ") ?? rest.endIndex
                words.append(String(rest[..<end]))
                rest = rest[end...]
            }
            rest = rest.drop { $0 == " " }
        }
        guard !words.isEmpty, words.count <= 100 else {
            throw ListQueryError("q: the list of '\(key)' has \(words.count) values; 1 to 100 are allowed")
        }
        return words
    }

    private static func unquoted(_ text: Substring) -> String {
        let text = text.trimmed
        return text.count >= 2 && text.hasPrefix("\"") && text.hasSuffix("\"") ? String(text.dropFirst().dropLast()) : text
    }
}

/// A list was asked for in a way that is not understood.
package struct ListQueryError: Error, Sendable, Equatable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
}

extension Substring {
    fileprivate var trimmed: String {
        var text = self
        while text.first == " " { text.removeFirst() }
        while text.last == " " { text.removeLast() }
        return String(text)
    }
}
