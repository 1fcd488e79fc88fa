import Foundation

extension Configuration {
    /// The `notifications` section.
    package struct Notifications: Sendable, Equatable {
        package struct Endpoint: Sendable, Equatable {
            /// Tells it from the others, also after a restart. Without the key: host and port of the URL.
            package var name: String
            package var url: String
            package var disabled = false
            package var headers: [Header] = []
            /// For one request and its answer.
            package var timeout = Duration.seconds(1)
            /// Failures in a row before there is a pause between tries.
            package var threshold = 10
            package var backoff = Duration.seconds(1)
            /// Media types of `ignoredmediatypes`, which means the same as `ignore.mediatypes`.
            package var ignoredMediaTypes: [String] = []
            package var ignore = Ignore()
            /// `events`: the only actions that are sent; empty for all.
            package var actions: [String] = []

            package init(name: String, url: String) {
                self.name = name
                self.url = url
            }
        }

        package struct Ignore: Sendable, Equatable {
            package var mediaTypes: [String] = []
            package var actions: [String] = []
        }

        /// Whether events of manifests list what they refer to.
        package var includeReferences = false
        package var endpoints: [Endpoint] = []

        package init() {}
    }
}

extension Configuration.Notifications {
    private static let actions = ["push", "pull", "mount", "delete"]

    init(_ reader: inout SettingReader) {
        includeReferences = reader.boolean("notifications.events.includereferences") ?? false
        for index in 0..<reader.count("notifications.endpoints") {
            if let endpoint = Self.endpoint(index, &reader) { endpoints.append(endpoint) }
        }
        var seen: Set<String> = []
        for endpoint in endpoints where !endpoint.disabled && !seen.insert(endpoint.name).inserted {
            reader.refuse(
                "'notifications.endpoints' has two endpoints with the name '\(endpoint.name.prefix(80))'; give each a name of its own, as what was delivered is remembered by it"
            )
        }
    }

    private static func endpoint(_ index: Int, _ reader: inout SettingReader) -> Endpoint? {
        let path = "notifications.endpoints.\(index)"
        let shown = "notifications.endpoints[\(index)]"
        let name = reader.nonEmptyText("\(path).name")
        let disabled = reader.boolean("\(path).disabled") ?? false
        guard let url = reader.nonEmptyText("\(path).url") else {
            reader.refuse("'\(shown).url' is missing; write the http:// or https:// URL that takes the events")
            return nil
        }
        guard let host = host(of: url) else {
            reader.refuse(
                "'\(shown).url' must be a URL such as https://hooks.example.org/registry, not '\(Secrets.masked(url).prefix(120))'")
            return nil
        }
        var endpoint = Endpoint(name: name ?? host, url: url)
        if endpoint.name.utf8.count > 200 {
            reader.refuse("'\(shown).name' has more than 200 bytes; choose a shorter one")
        }
        endpoint.disabled = disabled
        for header in reader.names("\(path).headers") {
            endpoint.headers.append(.init(name: header, values: reader.texts("\(path).headers", named: header) ?? []))
        }
        check(endpoint.headers, shown, &reader)
        endpoint.timeout = duration("\(path).timeout", shown, &reader) ?? endpoint.timeout
        endpoint.backoff = duration("\(path).backoff", shown, &reader) ?? endpoint.backoff
        let threshold = reader.integer("\(path).threshold", in: 0...1_000_000) ?? 0
        // As Distribution has it, 0 is the usual number.
        if threshold > 0 { endpoint.threshold = threshold }
        endpoint.ignoredMediaTypes = reader.texts("\(path).ignoredmediatypes") ?? []
        endpoint.ignore.mediaTypes = reader.texts("\(path).ignore.mediatypes") ?? []
        endpoint.ignore.actions = reader.texts("\(path).ignore.actions") ?? []
        for action in endpoint.ignore.actions where !actions.contains(action) {
            reader.warn("'\(shown).ignore.actions' names '\(action.prefix(40))', which no event has; there are \(list)")
        }
        endpoint.actions = reader.texts("\(path).events") ?? []
        for action in endpoint.actions where !actions.contains(action) {
            reader.refuse("'\(shown).events' names '\(action.prefix(40))', which no event has; use some of \(list)")
        }
        return endpoint
    }

    private static var list: String { actions.joined(separator: ", ") }

    /// Go's form, or a whole number of nanoseconds, as Go reads one without a unit; 0 for the usual time.
    private static func duration(_ path: String, _ shown: String, _ reader: inout SettingReader) -> Duration? {
        let range = Duration.milliseconds(1)...Duration.seconds(3600)
        guard let text = reader.text(path), let nanoseconds = Int64(text) else { return reader.duration(path, in: range) }
        if nanoseconds == 0 { return nil }
        guard range.contains(.nanoseconds(nanoseconds)) else {
            let name = path.split(separator: ".").last ?? ""
            reader.refuse(
                "'\(shown).\(name)' is \(nanoseconds), which without a unit is in nanoseconds; write a duration such as 1s, from 1ms to 1h")
            return nil
        }
        return .nanoseconds(nanoseconds)
    }

    private static func check(_ headers: [Configuration.Header], _ shown: String, _ reader: inout SettingReader) {
        let ownedByProtocol: Set<String> = ["connection", "content-length", "host", "transfer-encoding", "upgrade"]
        for header in headers {
            let isName = !header.name.isEmpty && header.name.utf8.allSatisfy(isTokenByte)
            if !isName {
                reader.refuse("'\(shown).headers' has '\(header.name.prefix(60))', which is not the name of a header")
            } else if ownedByProtocol.contains(header.name.lowercased()) {
                reader.refuse("'\(shown).headers.\(header.name.prefix(60))' is the protocol's to set; remove it")
            }
            if header.values.contains(where: { $0.utf8.contains { $0 < 0x20 && $0 != 0x09 || $0 == 0x7F } }) {
                reader.refuse("'\(shown).headers.\(header.name.prefix(60))' has a value with a control character; remove it")
            }
        }
    }

    /// RFC 9110 section 5.6.2.
    private static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
    }

    /// Host and port of an http or https URL, nil when it is none.
    private static func host(of url: String) -> String? {
        let scheme = ["http://", "https://"].first { url.lowercased().hasPrefix($0) }
        guard let scheme, url.utf8.count <= 4096, url.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { return nil }
        let authority = url.dropFirst(scheme.count).prefix { !"/?#".contains($0) }
        let host = authority[(authority.lastIndex(of: "@").map(authority.index(after:)) ?? authority.startIndex)...]
        return NetworkHost(host) == nil ? nil : String(host)
    }

    func rendered(maskingSecrets: Bool) -> RenderedValue {
        .map([
            ("events", .map([("includereferences", .flag(includeReferences))])),
            ("endpoints", .list(endpoints.map { $0.rendered(maskingSecrets: maskingSecrets) })),
        ])
    }
}

extension Configuration.Notifications.Endpoint {
    /// The URL without what may be a secret in it: the user and password, and the query.
    package var shownURL: String {
        var url = self.url[...]
        if let query = url.firstIndex(of: "?") { url = url[..<query] + "?\(Secrets.mask)" }
        guard let scheme = url.range(of: "://") else { return String(url) }
        let path = url[scheme.upperBound...].firstIndex { "/?#".contains($0) } ?? url.endIndex
        guard let at = url[scheme.upperBound..<path].lastIndex(of: "@") else { return String(url) }
        return url[..<scheme.upperBound] + Secrets.mask + url[at...]
    }

    /// Header values are what receivers know a sender by: all of them are secrets.
    func rendered(maskingSecrets: Bool) -> RenderedValue {
        .map([
            ("name", .text(name)), ("disabled", .flag(disabled)), ("url", .text(maskingSecrets ? shownURL : url)),
            ("headers", .map(headers.map { ($0.name, .texts(maskingSecrets ? $0.values.map { _ in Secrets.mask } : $0.values)) })),
            ("timeout", .text(timeout.goSyntax)), ("threshold", .number(threshold)), ("backoff", .text(backoff.goSyntax)),
            ("ignoredmediatypes", .texts(ignoredMediaTypes)),
            ("ignore", .map([("mediatypes", .texts(ignore.mediaTypes)), ("actions", .texts(ignore.actions))])),
            ("events", .texts(actions)),
        ])
    }
}
