import Testing

@testable import CoveConfiguration

@Suite("Configuration: Redis")
struct RedisSettingsTests {
    private static func yaml(_ settings: String) -> String {
        "version: 0.1\nstorage: {cache: {blobdescriptor: redis}}\nredis: {\(settings)}"
    }

    private static func read(_ settings: String) throws -> Configuration.Redis {
        let (configuration, warnings) = try Configuration.parse(yaml: yaml(settings))
        #expect(warnings.isEmpty)
        return try #require(configuration.redis)
    }

    @Test("registry:2's section is read")
    func registry2() throws {
        let settings = try Self.read(
            """
            addr: 'redis:6379', password: p, db: 2, dialtimeout: 10ms, readtimeout: 10ms, writetimeout: 10ms,
             pool: {maxidle: 16, maxactive: 64, idletimeout: 300s}, tls: {enabled: true}
            """)
        var expected = Configuration.Redis()
        expected.addresses = ["redis:6379"]
        expected.password = "p"
        expected.database = 2
        (expected.dialTimeout, expected.readTimeout, expected.writeTimeout) = (.milliseconds(10), .milliseconds(10), .milliseconds(10))
        expected.maxConnections = 16
        expected.tls = .init()
        #expect(settings == expected)
    }

    @Test("TLS is on when something of it is set, unless it is switched off")
    func tls() throws {
        #expect(try Self.read("addr: 'h:1'").tls == nil)
        #expect(try Self.read("addr: 'h:1', tls: {clientcas: [/a], rootcas: [/b]}").tls?.rootCAs == ["/b", "/a"])
        #expect(try Self.read("addr: 'h:1', tls: {enabled: false, rootcas: [/b]}").tls == nil)
        #expect(try Self.read("addr: 'h:1', tls: {certificate: /c, key: /k}").tls == .init(certificate: "/c", key: "/k"))
    }

    @Test(
        "the lowest limit of connections holds, and 0 is none",
        arguments: [
            ("", 16), (", poolsize: 4", 4), (", pool: {maxactive: 0, maxidle: 0}", 16), (", poolsize: 64, maxidleconns: 9", 9),
            (", poolsize: 8, maxactiveconns: 5", 5), (", maxactiveconns: 500", 500), (", pool: {maxactive: 9}, maxidleconns: 20", 9),
        ])
    func pool(more: String, most: Int) throws {
        #expect(try Self.read("addr: 'h:1'" + more).maxConnections == most)
    }

    @Test("the cache needs an address", arguments: ["", "\nredis: {}", "\nredis: {addrs: []}", "\nredis: {addr: ''}"])
    func address(section: String) {
        #expect(
            ConfigurationSamples.problems("version: 0.1\nstorage: {cache: {blobdescriptor: redis}}\(section)") == [
                "'storage.cache.blobdescriptor' is redis, and 'redis.addr' is missing; write redis.addr: host:port"
            ])
    }

    @Test("a section that nothing uses is accepted, with a warning")
    func unused() throws {
        let (configuration, warnings) = try Configuration.parse(yaml: "version: 0.1\nredis: {addr: 'h:1'}")
        #expect(configuration.redis?.addresses == ["h:1"])
        #expect(warnings == ["'redis' is not used, as 'storage.cache.blobdescriptor' is not redis"])
        #expect(try Configuration.parse(yaml: "version: 0.1\nredis: {db: 1}").warnings == ["'redis' has no addr and is not used"])
    }

    @Test("keys that Cove has nothing to do by are accepted")
    func withoutEffect() throws {
        let settings = try Self.read(
            """
            addr: 'h:1', protocol: 3, maxretries: -1, minretrybackoff: 8ms, maxretrybackoff: 512ms, pooltimeout: 4s, minidleconns: 5,
             poolfifo: true, contexttimeoutenabled: true, disableidentity: true, unstableresp3: true, connmaxlifetime: 0
            """)
        #expect(try settings == Self.read("addr: 'h:1'"))
    }

    @Test(
        "what does not belong together is refused",
        arguments: [
            ("addr: 'h:1', addrs: ['h:1']", "'redis' has both addr and addrs, which mean the same; choose one"),
            (
                "addr: 'h:1', pool: {maxactive: 1}, poolsize: 1",
                "'redis' has both pool.maxactive and poolsize, which mean the same; choose one"
            ),
            (
                "addrs: ['a:1', 'b:1']",
                "'redis.addrs' names several servers, and a Redis Cluster is not supported; name one, or the sentinels and 'redis.mastername'"
            ),
            ("addr: host", "'redis' has the address 'host', which is not of the form host:port"),
            (
                "addr: 'redis://:secret@host:1'",
                "'redis' has the address 'redis://:<hidden>@host:1', which is not of the form host:port"
            ),
            ("addr: 'h:1', username: u", "'redis.username' needs 'redis.password' beside it"),
            (
                "addr: 'h:1', mastername: m, sentinelusername: u",
                "'redis.sentinelusername' needs 'redis.sentinelpassword' beside it"
            ),
            (
                "addr: 'h:1', sentinelpassword: p",
                "'redis.sentinelpassword' is for sentinels, and 'redis.mastername' is missing; name the master, or remove it"
            ),
            ("addr: 'h:1', tls: {certificate: c}", "'redis.tls.key' is missing; give both, or neither"),
            (
                "addr: 'h:1', connmaxlifetime: 1h",
                "'redis.connmaxlifetime' must be 0: a connection is used as long as it works; remove the key"
            ),
            (
                "addr: 'h:1', routebylatency: true",
                "'redis.routebylatency' (line 3) is refused: a Redis Cluster is not supported; remove the key"
            ),
            (
                "addr: 'h:1', readtimeout: 0",
                "'redis.readtimeout' (line 3) must be a duration such as 30s, 5m or 168h, from 0.001 seconds to 60.0 seconds, not '0'"
            ),
        ])
    func refused(settings: String, problem: String) {
        #expect(ConfigurationSamples.problems(Self.yaml(settings)) == [problem])
    }
}
