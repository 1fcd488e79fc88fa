/// Makes the automaton of a ``Doublestar``.
struct DoublestarParser {
    private let scalars: [Unicode.Scalar]
    private var position = 0
    private var depth = 0
    private var steps: [Doublestar.Step] = []

    init(_ text: String) { scalars = Array(text.unicodeScalars) }

    mutating func parse() throws(Doublestar.ParseError) -> [Doublestar.Step] {
        try sequence()
        return steps
    }

    private var next: Unicode.Scalar? { position < scalars.count ? scalars[position] : nil }

    /// Up to the end of the pattern or, in braces, of the alternative.
    private mutating func sequence() throws(Doublestar.ParseError) {
        while let scalar = next {
            if depth > 0, scalar == "," || scalar == "}" { return }
            position += 1
            switch scalar {
            case "*": star()
            case "?": steps.append(.any)
            case "[": try set()
            case "{": try alternatives()
            case "\\":
                guard let escaped = next else { throw .init(description: "the pattern ends with a single '\\'; write '\\\\' for one") }
                position += 1
                steps.append(.one(escaped))
            default: steps.append(.one(scalar))
            }
        }
    }

    /// After the first `*`.
    private mutating func star() {
        let start = position - 1
        while next == "*" { position += 1 }
        let beginsComponent =
            start == 0 || scalars[start - 1] == "/" || depth > 0 && (scalars[start - 1] == "," || scalars[start - 1] == "{")
        let isDouble = position - start >= 2 && beginsComponent
        switch next {
        case "/" where isDouble:
            // Any number of components, each with its slash: anything that ends in one, or nothing.
            position += 1
            let start = steps.count
            steps += [
                .either([start + 1, start + 5]), .either([start + 2, start + 4]), .anything, .either([start + 1]), .one("/"),
            ]
        case nil where isDouble, "}" where isDouble && depth > 0, "," where isDouble && depth > 0: loop(.anything)
        default: loop(.any)
        }
    }

    /// Any number of times.
    private mutating func loop(_ step: Doublestar.Step) {
        let start = steps.count
        steps += [.either([start + 1, start + 3]), step, .either([start])]
    }

    /// After the `[`.
    private mutating func set() throws(Doublestar.ParseError) {
        var isNegated = false
        if next == "^" || next == "!" {
            isNegated = true
            position += 1
        }
        var ranges: [ClosedRange<UInt32>] = []
        while true {
            guard let from = next else { throw .init(description: "a '[' has no ']' to end it") }
            position += 1
            if from == "]" {
                guard !ranges.isEmpty else { throw .init(description: "the set '[]' is empty") }
                break
            }
            let low = try escaped(from)
            guard next == "-", position + 1 < scalars.count, scalars[position + 1] != "]" else {
                ranges.append(low.value...low.value)
                continue
            }
            let to = scalars[position + 1]
            position += 2
            let high = try escaped(to)
            guard low.value <= high.value else { throw .init(description: "the range '\(low)-\(high)' of a set goes backwards") }
            ranges.append(low.value...high.value)
        }
        steps.append(.set(ranges, isNegated: isNegated))
    }

    private mutating func escaped(_ scalar: Unicode.Scalar) throws(Doublestar.ParseError) -> Unicode.Scalar {
        guard scalar == "\\" else { return scalar }
        guard let scalar = next else { throw .init(description: "a '[' has no ']' to end it") }
        position += 1
        return scalar
    }

    /// After the `{`.
    private mutating func alternatives() throws(Doublestar.ParseError) {
        depth += 1
        guard depth <= Doublestar.deepestBraces else {
            throw .init(description: "braces are nested deeper than \(Doublestar.deepestBraces)")
        }
        let fork = steps.count
        steps.append(.either([]))
        var starts: [Int] = []
        var ends: [Int] = []
        while true {
            starts.append(steps.count)
            try sequence()
            ends.append(steps.count)
            steps.append(.either([]))
            guard let end = next else { throw .init(description: "a '{' has no '}' to end it") }
            position += 1
            if end == "}" { break }
        }
        steps[fork] = .either(starts)
        for end in ends { steps[end] = .either([steps.count]) }
        depth -= 1
    }
}
