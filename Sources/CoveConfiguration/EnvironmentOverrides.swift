/// `REGISTRY_*` variables: `REGISTRY_STORAGE_DELETE_ENABLED=true` sets `storage.delete.enabled`.
struct EnvironmentOverrides {
    private static let prefix = "REGISTRY_"

    private let variables: [(name: String, value: String)]

    init(_ environment: [String: String]) {
        variables = environment.filter { $0.key.hasPrefix(Self.prefix) }.sorted { $0.key < $1.key }
            .map { ($0.key, $0.value) }
    }

    /// The tree with the variables put over it, shorter names first, so that `REGISTRY_AUTH=htpasswd` makes the map
    /// that `REGISTRY_AUTH_HTPASSWD_PATH` fills.
    ///
    /// - Returns: the tree, and a warning for each variable that names no key. Those are not refused: a cluster sets
    ///   variables such as `REGISTRY_PORT` by itself for a service that is called registry.
    func applied(to root: SettingValue) throws(ConfigurationError) -> (SettingValue, warnings: [String]) {
        var root = root
        var warnings: [String] = []
        for (name, text) in variables {
            let words = Self.words(name)
            // The file's own name, which who starts the server has read.
            if words == ["configuration", "path"] { continue }
            guard !words.isEmpty, !Self.isSetByCluster(words), let path = Self.path(words) else {
                warnings.append(
                    "the variable \(name) names no key of the configuration and is ignored\(Self.suggestion(words))")
                continue
            }
            let value: SettingValue
            do throws(ConfigurationError) {
                value = try SettingValue(yaml: text, hasLines: false)
            } catch {
                throw ConfigurationError(problems: ["the variable \(name) is not YAML"])
            }
            let spelled = root.spelling(of: path)
            if let (index, count) = root.overrun(spelled[...]) {
                throw ConfigurationError(problems: [
                    "the variable \(name) sets element \(index) of a list that has \(count); count from 0, without a gap"
                ])
            }
            root = root.setting(spelled[...], to: Self.selecting(path, value)).withoutAliases()
        }
        return (root, warnings)
    }

    /// What stands between the underscores, in the words of the file. Where Distribution's own names for its fields are
    /// not those of the file, its variables are made of the former: `REGISTRY_NOTIFICATIONS_EVENTCONFIG_INCLUDEREFERENCES`
    /// sets `notifications.events.includereferences`. Both act here.
    private static func words(_ name: String) -> [String] {
        var words = name.dropFirst(prefix.count).lowercased().split(separator: "_").map(String.init)
        switch words.first {
        case "storage" where words.count > 1 && words[1] == "s3aws": words[1] = "s3"
        case "notifications" where words.count > 1 && words[1] == "eventconfig": words[1] = "events"
        case "log" where words.count > 3 && words[1] == "hooks" && words[3] == "mailoptions": words[3] = "options"
        case "compatibility" where words.count > 2 && words[2] == "trustkey": words[2] = "signingkeyfile"
        // Until registry 3.0.
        case "redis" where words.count > 2 && words[1] == "options": words.remove(at: 1)
        default: break
        }
        return words
    }

    /// The variable that was meant, when it is a slip of the pen away.
    private static func suggestion(_ words: [String]) -> String {
        let spelled = words.joined(separator: ".")
        let nearest = SettingChecker.nearest(to: spelled)
        guard nearest.distance(to: spelled) <= 2 else { return "" }
        return "; did you mean \(prefix)\(nearest.uppercased().replacing(".", with: "_"))?"
    }

    /// What Kubernetes and container links set for a service whose name begins with "registry": `REGISTRY_PORT`,
    /// `REGISTRY_REDIS_SERVICE_HOST`, `REGISTRY_PROXY_PORT_5000_TCP_ADDR`.
    private static func isSetByCluster(_ words: [String]) -> Bool {
        let acts = ConfigurationKey.table.contains { $0.refusal == nil && $0.path == words }
        return !acts && (words.contains("port") || words.suffix(2) == ["service", "host"])
    }

    /// `REGISTRY_STORAGE=filesystem` and `REGISTRY_AUTH=htpasswd` choose a driver.
    private static func selecting(_ path: [String], _ value: SettingValue) -> SettingValue {
        guard path == ["storage"] || path == ["auth"], case .scalar(let name, _) = value else { return value }
        return .map([name: .map([:], line: nil)], line: nil)
    }

    /// The path of known keys that the words spell. A name under `*` keeps its underscores.
    private static func path(_ words: [String]) -> [String]? {
        for key in ConfigurationKey.table {
            if let path = match(key.path[...], words[...], refused: key.refusal != nil) { return path }
            // An element of a list of texts: REGISTRY_HTTP_TLS_CLIENTCAS_0.
            if key.kind == .texts, let last = words.last, Int(last) != nil,
                let path = match(key.path[...], words.dropLast()[...], refused: false), path.count == key.path.count
            {
                return path + [last]
            }
        }
        return nil
    }

    private static func match(_ pattern: ArraySlice<String>, _ words: ArraySlice<String>, refused: Bool) -> [String]? {
        guard let first = words.first else { return [] }
        guard let part = pattern.first else { return refused ? Array(words) : nil }
        switch part {
        case "*": return [words.joined(separator: "_")]
        case "[]":
            guard Int(first) != nil else { return nil }
            return match(pattern.dropFirst(), words.dropFirst(), refused: refused).map { [first] + $0 }
        default:
            guard part == first else { return nil }
            return match(pattern.dropFirst(), words.dropFirst(), refused: refused).map { [part] + $0 }
        }
    }
}
