import Yams

/// A YAML value with the line it stands on, or a value from the environment.
indirect enum SettingValue: Equatable {
    case scalar(String, line: Int?)
    case list([SettingValue], line: Int?)
    case map([String: SettingValue], line: Int?)
    /// A key without a value.
    case nothing(line: Int?)

    static let largestText = 1024 * 1024
    private static let deepest = 32
    private static let mostNodes = 50_000

    var line: Int? {
        switch self {
        case .scalar(_, let line), .list(_, let line), .map(_, let line), .nothing(let line): line
        }
    }

    /// Reads YAML text.
    ///
    /// - Throws: ``ConfigurationError`` for text that is not YAML, is too large or too deep, or repeats a key.
    init(yaml text: String, hasLines: Bool) throws(ConfigurationError) {
        guard text.utf8.count <= Self.largestText else {
            throw ConfigurationError(problems: ["the configuration has more than \(Self.largestText) bytes"])
        }
        let node: Node?
        do {
            node = try Yams.compose(yaml: text)
        } catch {
            throw ConfigurationError(problems: ["not YAML: \(Self.reason(error))"])
        }
        var budget = Self.mostNodes
        guard let node else {
            self = .nothing(line: nil)
            return
        }
        self = try Self.convert(node, line: node.mark?.line, depth: 0, hasLines, &budget)
    }

    /// - Parameter line: where the value's key stands, as a map's own first line is already its first key's.
    /// Without the text around the place, which the library's own words show: there may be a secret in it.
    private static func reason(_ error: any Error) -> String {
        switch error as? YamlError {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _), .composer(_, let problem, let mark, _):
            "line \(mark.line), column \(mark.column): \(problem)"
        case .reader(let problem, _, _, _): problem
        case .duplicatedKeysInMapping(let keys, let context):
            "line \(context.mark.line): the key '\(keys.joined(separator: "', '"))' is there twice"
        default: "it cannot be read"
        }
    }

    private static func convert(
        _ node: Node, line: Int?, depth: Int, _ hasLines: Bool, _ budget: inout Int
    ) throws(ConfigurationError) -> SettingValue {
        budget -= 1
        guard budget > 0 else { throw ConfigurationError(problems: ["the configuration has too many values"]) }
        guard depth < deepest else {
            throw ConfigurationError(problems: ["the configuration is nested deeper than \(deepest) levels"])
        }
        let line = hasLines ? line : nil
        switch node {
        case .scalar(let scalar):
            let isNull = scalar.style == .plain && ["", "~", "null", "Null", "NULL"].contains(scalar.string)
            return isNull ? .nothing(line: line) : .scalar(scalar.string, line: line)
        case .sequence(let sequence):
            var items: [SettingValue] = []
            for item in sequence { items.append(try convert(item, line: item.mark?.line, depth: depth + 1, hasLines, &budget)) }
            return .list(items, line: line)
        case .mapping(let mapping):
            var items: [String: SettingValue] = [:]
            for (key, value) in mapping {
                guard case .scalar(let name) = key else {
                    throw ConfigurationError(problems: ["a key\(Self.at(key.mark?.line)) is not text"])
                }
                items[name.string] = try convert(value, line: key.mark?.line, depth: depth + 1, hasLines, &budget)
            }
            return .map(items, line: line)
        case .alias:
            throw ConfigurationError(problems: ["an alias\(Self.at(line)) leads nowhere"])
        }
    }

    static func at(_ line: Int?) -> String { line.map { " (line \($0))" } ?? "" }

    /// This value with `value` put at a path, maps made as needed.
    func setting(_ path: ArraySlice<String>, to value: SettingValue) -> SettingValue {
        guard let first = path.first else { return value }
        if let index = Int(first), case .list(var items, let line) = self, items.indices.contains(index) || index == items.count {
            let old = index < items.count ? items[index] : .nothing(line: nil)
            let new = old.setting(path.dropFirst(), to: value)
            if index < items.count { items[index] = new } else { items.append(new) }
            return .list(items, line: line)
        }
        if Int(first) == 0, case .nothing = self {
            return .list([SettingValue.nothing(line: nil).setting(path.dropFirst(), to: value)], line: nil)
        }
        var items: [String: SettingValue] = [:]
        var line: Int?
        if case .map(let old, let oldLine) = self { (items, line) = (old, oldLine) }
        items[first] = (items[first] ?? .nothing(line: nil)).setting(path.dropFirst(), to: value)
        return .map(items, line: line)
    }

    /// This tree with `storage.s3aws`, the driver's other name in registry:2 and registry:3, as `storage.s3`, and with
    /// `storage: filesystem` and `auth: htpasswd`, a driver without parameters, as maps.
    func withoutAliases() -> SettingValue {
        guard case .map(var root, let line) = self else { return self }
        for section in ["storage", "auth"] {
            if case .scalar(let driver, let line) = root[section] { root[section] = .map([driver: .nothing(line: line)], line: line) }
        }
        if case .map(var storage, let storageLine) = root["storage"], let settings = storage["s3aws"], storage["s3"] == nil {
            storage["s3aws"] = nil
            storage["s3"] = settings
            root["storage"] = .map(storage, line: storageLine)
        }
        return .map(root, line: line)
    }

    /// The path as this tree spells it: a name that is there in other letters, such as a header's, is the same name.
    func spelling(of path: [String]) -> [String] {
        guard let first = path.first else { return [] }
        let rest = Array(path.dropFirst())
        switch self {
        case .map(let items, _):
            let name = items[first] != nil ? first : items.keys.sorted().first { $0.lowercased() == first.lowercased() } ?? first
            return [name] + (items[name]?.spelling(of: rest) ?? rest)
        case .list(let items, _):
            guard let index = Int(first), items.indices.contains(index) else { return path }
            return [first] + items[index].spelling(of: rest)
        case .scalar, .nothing: return path
        }
    }

    /// The first place of the path that is beyond the end of its list, with the list's length. A list may grow by one.
    func overrun(_ path: ArraySlice<String>) -> (index: Int, count: Int)? {
        guard let first = path.first else { return nil }
        switch self {
        case .map(let items, _): return items[first]?.overrun(path.dropFirst())
        case .list(let items, _):
            guard let index = Int(first) else { return nil }
            return items.indices.contains(index)
                ? items[index].overrun(path.dropFirst()) : index == items.count ? nil : (index, items.count)
        case .scalar, .nothing: return nil
        }
    }

    func value(at path: ArraySlice<String>) -> SettingValue? {
        guard let first = path.first else { return self }
        switch self {
        case .map(let items, _): return items[first]?.value(at: path.dropFirst())
        case .list(let items, _):
            guard let index = Int(first), items.indices.contains(index) else { return nil }
            return items[index].value(at: path.dropFirst())
        default: return nil
        }
    }
}
