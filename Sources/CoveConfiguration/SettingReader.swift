/// Reads typed values out of a checked tree, collecting what cannot be read.
struct SettingReader {
    let root: SettingValue
    private(set) var problems: [String] = []
    private(set) var warnings: [String] = []

    init(_ root: SettingValue) {
        self.root = root
    }

    mutating func refuse(_ problem: String) {
        problems.append(problem)
    }

    mutating func warn(_ warning: String) {
        warnings.append(warning)
    }

    func has(_ path: String) -> Bool { value(path) != nil }

    func count(_ path: String) -> Int {
        if case .list(let items, _) = value(path) { items.count } else { 0 }
    }

    func names(_ path: String) -> [String] {
        if case .map(let items, _) = value(path) { items.keys.sorted() } else { [] }
    }

    /// - Parameter name: a free name under the path, which may hold dots itself.
    mutating func text(_ path: String, named name: String? = nil) -> String? {
        let found = value(path, named: name)
        let path = name.map { "\(path).\($0)" } ?? path
        switch found {
        case nil, .nothing: return nil
        case .scalar(let text, _): return text
        case .some(let other): return mismatch(path, other, "text")
        }
    }

    /// The text, nil also when it is empty: what a variable of a cluster's template often is.
    mutating func nonEmptyText(_ path: String) -> String? {
        text(path).flatMap { $0.isEmpty ? nil : $0 }
    }

    /// As ``text(_:named:)``.
    mutating func texts(_ path: String, named name: String? = nil) -> [String]? {
        let found = value(path, named: name)
        let path = name.map { "\(path).\($0)" } ?? path
        switch found {
        case nil, .nothing: return nil
        case .scalar(let text, _): return [text]
        case .list(let items, let line):
            var texts: [String] = []
            for item in items {
                guard case .scalar(let text, _) = item else { return mismatch(path, .list(items, line: line), "a list of texts") }
                texts.append(text)
            }
            return texts
        case .some(let other): return mismatch(path, other, "a list of texts")
        }
    }

    mutating func boolean(_ path: String) -> Bool? {
        convert(path, "true or false") { text in
            switch text.lowercased() {
            case "true", "yes", "y", "on": true
            case "false", "no", "n", "off": false
            default: nil
            }
        }
    }

    mutating func integer(_ path: String, in range: ClosedRange<Int>) -> Int? {
        convert(path, "a whole number from \(range.lowerBound) to \(range.upperBound)") { text in
            Int(text).flatMap { range.contains($0) ? $0 : nil }
        }
    }

    /// Of any size that there is.
    mutating func integer(_ path: String) -> Int? {
        convert(path, "a whole number") { Int($0) }
    }

    mutating func size(_ path: String, in range: ClosedRange<Int>) -> Int? {
        convert(path, "a size such as 65536 or 64KiB, from \(range.lowerBound) to \(range.upperBound) bytes") { text in
            let units = [("KiB", 1024), ("MiB", 1024 * 1024), ("GiB", 1024 * 1024 * 1024), ("", 1)]
            guard let unit = units.first(where: { text.hasSuffix($0.0) }), let number = Int(text.dropLast(unit.0.count))
            else { return nil }
            let (bytes, overflows) = number.multipliedReportingOverflow(by: unit.1)
            return !overflows && range.contains(bytes) ? bytes : nil
        }
    }

    mutating func duration(_ path: String, in range: ClosedRange<Duration>) -> Duration? {
        let found = convert(path, "a duration such as 30s, 5m or 168h, from \(range.lowerBound) to \(range.upperBound)") { text in
            Duration(goSyntax: text).flatMap { range.contains($0) ? $0 : nil }
        }
        if found != nil, case .scalar(let text, let line) = value(path), text != "0", Int64(text) != nil {
            warn(
                "'\(Self.shown(path))'\(SettingValue.at(line)) is \(text) without a unit, and so in nanoseconds, as in registry:2; write it with one, such as 30s"
            )
        }
        return found
    }

    mutating func choice<Choice: RawRepresentable & CaseIterable>(
        _ path: String, _ type: Choice.Type
    ) -> Choice? where Choice.RawValue == String {
        convert(path, "one of \(Choice.allCases.map(\.rawValue).joined(separator: ", "))") { text in
            Choice.allCases.first { $0.rawValue.lowercased() == text.lowercased() }
        }
    }

    private func value(_ path: String, named name: String? = nil) -> SettingValue? {
        root.value(at: (path.split(separator: ".").map(String.init) + [name].compactMap { $0 })[...])
    }

    private mutating func convert<T>(_ path: String, _ expected: String, _ body: (String) -> T?) -> T? {
        switch value(path) {
        case nil, .nothing: return nil
        case .scalar(let text, let line):
            if let result = body(text) { return result }
            return mismatch(path, .scalar(text, line: line), expected)
        case .some(let other): return mismatch(path, other, expected)
        }
    }

    private mutating func mismatch<T>(_ path: String, _ value: SettingValue, _ expected: String) -> T? {
        let found =
            switch value {
            case .scalar(let text, _): "'\(text.prefix(60))'"
            case .list: "a list"
            case .map: "a map"
            case .nothing: "nothing"
            }
        problems.append("'\(Self.shown(path))'\(SettingValue.at(value.line)) must be \(expected), not \(found)")
        return nil
    }

    /// A path as it is shown: `http.listeners.0.addr` is `http.listeners[0].addr`.
    static func shown(_ path: String) -> String {
        path.split(separator: ".", omittingEmptySubsequences: false).enumerated()
            .map { index, word in index > 0 && Int(word) != nil ? "[\(word)]" : index > 0 ? ".\(word)" : "\(word)" }.joined()
    }
}

extension Duration {
    /// Parses Go's form: `300ms`, `1h30m`, `1.5h`; a whole number is nanoseconds, as registry:2 reads it. Nil when it is
    /// not of that form.
    package init?(goSyntax text: String) {
        if let nanoseconds = Int64(text) {
            guard (0..<Int64.max / 2).contains(nanoseconds) else { return nil }
            self = .milliseconds((nanoseconds + 500_000) / 1_000_000)
            return
        }
        let units: [(String, Double)] = [
            ("ns", 1e-9), ("us", 1e-6), ("µs", 1e-6), ("ms", 1e-3), ("s", 1), ("m", 60), ("h", 3600),
        ]
        var rest = text[...]
        var seconds = 0.0
        guard !rest.isEmpty else { return nil }
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCII && $0.isNumber || $0 == "." }
            rest = rest.dropFirst(digits.count)
            let unit = rest.prefix { !($0.isASCII && $0.isNumber) && $0 != "." }
            rest = rest.dropFirst(unit.count)
            guard let number = Double(digits), let factor = units.first(where: { $0.0 == unit })?.1 else { return nil }
            seconds += number * factor
        }
        guard seconds.isFinite, seconds < 1e10 else { return nil }
        // Rounded: 1.001 * 1000 is a little less than 1001.
        self = .milliseconds(Int64((seconds * 1000).rounded()))
    }

    /// Go's form of this duration, such as `1h30m0s`.
    var goSyntax: String {
        let milliseconds = components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000
        if milliseconds % 1000 != 0 { return "\(milliseconds)ms" }
        let seconds = milliseconds / 1000
        if seconds % 3600 == 0, seconds > 0 { return "\(seconds / 3600)h" }
        if seconds % 60 == 0, seconds > 0 { return "\(seconds / 60)m" }
        return "\(seconds)s"
    }
}
