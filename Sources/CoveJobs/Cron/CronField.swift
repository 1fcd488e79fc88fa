/// One field of a cron expression: which of its numbers match.
struct CronField: Sendable, Equatable {
    /// What a field of some name may hold.
    struct Kind: Sendable {
        let name: String
        let range: ClosedRange<Int>
        /// Words for numbers, in lower case: `jan`, `mon`.
        let words: [String: Int]

        init(_ name: String, _ range: ClosedRange<Int>, words: [String] = []) {
            self.name = name
            self.range = range
            self.words = Dictionary(uniqueKeysWithValues: words.enumerated().map { ($1, range.lowerBound + $0) })
        }

        static let second = Kind("second", 0...59)
        static let minute = Kind("minute", 0...59)
        static let hour = Kind("hour", 0...23)
        static let day = Kind("day of month", 1...31)
        static let month = Kind(
            "month", 1...12, words: ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"])
        static let weekday = Kind("day of week", 0...6, words: ["sun", "mon", "tue", "wed", "thu", "fri", "sat"])
    }

    /// A bit for each number.
    let bits: UInt64
    /// Whether it says nothing: `*` or `?`, also with a step of 1.
    let isOpen: Bool

    /// Reads `*`, `?`, `5`, `mon`, `1-5`, `*/15`, `5/15` (from 5 on), `1-10/2`, and lists of these.
    ///
    /// - Throws: ``CronError`` that names the field.
    init(_ text: Substring, _ kind: Kind) throws(CronError) {
        var bits: UInt64 = 0
        var isOpen = false
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let (range, step, isAny) = try Self.range(part, kind)
            for number in stride(from: range.lowerBound, through: range.upperBound, by: step) { bits |= 1 << UInt64(number) }
            if isAny, step == 1 { isOpen = true }
        }
        self.bits = bits
        self.isOpen = isOpen
    }

    func contains(_ number: Int) -> Bool { bits & (1 << UInt64(number)) != 0 }

    func isOnly(_ number: Int) -> Bool { bits == 1 << UInt64(number) }

    /// The least number from `number` on that matches.
    func next(from number: Int) -> Int? {
        guard number < 64 else { return nil }
        let rest = (bits >> UInt64(number)) << UInt64(number)
        return rest == 0 ? nil : rest.trailingZeroBitCount
    }

    private static func range(_ part: Substring, _ kind: Kind) throws(CronError) -> (ClosedRange<Int>, step: Int, isAny: Bool) {
        let halves = part.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        var step = 1
        if halves.count == 2 {
            guard let number = number(halves[1]), number >= 1 else {
                throw CronError("\(kind.name): '\(part.prefix(40))' has no step of 1 or more after '/'")
            }
            step = min(number, kind.range.upperBound + 1)
        }
        let span = halves[0]
        if span == "*" || span == "?" { return (kind.range, step, true) }
        let ends = span.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        let first = try value(ends[0], kind)
        if ends.count == 2 {
            let last = try value(ends[1], kind)
            guard first <= last else {
                throw CronError("\(kind.name): the range '\(span.prefix(40))' ends before it begins")
            }
            return (first...last, step, false)
        }
        return (first...(halves.count == 2 ? kind.range.upperBound : first), step, false)
    }

    private static func value(_ text: Substring, _ kind: Kind) throws(CronError) -> Int {
        if let number = number(text) ?? kind.words[text.lowercased()], kind.range.contains(number) { return number }
        let words = kind.words.isEmpty ? "" : ", or a name such as \(kind.words.min { $0.value < $1.value }?.key ?? "")"
        throw CronError(
            "\(kind.name): '\(text.prefix(40))' is not a number from \(kind.range.lowerBound) to \(kind.range.upperBound)\(words)")
    }

    private static func number(_ text: Substring) -> Int? {
        guard !text.isEmpty, text.utf8.count <= 4, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return Int(text)
    }
}

/// What is wrong with a cron expression.
package struct CronError: Error, Sendable, Equatable, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }
}
