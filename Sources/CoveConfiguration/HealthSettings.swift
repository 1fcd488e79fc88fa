extension Configuration {
    /// `health`: what a node looks at to know whether it can serve.
    package struct Health: Sendable, Equatable {
        /// How often something is looked at, and how often it must fail in a row.
        package struct Rhythm: Sendable, Equatable {
            package var interval = Duration.seconds(10)
            package var threshold = 1
        }

        package struct FileCheck: Sendable, Equatable {
            /// Its existence is the failure.
            package var file: String
            package var rhythm: Rhythm
        }

        package struct HTTPCheck: Sendable, Equatable {
            package var uri: String
            package var headers: [Header] = []
            package var statusCode: Int
            package var timeout: Duration
            package var rhythm: Rhythm
        }

        package struct TCPCheck: Sendable, Equatable {
            /// `host:port`.
            package var addr: String
            package var timeout: Duration
            package var rhythm: Rhythm
        }

        package var storageDriverEnabled = true
        package var storageDriver = Rhythm(threshold: 3)
        package var files: [FileCheck] = []
        package var http: [HTTPCheck] = []
        package var tcp: [TCPCheck] = []
    }
}

extension Configuration.Health {
    init(_ reader: inout SettingReader) {
        self.init()
        storageDriverEnabled = reader.boolean("health.storagedriver.enabled") ?? true
        storageDriver = Self.rhythm("health.storagedriver", &reader, threshold: 3)
        for index in 0..<reader.count("health.file") {
            let path = "health.file.\(index)"
            guard let file = Self.needed("file", of: "health.file", index, &reader) else { continue }
            files.append(FileCheck(file: file, rhythm: Self.rhythm(path, &reader)))
        }
        for index in 0..<reader.count("health.http") { readHTTP(index, &reader) }
        for index in 0..<reader.count("health.tcp") {
            let path = "health.tcp.\(index)"
            guard let addr = Self.needed("addr", of: "health.tcp", index, &reader) else { continue }
            if NetworkHost(addr)?.port == nil {
                reader.refuse("'health.tcp[\(index)].addr' must be host:port, not '\(addr.prefix(120))'")
            }
            let rhythm = Self.rhythm(path, &reader)
            tcp.append(TCPCheck(addr: addr, timeout: Self.timeout(path, rhythm, &reader), rhythm: rhythm))
        }
        refuseDoubles(&reader)
    }

    private mutating func readHTTP(_ index: Int, _ reader: inout SettingReader) {
        let path = "health.http.\(index)"
        guard let uri = Self.needed("uri", of: "health.http", index, &reader) else { return }
        let scheme = uri.prefix { $0 != ":" }.lowercased()
        if scheme != "http" && scheme != "https" || !uri.contains("://") {
            reader.refuse(
                "'health.http[\(index)].uri' must be a URL such as http://127.0.0.1:8080/ok, not '\(Secrets.masked(uri).prefix(120))'")
        }
        let rhythm = Self.rhythm(path, &reader)
        var check = HTTPCheck(
            uri: uri, statusCode: reader.integer("\(path).statuscode", in: 100...599) ?? 200,
            timeout: Self.timeout(path, rhythm, &reader), rhythm: rhythm)
        for name in reader.names("\(path).headers") {
            check.headers.append(.init(name: name, values: reader.texts("\(path).headers", named: name) ?? []))
        }
        http.append(check)
    }

    private static func needed(
        _ key: String, of list: String, _ index: Int, _ reader: inout SettingReader
    ) -> String? {
        if let text = reader.nonEmptyText("\(list).\(index).\(key)") { return text }
        reader.refuse("'\(list)[\(index)].\(key)' is missing")
        return nil
    }

    /// In Distribution a threshold of 0 is one of 1.
    private static func rhythm(_ path: String, _ reader: inout SettingReader, threshold: Int = 1) -> Rhythm {
        Rhythm(
            interval: reader.duration("\(path).interval", in: .seconds(1)...(.seconds(3600))) ?? .seconds(10),
            threshold: max(1, reader.integer("\(path).threshold", in: 0...1000) ?? threshold))
    }

    private static func timeout(_ path: String, _ rhythm: Rhythm, _ reader: inout SettingReader) -> Duration {
        let timeout = reader.duration("\(path).timeout", in: .zero...(.seconds(3600))) ?? .seconds(5)
        return timeout == .zero ? rhythm.interval : timeout
    }

    /// Checks are known by what they look at.
    private func refuseDoubles(_ reader: inout SettingReader) {
        var seen = Set<String>()
        for name in files.map(\.file) + http.map(\.uri) + tcp.map(\.addr) where !seen.insert(name).inserted {
            reader.refuse("'health' looks at '\(Secrets.masked(name).prefix(120))' twice; remove one of the checks")
        }
    }

    func rendered(maskingSecrets: Bool) -> RenderedValue {
        func shown(_ text: String) -> String { maskingSecrets ? Secrets.masked(text) : text }
        func rendered(_ rhythm: Rhythm) -> [(String, RenderedValue)] {
            [("interval", .text(rhythm.interval.goSyntax)), ("threshold", .number(rhythm.threshold))]
        }
        var pairs: [(String, RenderedValue)] = [
            ("storagedriver", .map([("enabled", .flag(storageDriverEnabled))] + rendered(storageDriver)))
        ]
        if !files.isEmpty {
            pairs.append(("file", .list(files.map { .map([("file", .text($0.file))] + rendered($0.rhythm)) })))
        }
        if !http.isEmpty {
            pairs.append(
                (
                    "http",
                    .list(
                        http.map { check in
                            // A header may be a password.
                            let headers = check.headers.map { header in
                                (header.name, RenderedValue.texts(maskingSecrets ? header.values.map { _ in Secrets.mask } : header.values))
                            }
                            return .map(
                                [
                                    ("uri", .text(shown(check.uri))), ("headers", .map(headers)),
                                    ("statuscode", .number(check.statusCode)), ("timeout", .text(check.timeout.goSyntax)),
                                ] + rendered(check.rhythm))
                        })
                ))
        }
        if !tcp.isEmpty {
            pairs.append(
                (
                    "tcp",
                    .list(
                        tcp.map {
                            .map([("addr", .text($0.addr)), ("timeout", .text($0.timeout.goSyntax))] + rendered($0.rhythm))
                        })
                ))
        }
        return .map(pairs)
    }
}
