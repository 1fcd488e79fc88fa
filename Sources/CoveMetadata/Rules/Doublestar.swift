/// A pattern for names of repositories and tags: `*` stands for any text without `/`, `**` in the place of a component for any
/// number of components, `?` for one character, `[a-z]` and `[^a-z]` for one of a set, `{a,b}` for either; `\` takes the next
/// character as it is.
///
/// It is run as an automaton: matching takes the pattern's length times the name's at most, whatever the pattern.
package struct Doublestar: Sendable, Equatable {
    /// In bytes.
    package static let longest = 1024
    static let deepestBraces = 16

    package struct ParseError: Error, Sendable, Equatable, CustomStringConvertible {
        package let description: String
    }

    enum Step: Sendable, Equatable {
        case one(Unicode.Scalar)
        /// Any but `/`.
        case any
        case anything
        case set([ClosedRange<UInt32>], isNegated: Bool)
        /// Goes on at all of these without reading anything.
        case either([Int])
    }

    package let text: String
    private let steps: [Step]

    /// - Throws: ``ParseError`` that says what is malformed.
    package init(_ text: String) throws(ParseError) {
        guard !text.isEmpty else { throw ParseError(description: "the pattern is empty; ** matches everything") }
        guard text.utf8.count <= Self.longest else {
            throw ParseError(description: "the pattern has \(text.utf8.count) bytes; at most \(Self.longest) are allowed")
        }
        self.text = text
        var parser = DoublestarParser(text)
        steps = try parser.parse()
    }

    package func matches(_ name: String) -> Bool {
        var current = StateSet(steps.count + 1)
        var next = StateSet(steps.count + 1)
        add(0, to: &current)
        for scalar in name.unicodeScalars {
            next.removeAll()
            for state in current.members where state < steps.count {
                switch steps[state] {
                case .one(let wanted): if wanted == scalar { add(state + 1, to: &next) }
                case .any: if scalar != "/" { add(state + 1, to: &next) }
                case .anything: add(state + 1, to: &next)
                case .set(let ranges, let isNegated):
                    if scalar != "/", ranges.contains(where: { $0.contains(scalar.value) }) != isNegated { add(state + 1, to: &next) }
                case .either: break
                }
            }
            if next.members.isEmpty { return false }
            swap(&current, &next)
        }
        return current.contains(steps.count)
    }

    /// With what follows from it without reading anything.
    private func add(_ state: Int, to states: inout StateSet) {
        guard state < steps.count, case .either = steps[state] else {
            _ = states.insert(state)
            return
        }
        var waiting = [state]
        while let state = waiting.popLast() {
            guard states.insert(state), state < steps.count, case .either(let targets) = steps[state] else { continue }
            waiting += targets
        }
    }

    private struct StateSet {
        private var flags: [Bool]
        private(set) var members: [Int] = []

        init(_ count: Int) { flags = [Bool](repeating: false, count: count) }

        func contains(_ state: Int) -> Bool { flags[state] }

        mutating func insert(_ state: Int) -> Bool {
            guard !flags[state] else { return false }
            flags[state] = true
            members.append(state)
            return true
        }

        mutating func removeAll() {
            for state in members { flags[state] = false }
            members.removeAll(keepingCapacity: true)
        }
    }
}
