extension Configuration {
    /// The `redis` section, in registry:2's spelling and in registry:3's.
    package struct Redis: Sendable, Equatable {
        package struct TLS: Sendable, Equatable {
            /// PEM files of the certificate and key that this server shows; both or neither.
            package var certificate: String?
            package var key: String?
            /// PEM files of the authorities of Redis's certificate; empty for the system's.
            package var rootCAs: [String] = []
        }

        /// `host:port`: of one Redis, or of the sentinels that know the master.
        package var addresses: [String] = []
        /// What the sentinels call the master; nil without sentinels.
        package var masterName: String?
        package var username: String?
        package var password: String?
        package var sentinelUsername: String?
        package var sentinelPassword: String?
        package var database = 0
        package var dialTimeout = Duration.seconds(1)
        package var readTimeout = Duration.milliseconds(500)
        package var writeTimeout = Duration.milliseconds(500)
        package var maxConnections = 16
        /// How long an unused connection is kept.
        package var idleTimeout = Duration.seconds(300)
        /// Nil for connections in the clear.
        package var tls: TLS?
    }
}

extension Configuration.Redis {
    /// - Parameter isCache: whether `storage.cache.blobdescriptor` is redis.
    /// - Returns: nil when there is no such section.
    init?(_ reader: inout SettingReader, isCache: Bool) {
        guard reader.has("redis") else {
            if isCache { Self.refuseWithoutAddress(&reader) }
            return nil
        }
        self.init()
        readAddresses(&reader, isCache: isCache)
        username = reader.nonEmptyText("redis.username")
        password = reader.nonEmptyText("redis.password")
        sentinelUsername = reader.nonEmptyText("redis.sentinelusername")
        sentinelPassword = reader.nonEmptyText("redis.sentinelpassword")
        database = reader.integer("redis.db", in: 0...65_535) ?? 0
        let times = Duration.milliseconds(1)...Duration.seconds(60)
        dialTimeout = reader.duration("redis.dialtimeout", in: times) ?? dialTimeout
        readTimeout = reader.duration("redis.readtimeout", in: times) ?? readTimeout
        writeTimeout = reader.duration("redis.writetimeout", in: times) ?? writeTimeout
        readPool(&reader)
        readTLS(&reader)
        checkKeysWithoutEffect(&reader)
        check(&reader)
    }

    private static func refuseWithoutAddress(_ reader: inout SettingReader) {
        reader.refuse("'storage.cache.blobdescriptor' is redis, and 'redis.addr' is missing; write redis.addr: host:port")
    }

    private mutating func readAddresses(_ reader: inout SettingReader, isCache: Bool) {
        let addr = reader.nonEmptyText("redis.addr")
        addresses = reader.texts("redis.addrs") ?? addr.map { [$0] } ?? []
        masterName = reader.nonEmptyText("redis.mastername")
        if addr != nil, reader.has("redis.addrs") { Self.refuseBoth("addr", "addrs", &reader) }
        for address in addresses where NetworkHost(address)?.port == nil {
            reader.refuse("'redis' has the address '\(Secrets.masked(address).prefix(120))', which is not of the form host:port")
        }
        if addresses.count > 1, masterName == nil {
            reader.refuse(
                "'redis.addrs' names several servers, and a Redis Cluster is not supported; name one, or the sentinels and 'redis.mastername'"
            )
        }
        if addresses.isEmpty {
            if isCache {
                Self.refuseWithoutAddress(&reader)
            } else {
                reader.warn("'redis' has no addr and is not used")
            }
        } else if !isCache {
            reader.warn("'redis' is not used, as 'storage.cache.blobdescriptor' is not redis")
        }
    }

    /// As a connection carries many commands at once and nothing waits for one, every limit on their number, unused ones
    /// included, is a limit on all of them.
    private mutating func readPool(_ reader: inout SettingReader) {
        for (old, new) in [("maxactive", "poolsize"), ("maxidle", "maxidleconns"), ("idletimeout", "connmaxidletime")]
        where reader.has("redis.pool.\(old)") && reader.has("redis.\(new)") {
            Self.refuseBoth("pool.\(old)", new, &reader)
        }
        var limits: [Int] = []
        for name in ["pool.maxactive", "pool.maxidle", "poolsize", "maxidleconns", "maxactiveconns"] {
            // In each, 0 stands for none or for the usual one.
            if let limit = reader.integer("redis.\(name)", in: 0...10_000), limit > 0 { limits.append(limit) }
        }
        maxConnections = limits.min() ?? maxConnections
        let times = Duration.seconds(1)...Duration.seconds(86_400)
        for name in ["pool.idletimeout", "connmaxidletime"] {
            idleTimeout = reader.duration("redis.\(name)", in: times) ?? idleTimeout
        }
    }

    private static func refuseBoth(_ old: String, _ new: String, _ reader: inout SettingReader) {
        reader.refuse("'redis' has both \(old) and \(new), which mean the same; choose one")
    }

    private mutating func readTLS(_ reader: inout SettingReader) {
        var tls = TLS()
        tls.certificate = reader.nonEmptyText("redis.tls.certificate")
        tls.key = reader.nonEmptyText("redis.tls.key")
        tls.rootCAs = (reader.texts("redis.tls.rootcas") ?? []) + (reader.texts("redis.tls.clientcas") ?? [])
        if (tls.certificate == nil) != (tls.key == nil) {
            reader.refuse("'redis.tls.\(tls.key == nil ? "key" : "certificate")' is missing; give both, or neither")
        }
        let isOn = reader.boolean("redis.tls.enabled") ?? (tls != TLS())
        self.tls = isOn ? tls : nil
    }

    private func checkKeysWithoutEffect(_ reader: inout SettingReader) {
        _ = reader.integer("redis.protocol", in: 2...3)
        _ = reader.integer("redis.maxretries", in: -1...1000)
        _ = reader.integer("redis.minidleconns", in: 0...10_000)
        for name in ["minretrybackoff", "maxretrybackoff", "pooltimeout"] {
            _ = reader.duration("redis.\(name)", in: .zero...(.seconds(86_400)))
        }
        for name in ["contexttimeoutenabled", "poolfifo", "disableidentity", "disableindentity", "unstableresp3"] {
            _ = reader.boolean("redis.\(name)")
        }
        if let lifetime = reader.duration("redis.connmaxlifetime", in: .zero...(.seconds(86_400 * 365))), lifetime != .zero {
            reader.refuse("'redis.connmaxlifetime' must be 0: a connection is used as long as it works; remove the key")
        }
    }

    private func check(_ reader: inout SettingReader) {
        if username != nil, password == nil { reader.refuse("'redis.username' needs 'redis.password' beside it") }
        if sentinelUsername != nil, sentinelPassword == nil {
            reader.refuse("'redis.sentinelusername' needs 'redis.sentinelpassword' beside it")
        }
        if masterName == nil, sentinelUsername != nil || sentinelPassword != nil {
            reader.refuse("'redis.sentinelpassword' is for sentinels, and 'redis.mastername' is missing; name the master, or remove it")
        }
    }

    func rendered(maskingSecrets: Bool) -> RenderedValue {
        func secret(_ text: String) -> RenderedValue { .text(maskingSecrets ? Secrets.mask : text) }
        var pairs: [(String, RenderedValue)] = [("addrs", .texts(addresses))]
        if let masterName { pairs.append(("mastername", .text(masterName))) }
        if let username { pairs.append(("username", .text(username))) }
        if let password { pairs.append(("password", secret(password))) }
        if let sentinelUsername { pairs.append(("sentinelusername", .text(sentinelUsername))) }
        if let sentinelPassword { pairs.append(("sentinelpassword", secret(sentinelPassword))) }
        pairs.append(("db", .number(database)))
        pairs += [
            ("dialtimeout", .text(dialTimeout.goSyntax)), ("readtimeout", .text(readTimeout.goSyntax)),
            ("writetimeout", .text(writeTimeout.goSyntax)), ("poolsize", .number(maxConnections)),
            ("connmaxidletime", .text(idleTimeout.goSyntax)),
        ]
        var inner: [(String, RenderedValue)] = [("enabled", .flag(tls != nil))]
        if let certificate = tls?.certificate { inner.append(("certificate", .text(certificate))) }
        if let key = tls?.key { inner.append(("key", .text(key))) }
        if let rootCAs = tls?.rootCAs, !rootCAs.isEmpty { inner.append(("rootcas", .texts(rootCAs))) }
        return .map(pairs + [("tls", .map(inner))])
    }
}
