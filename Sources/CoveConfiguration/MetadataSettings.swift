import Foundation

extension Configuration {
    /// The `metadata` section: the store of what exists.
    package struct Metadata: Sendable, Equatable {
        package enum Store: Sendable, Equatable {
            /// A file; nil for `cove.db` beside the blobs of a filesystem, or memory beside blobs in memory.
            case sqlite(path: String?)
            /// A URL for libpq, password and all.
            case postgresql(url: String)
        }

        package var store: Store
        /// Whether ``store`` is this program's choice, where a bucket's metadata should be somebody's decision.
        package var isAssumed = false
        /// Most connections to PostgreSQL.
        package var maxConnections: Int
        package var statementTimeout: Duration
        package var lockTimeout: Duration
        package var connectTimeout: Duration

        package init(
            store: Store = .sqlite(path: nil), maxConnections: Int = 10, statementTimeout: Duration = .seconds(10),
            lockTimeout: Duration = .seconds(5), connectTimeout: Duration = .seconds(5)
        ) {
            self.store = store
            self.maxConnections = maxConnections
            self.statementTimeout = statementTimeout
            self.lockTimeout = lockTimeout
            self.connectTimeout = connectTimeout
        }
    }
}

extension Configuration.Metadata {
    init(_ reader: inout SettingReader, driver: Configuration.Storage.Driver, hasFile: Bool) {
        self.init()
        let times = Duration.milliseconds(100)...Duration.seconds(3600)
        maxConnections = reader.integer("metadata.maxconnections", in: 2...500) ?? maxConnections
        statementTimeout = reader.duration("metadata.statementtimeout", in: times) ?? statementTimeout
        lockTimeout = reader.duration("metadata.locktimeout", in: times) ?? lockTimeout
        // libpq counts it in whole seconds.
        connectTimeout = reader.duration("metadata.connecttimeout", in: .seconds(1)...(.seconds(300))) ?? connectTimeout
        guard let url = reader.nonEmptyText("metadata.url") else {
            if case .s3 = driver {
                let path = hasFile ? "/var/lib/registry/cove.db" : "data/cove.db"
                store = .sqlite(path: path)
                isAssumed = true
                reader.warn(
                    "'metadata.url' is missing, so the metadata of the bucket is kept in \(path): keep that file, and run one node only. Bytes that a crash leaves in the bucket are not reclaimed until the key is there; write metadata.url: sqlite:\(path), or postgresql://user:password@host/database for several nodes"
                )
            }
            return
        }
        if case .inMemory = driver {
            reader.refuse(
                "'metadata.url' goes with storage that lasts, and storage.inmemory is empty after a restart; remove one of them")
        }
        do throws(MalformedURL) {
            store = try Store(url: url)
        } catch {
            reader.refuse("'metadata.url' \(error.reason)")
        }
    }

    func rendered(maskingSecrets: Bool) -> RenderedValue {
        var pairs: [(String, RenderedValue)] = []
        switch store {
        case .sqlite(let path): if let path, !isAssumed { pairs.append(("url", .text("sqlite:\(path)"))) }
        case .postgresql(let url): pairs.append(("url", .text(maskingSecrets ? Secrets.masked(url) : url)))
        }
        return .map(
            pairs + [
                ("maxconnections", .number(maxConnections)), ("statementtimeout", .text(statementTimeout.goSyntax)),
                ("locktimeout", .text(lockTimeout.goSyntax)), ("connecttimeout", .text(connectTimeout.goSyntax)),
            ])
    }
}

/// What is wrong with a URL, without its password.
struct MalformedURL: Error {
    let reason: String
}

extension Configuration {
    /// A text with the passwords of URLs masked.
    package static func maskingPassword(_ text: String) -> String { Secrets.masked(text) }
}

extension Configuration.Metadata.Store {
    /// Reads a URL of the form of `metadata.url`.
    ///
    /// - Throws: ``ConfigurationError``, without the password.
    package init(checking url: String) throws(ConfigurationError) {
        do throws(MalformedURL) {
            try self.init(url: url)
        } catch {
            throw ConfigurationError(problems: [error.reason])
        }
    }

    /// Checks the form only: what libpq alone can tell, it tells when it connects.
    init(url: String) throws(MalformedURL) {
        if url.hasPrefix("sqlite:") {
            self = .sqlite(path: try Self.file(url.dropFirst("sqlite:".count)))
        } else if let scheme = ["postgresql://", "postgres://"].first(where: url.hasPrefix) {
            try Self.check(postgresql: url.dropFirst(scheme.count))
            self = .postgresql(url: url)
        } else {
            throw MalformedURL(
                reason:
                    "must be sqlite:PATH or postgresql://user:password@host:port/database, not '\(Secrets.masked(url).prefix(120))'")
        }
    }

    private static func file(_ text: Substring) throws(MalformedURL) -> String {
        // sqlite:///var/lib/cove.db is a URL of no host.
        let path = text.hasPrefix("///") ? text.dropFirst(2) : text
        if path.isEmpty || path.hasPrefix("//") || path.hasSuffix("/") {
            throw MalformedURL(reason: "must name a file, such as sqlite:/var/lib/cove/cove.db, not '\(text.prefix(120))'")
        }
        if path == ":memory:" { throw MalformedURL(reason: "cannot be in memory; use storage.inmemory instead") }
        return String(path)
    }

    /// - Parameter text: what follows the scheme: `user:password@host:port,host:port/database?name=value&…`, all of which
    ///   may be absent (PostgreSQL documentation, "Connection URIs").
    private static func check(postgresql text: Substring) throws(MalformedURL) {
        try checkPercentCoding(text)
        // As libpq finds it: the password may hold a raw question mark, but neither @ nor slash.
        let user = text.prefix { $0 != "/" && $0 != "@" }
        let rest = text[user.endIndex...].hasPrefix("@") ? text[user.endIndex...].dropFirst() : text
        let hosts = rest.prefix { $0 != "/" && $0 != "?" }
        if hosts.contains("@") {
            throw MalformedURL(reason: "has more than one @; write an @ of the user or the password as %40")
        }
        for host in hosts.split(separator: ",", omittingEmptySubsequences: false) where !isHost(host) {
            throw MalformedURL(
                reason:
                    "has a host that is not of the form host or host:port; write the characters @ : / ? of the user or the password as %40 %3A %2F %3F"
            )
        }
        guard let mark = rest.firstIndex(of: "?") else { return }
        try check(parameters: rest[rest.index(after: mark)...])
    }

    /// A host, a port alone, nothing for the socket of this machine, or a socket's directory (percent-coded).
    private static func isHost(_ text: Substring) -> Bool {
        if text.isEmpty { return true }
        if text.hasPrefix(":") { return text.count == 1 || NetworkHost.port(text.dropFirst()) != nil }
        if text.lowercased().hasPrefix("%2f") {
            let port = text.drop { $0 != ":" }
            return port.count < 2 || NetworkHost.port(port.dropFirst()) != nil
        }
        return NetworkHost(text.hasSuffix(":") ? text.dropLast() : text) != nil
    }

    private static func check(parameters: Substring) throws(MalformedURL) {
        let modes = ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"]
        for pair in parameters.split(separator: "&") {
            let sides = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard sides.count == 2, !sides[0].isEmpty else {
                throw MalformedURL(reason: "has a parameter that is not of the form name=value")
            }
            if sides[0] == "sslmode", !modes.contains(String(sides[1])) {
                throw MalformedURL(
                    reason: "has sslmode=\(sides[1].prefix(40)), which is none of \(modes.joined(separator: ", "))")
            }
        }
    }

    private static func checkPercentCoding(_ text: Substring) throws(MalformedURL) {
        var rest = text.utf8[...]
        while let percent = rest.firstIndex(of: UInt8(ascii: "%")) {
            let digits = rest[percent...].dropFirst().prefix(2)
            let code = String(decoding: digits, as: UTF8.self)
            guard digits.count == 2, code.allSatisfy(\.isHexDigit), code != "00" else {
                throw MalformedURL(reason: "has a % that begins no percent code; write a % of the password as %25")
            }
            rest = rest[digits.endIndex...]
        }
    }
}
