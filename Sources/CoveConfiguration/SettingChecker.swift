/// Holds a tree of values against the table of keys and collects what does not fit.
struct SettingChecker {
    private(set) var problems: [String] = []

    mutating func check(_ value: SettingValue) {
        check(value, at: [], shown: "")
    }

    private mutating func check(_ value: SettingValue, at path: [String], shown: String) {
        if let key = Self.key(path), key.kind != .anything || key.refusal != nil {
            if let refusal = key.refusal {
                problems.append("'\(shown)'\(SettingValue.at(value.line)) is refused: \(refusal)")
                return
            }
            // `inmemory: {}` is a key whose presence is its value.
            if ["storage.inmemory", "auth.none"].contains(key.name) { return }
            if case .map = value, key.kind != .anything {
                problems.append("'\(shown)'\(SettingValue.at(value.line)) must be \(key.kind.name), not a map")
            }
            return
        }
        switch value {
        case .map(let items, _):
            for (name, item) in items.sorted(by: { $0.key < $1.key }) {
                let next = path + [name]
                let nextShown = shown.isEmpty ? name : "\(shown).\(name)"
                guard Self.isKnown(next) else {
                    problems.append(
                        "unknown key '\(nextShown)'\(SettingValue.at(item.line)): did you mean '\(Self.nearest(to: nextShown))'?")
                    continue
                }
                check(item, at: next, shown: nextShown)
            }
        case .list(let items, let line):
            guard Self.isKnown(path + ["[]"]) else {
                problems.append("'\(shown.isEmpty ? "the configuration" : shown)'\(SettingValue.at(line)) must be a map, not a list")
                return
            }
            for (index, item) in items.enumerated() { check(item, at: path + ["[]"], shown: "\(shown)[\(index)]") }
        case .scalar(let text, let line):
            problems.append(
                "'\(shown.isEmpty ? "the configuration" : shown)'\(SettingValue.at(line)) must be a map of keys, not '\(Secrets.masked(text).prefix(40))'"
            )
        case .nothing: break
        }
    }

    static func key(_ path: [String]) -> ConfigurationKey? {
        ConfigurationKey.table.first { matches($0.path[...], path[...]) && $0.path.count == path.count }
    }

    private static func isKnown(_ path: [String]) -> Bool {
        ConfigurationKey.table.contains { matches($0.path.prefix(path.count), path[...]) && $0.path.count >= path.count }
    }

    private static func matches(_ pattern: ArraySlice<String>, _ path: ArraySlice<String>) -> Bool {
        pattern.count == path.count && zip(pattern, path).allSatisfy { $0 == "*" && $1 != "[]" || $0 == $1 }
    }

    /// The known key with the fewest edits between it and `name`.
    static func nearest(to name: String) -> String {
        var candidates = Set<String>()
        for key in ConfigurationKey.table where key.refusal == nil {
            for length in 1...key.path.count { candidates.insert(key.path.prefix(length).joined(separator: ".")) }
        }
        return candidates.min { ($0.distance(to: name), $0) < ($1.distance(to: name), $1) } ?? "version"
    }
}

extension String {
    /// Levenshtein distance in characters.
    func distance(to other: String) -> Int {
        let (left, right) = (Array(self), Array(other.prefix(200)))
        var row = Array(0...right.count)
        for (i, character) in left.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for (j, otherCharacter) in right.enumerated() {
                let substitution = diagonal + (character == otherCharacter ? 0 : 1)
                diagonal = row[j + 1]
                row[j + 1] = Swift.min(substitution, row[j] + 1, row[j + 1] + 1)
            }
        }
        return row[right.count]
    }
}
