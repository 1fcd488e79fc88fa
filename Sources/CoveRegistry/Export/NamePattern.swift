/// A pattern for names of repositories: `*` stands for any text within a component, `**` for any text.
package struct NamePattern: Sendable {
    private enum Part: Equatable {
        case byte(UInt8)
        case withinComponent
        case anything
    }

    private let parts: [Part]

    package init(_ text: String) {
        var parts: [Part] = []
        for byte in text.utf8 {
            guard byte == UInt8(ascii: "*") else {
                parts.append(.byte(byte))
                continue
            }
            if parts.last == .withinComponent {
                parts[parts.count - 1] = .anything
            } else if parts.last != .anything {
                parts.append(.withinComponent)
            }
        }
        self.parts = parts
    }

    package func matches(_ name: String) -> Bool {
        // Which parts may come next, after each byte: no pattern takes longer than its length times the name's.
        var states = closure([0])
        for byte in name.utf8 {
            var next: Set<Int> = []
            for state in states where state < parts.count {
                switch parts[state] {
                case .byte(let wanted): if wanted == byte { next.insert(state + 1) }
                case .withinComponent: if byte != UInt8(ascii: "/") { next.insert(state) }
                case .anything: next.insert(state)
                }
            }
            states = closure(next)
        }
        return states.contains(parts.count)
    }

    /// A star may stand for nothing.
    private func closure(_ states: Set<Int>) -> Set<Int> {
        var all = states
        for state in states {
            var state = state
            while state < parts.count, parts[state] == .withinComponent || parts[state] == .anything {
                state += 1
                all.insert(state)
            }
        }
        return all
    }
}
