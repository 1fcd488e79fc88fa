import Foundation

extension Configuration {
    /// Reads a configuration file, the environment over it, and defaults under it.
    ///
    /// - Parameters:
    ///   - file: a path, or nil for the defaults of a server without a file.
    ///   - environment: `REGISTRY_A_B_C` sets `a.b.c`; values are YAML.
    /// - Throws: ``ConfigurationError`` with every problem.
    package static func load(
        file: String?, environment: [String: String]
    ) throws(ConfigurationError) -> (configuration: Configuration, warnings: [String]) {
        guard let file else { return try parse(yaml: nil, environment: environment) }
        guard let data = FileManager.default.contents(atPath: file) else {
            throw ConfigurationError(problems: ["cannot read the configuration file '\(file)'"])
        }
        guard let text = String(validating: data, as: UTF8.self) else {
            throw ConfigurationError(problems: ["the configuration file '\(file)' is not UTF-8 text"])
        }
        return try parse(yaml: text, environment: environment)
    }

    /// As ``load(file:environment:)``, from text.
    package static func parse(
        yaml: String?, environment: [String: String] = [:]
    ) throws(ConfigurationError) -> (configuration: Configuration, warnings: [String]) {
        let file: SettingValue = if let yaml { try SettingValue(yaml: yaml, hasLines: true) } else { .nothing(line: nil) }
        let (root, warnings) = try EnvironmentOverrides(environment).applied(to: file.withoutAliases())
        var checker = SettingChecker()
        checker.check(root)
        var reader = SettingReader(root)
        let configuration = Configuration(&reader, hasFile: yaml != nil)
        let problems = checker.problems + reader.problems
        // A value of the wrong kind is found by both.
        guard problems.isEmpty else { throw ConfigurationError(problems: problems.uniqued()) }
        return (configuration, warnings + reader.warnings)
    }

    private init(_ reader: inout SettingReader, hasFile: Bool) {
        if let version = reader.text("version"), version != "0.1" {
            reader.refuse("'version' must be 0.1, not '\(version.prefix(20))'")
        }
        if hasFile, !reader.has("version") { reader.refuse("'version' is missing; write version: 0.1") }
        durability = reader.choice("durability", Durability.self) ?? .full
        readPages(&reader)
        repositoryClasses = Self.readClasses(&reader)
        readLog(&reader)
        Self.checkOldKeys(&reader)
        readStorage(&reader, hasFile: hasFile)
        middleware = Middleware.read(&reader, driver: storage.driver)
        if !middleware.isEmpty, storage.redirectDisabled {
            reader.warn("'middleware.storage' has nothing to do, as storage.redirect.disable keeps clients from being sent elsewhere")
        }
        metadata = Metadata(&reader, driver: storage.driver, hasFile: hasFile)
        redis = Redis(&reader, isCache: storage.cache == .redis)
        notifications = Notifications(&reader)
        webhooks = WebhookSettings(&reader)
        audit = AuditSettings(&reader)
        readAuth(&reader)
        readHTTP(&reader, hasFile: hasFile)
        readValidation(&reader)
        proxy = Proxy(&reader)
        outbound = Outbound(&reader)
        jobs = Jobs(&reader)
        health = Health(&reader)
    }

    private static func readClasses(_ reader: inout SettingReader) -> [RepositoryClass] {
        var classes: [RepositoryClass] = []
        for name in reader.texts("policy.repository.classes") ?? [] {
            if let found = RepositoryClass(rawValue: name) {
                classes.append(found)
            } else {
                reader.refuse("'policy.repository.classes' names '\(name.prefix(40))'; the classes are image and plugin")
            }
        }
        return classes
    }

    private mutating func readPages(_ reader: inout SettingReader) {
        if let entries = reader.integer("catalog.maxentries"), entries > 0 {
            catalogMaxEntries = min(entries, 100_000)
            if entries > 100_000 { reader.warn("'catalog.maxentries' is \(entries); the largest page has 100000 names") }
        }
        if let tags = reader.integer("tags.maxtags", in: 0...1_000_000_000), tags > 0 { maxTags = min(tags, maxTags) }
    }

    private mutating func readLog(_ reader: inout SettingReader) {
        let level = reader.choice("loglevel", Log.Level.self)
        log.level = reader.choice("log.level", Log.Level.self) ?? level ?? .info
        log.formatter = reader.choice("log.formatter", Log.Formatter.self) ?? .text
        log.accessLogDisabled = reader.boolean("log.accesslog.disabled") ?? false
        for name in reader.names("log.fields") { log.fields[name] = reader.text("log.fields", named: name) ?? "" }
    }

    private mutating func readStorage(_ reader: inout SettingReader, hasFile: Bool) {
        readDriver(&reader, hasFile: hasFile)
        storage.deleteEnabled = reader.boolean("storage.delete.enabled") ?? !hasFile
        storage.readOnly = reader.boolean("storage.maintenance.readonly.enabled") ?? false
        storage.importing = reader.choice("storage.import", Storage.Import.self) ?? .auto
        storage.redirectDisabled = reader.boolean("storage.redirect.disable") ?? false
        _ = reader.integer("storage.tag.concurrencylimit", in: 0...1_000_000)
        let cache = reader.choice("storage.cache.layerinfo", Storage.Cache.self)
        storage.cache = reader.choice("storage.cache.blobdescriptor", Storage.Cache.self) ?? cache ?? .inMemory
        let size = reader.integer("storage.cache.blobdescriptorsize", in: 0...10_000_000) ?? 50_000
        storage.cachedDescriptors = storage.cache == .none ? 0 : size > 0 ? size : 10_000_000
        let purging = "storage.maintenance.uploadpurging"
        storage.uploadPurging.enabled = reader.boolean("\(purging).enabled") ?? true
        storage.uploadPurging.dryRun = reader.boolean("\(purging).dryrun") ?? false
        let most = Duration.seconds(100 * 365 * 24 * 3600)
        storage.uploadPurging.age = reader.duration("\(purging).age", in: .seconds(1)...most) ?? storage.uploadPurging.age
        storage.uploadPurging.interval =
            reader.duration("\(purging).interval", in: .seconds(1)...most) ?? storage.uploadPurging.interval
    }

    private mutating func readDriver(_ reader: inout SettingReader, hasFile: Bool) {
        let found = ["filesystem", "inmemory", "s3"].filter { reader.has("storage.\($0)") }
        if found.count > 1 {
            reader.refuse("'storage' has \(found.dropLast().joined(separator: ", ")) and \(found[found.count - 1]); choose one driver")
        }
        let root = reader.text("storage.filesystem.rootdirectory") ?? (hasFile ? "/var/lib/registry" : "data")
        let threads = min(max(4, reader.integer("storage.filesystem.maxthreads", in: 0...1_000_000) ?? 100), 1000)
        storage.driver =
            switch found.last {
            case "s3": .s3(S3Settings(&reader))
            case "inmemory": .inMemory
            default: .filesystem(rootDirectory: root, maxThreads: threads)
            }
    }

    private mutating func readAuth(_ reader: inout SettingReader) {
        let kinds = reader.names("auth")
        if kinds.count > 1 { reader.refuse("'auth' has \(kinds.joined(separator: " and ")); choose one") }
        if reader.has("auth.token") {
            auth = .token(TokenSettings(&reader))
            return
        }
        if reader.has("auth.accounts") {
            auth = .accounts(AccountSettings(&reader))
            return
        }
        guard reader.has("auth.htpasswd") else { return }
        guard let path = reader.text("auth.htpasswd.path") else {
            reader.refuse("'auth.htpasswd.path' is missing; name the file of user:hash lines")
            return
        }
        let realm = reader.text("auth.htpasswd.realm") ?? "Registry"
        if realm.unicodeScalars.contains(where: { $0 == "\"" || $0 == "\\" || $0.value < 0x20 || $0.value > 0x7E }) {
            reader.refuse("'auth.htpasswd.realm' must be plain text without quotes")
        }
        auth = .htpasswd(realm: realm, path: path)
    }

    private mutating func readHTTP(_ reader: inout SettingReader, hasFile: Bool) {
        http.addr = reader.text("http.addr") ?? (hasFile ? ":5000" : "127.0.0.1:5000")
        http.net = reader.choice("http.net", Network.self) ?? .tcp
        Self.checkAddress(http.addr, http.net, "http.addr", &reader)
        http.prefix = reader.text("http.prefix") ?? ""
        if !http.prefix.isEmpty, !http.prefix.hasPrefix("/") {
            reader.refuse("'http.prefix' must begin with /, not '\(http.prefix.prefix(60))'")
        }
        http.host = reader.text("http.host")
        if let host = http.host, !host.hasPrefix("http://"), !host.hasPrefix("https://") {
            reader.refuse("'http.host' must be a URL such as https://registry.example.org, not '\(host.prefix(60))'")
        }
        http.secret = reader.text("http.secret")
        http.relativeURLs = reader.boolean("http.relativeurls") ?? false
        http.drainTimeout = reader.duration("http.draintimeout", in: .zero...(.seconds(86_400))) ?? .seconds(60)
        http.graceTime = reader.duration("http.gracetime", in: .zero...(.seconds(600)))
        http.http2 = !(reader.boolean("http.http2.disabled") ?? false)
        http.h2c = reader.boolean("http.h2c.enabled") ?? false
        http.debug = Debug(&reader)
        for name in reader.names("http.headers") {
            http.headers.append(Header(name: name, values: reader.texts("http.headers", named: name) ?? []))
        }
        for index in 0..<reader.count("http.listeners") {
            let path = "http.listeners.\(index)"
            guard let addr = reader.text("\(path).addr") else {
                reader.refuse("'http.listeners[\(index)].addr' is missing")
                continue
            }
            let net = reader.choice("\(path).net", Network.self) ?? .tcp
            Self.checkAddress(addr, net, "http.listeners[\(index)].addr", &reader)
            http.listeners.append(Listener(addr: addr, net: net, tls: Self.readTLS(&reader, "\(path).tls", nil)))
        }
        http.tls = Self.readTLS(&reader, "http.tls", readLetsEncrypt(&reader))
        http.limits.maxConnections = reader.integer("http.limits.maxconnections", in: 1...1_000_000) ?? 8192
        let range = Duration.milliseconds(100)...Duration.seconds(86_400)
        http.limits.headerTimeout = reader.duration("http.limits.headertimeout", in: range) ?? .seconds(30)
        http.limits.idleTimeout = reader.duration("http.limits.idletimeout", in: range) ?? .seconds(75)
        http.limits.bodyTimeout = reader.duration("http.limits.bodytimeout", in: range) ?? .seconds(30)
        http.limits.minBodyRate = reader.size("http.limits.minbodyrate", in: 0...1_000_000_000) ?? 1024
        http.limits.maxHeaderBytes = reader.size("http.limits.maxheaderbytes", in: 4096...1_048_576) ?? 64 * 1024
    }

    static func checkAddress(_ text: String, _ network: Network, _ key: String, _ reader: inout SettingReader) {
        guard ListenAddress(text, network) == nil else { return }
        let form = network == .tcp ? "host:port or :port, with a port up to 65535" : "a path of at most 107 bytes"
        reader.refuse("'\(key)' must be \(form), not '\(text.prefix(120))'")
    }

    private func readLetsEncrypt(_ reader: inout SettingReader) -> LetsEncrypt? {
        let addresses =
            (http.net == .tcp ? [("http.addr", http.addr)] : []) + (http.debug.map { [("http.debug.addr", $0.addr)] } ?? [])
            + http.listeners.enumerated().filter { $1.net == .tcp }.map { ("http.listeners[\($0)].addr", $1.addr) }
        return LetsEncrypt(&reader, addresses: addresses, keepsNothing: storage.driver == .inMemory)
    }

    private static func readTLS(_ reader: inout SettingReader, _ path: String, _ letsEncrypt: LetsEncrypt?) -> TLS? {
        guard reader.has(path) else { return nil }
        let certificate = reader.text("\(path).certificate")
        let key = reader.text("\(path).key")
        var suites: [UInt16] = []
        for name in reader.texts("\(path).ciphersuites") ?? [] where !CipherSuite.always.contains(name) {
            if let number = CipherSuite.numbers[name] {
                suites.append(number)
            } else {
                reader.refuse(
                    "'\(path).ciphersuites' names '\(name.prefix(60))', which is not available; use some of \(CipherSuite.numbers.keys.sorted().joined(separator: ", "))"
                )
            }
        }
        let clientCAs = reader.texts("\(path).clientcas") ?? []
        let tls = TLS(
            identity: letsEncrypt.map { .letsEncrypt($0) } ?? .files(certificate: certificate ?? "", key: key ?? ""), clientCAs: clientCAs,
            clientAuth: readClientAuth(&reader, "\(path).clientauth", hasAuthorities: !clientCAs.isEmpty),
            minimumTLS: readMinimum(&reader, "\(path).minimumtls"), cipherSuites: suites)
        if letsEncrypt != nil {
            if certificate?.isEmpty == false || key?.isEmpty == false {
                reader.refuse(
                    "'\(path)' has a certificate or key and letsencrypt; give one of them, as in registry:2: remove certificate and key, or letsencrypt"
                )
            }
            return tls
        }
        switch (certificate, key) {
        case (nil, nil) where tls.clientCAs.isEmpty: return nil
        case (nil, _): reader.refuse("'\(path).certificate' is missing")
        case (_, nil): reader.refuse("'\(path).key' is missing")
        default: break
        }
        return tls
    }

    /// Distribution's other modes take any certificate, so they say nothing about who a client is.
    private static func readClientAuth(_ reader: inout SettingReader, _ key: String, hasAuthorities: Bool) -> TLS.ClientAuth {
        if let mode = reader.nonEmptyText(key), ["request-client-cert", "require-any-client-cert"].contains(mode) {
            if hasAuthorities {
                let instead: TLS.ClientAuth = mode.hasPrefix("request") ? .verifyIfGiven : .require
                reader.refuse(
                    "'\(SettingReader.shown(key))' is \(mode), which takes certificates of anybody; use \(instead.rawValue)")
            }
            return .require
        }
        return reader.choice(key, TLS.ClientAuth.self) ?? .require
    }

    private static func readMinimum(_ reader: inout SettingReader, _ key: String) -> TLS.Minimum {
        if let version = reader.nonEmptyText(key), ["tls1.0", "tls1.1"].contains(version) {
            reader.refuse(
                "'\(SettingReader.shown(key))' is \(version), which is broken and is not spoken here (RFC 8996); write tls1.2, or remove the key"
            )
            return .tls12
        }
        return reader.choice(key, TLS.Minimum.self) ?? .tls12
    }

    private mutating func readValidation(_ reader: inout SettingReader) {
        let isEnabled = reader.boolean("validation.enabled") ?? false
        validation.disabled = (reader.boolean("validation.disabled") ?? false) && !isEnabled
        validation.allowedURLs = reader.texts("validation.manifests.urls.allow") ?? []
        validation.deniedURLs = reader.texts("validation.manifests.urls.deny") ?? []
        for pattern in validation.allowedURLs + validation.deniedURLs where (try? NSRegularExpression(pattern: pattern)) == nil {
            reader.refuse("'validation.manifests.urls' has '\(pattern.prefix(80))', which is not a regular expression")
        }
        let indexes = "validation.manifests.indexes"
        validation.platforms = reader.choice("\(indexes).platforms", Validation.Platforms.self) ?? .all
        for index in 0..<reader.count("\(indexes).platformlist") {
            let path = "\(indexes).platformlist.\(index)"
            guard let os = reader.text("\(path).os"), let architecture = reader.text("\(path).architecture") else {
                reader.refuse("'\(indexes).platformlist[\(index)]' needs os and architecture")
                continue
            }
            validation.platformList.append(
                .init(os: os, architecture: architecture, variant: reader.text("\(path).variant")))
        }
    }
}

extension Array where Element: Hashable {
    fileprivate func uniqued() -> [Element] {
        var seen = Set<Element>()
        return filter { seen.insert($0).inserted }
    }
}

/// TLS 1.2 cipher suites by their standard names (IANA "TLS Cipher Suites").
enum CipherSuite {
    /// Those of TLS 1.3, which are always there, in registry:2 and 3 as well.
    static let always: Set<String> = ["TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"]

    static let numbers: [String: UInt16] = [
        "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256": 0xC02B,
        "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256": 0xC02F,
        "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384": 0xC02C,
        "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384": 0xC030,
        "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256": 0xCCA9,
        "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256": 0xCCA8,
        "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA": 0xC009,
        "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA": 0xC013,
        "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA": 0xC00A,
        "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA": 0xC014,
        "TLS_RSA_WITH_AES_128_GCM_SHA256": 0x009C,
        "TLS_RSA_WITH_AES_256_GCM_SHA384": 0x009D,
        "TLS_RSA_WITH_AES_128_CBC_SHA": 0x002F,
        "TLS_RSA_WITH_AES_256_CBC_SHA": 0x0035,
    ]
}
