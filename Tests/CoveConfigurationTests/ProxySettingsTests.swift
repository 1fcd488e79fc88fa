import Testing

@testable import CoveConfiguration

@Suite("Configuration: proxy and http.outbound")
struct ProxySettingsTests {
    private static func parse(_ yaml: String, _ environment: [String: String] = [:]) throws -> Configuration {
        try Configuration.parse(yaml: "version: 0.1\n" + yaml, environment: environment).configuration
    }

    @Test("registry:2's keys mean what they mean there")
    func whole() throws {
        let proxy = try Self.parse("proxy: {remoteurl: https://registry-1.docker.io, username: me, password: hush, ttl: 24h}").proxy
        #expect(proxy.upstreams.isEmpty)
        #expect(
            proxy.whole
                == .init(
                    key: "proxy", remoteURL: "https://registry-1.docker.io", username: "me", password: "hush",
                    timeToLive: .seconds(24 * 3600)))
    }

    @Test("ttl is a week, and 0 is for ever")
    func timeToLive() throws {
        #expect(try Self.parse("proxy: {remoteurl: https://a}").proxy.whole?.timeToLive == .seconds(168 * 3600))
        #expect(try Self.parse("proxy: {remoteurl: https://a, ttl: 0}").proxy.whole?.timeToLive == nil)
        #expect(try Self.parse("proxy: {remoteurl: https://a, ttl: 0s}").proxy.whole?.timeToLive == nil)
    }

    @Test("a section without remoteurl is no mirror, as with registry:2", arguments: ["proxy:", "proxy: {}", "proxy: {remoteurl: \"\"}"])
    func empty(yaml: String) throws {
        #expect(try Self.parse(yaml).proxy.all.isEmpty)
    }

    @Test("several upstreams have prefixes, names and settings of their own")
    func several() throws {
        let proxy = try Self.parse(
            """
            proxy:
              negativettl: 1m
              upstreams:
                - prefix: docker.io
                  username: me
                  password: hush
                - prefix: ghcr.io
                  ttl: 0
                  tagttl: 30s
                  negativettl: 0s
                - prefix: mirror/ecr
                  namespace: 1.dkr.ecr.eu-central-1.amazonaws.com
                  remoteurl: https://1.dkr.ecr.eu-central-1.amazonaws.com
                  exec: {command: docker-credential-ecr-login, lifetime: 6h}
            """
        ).proxy
        #expect(proxy.whole == nil)
        #expect(
            proxy.upstreams.map(\.remoteURL) == ["https://docker.io", "https://ghcr.io", "https://1.dkr.ecr.eu-central-1.amazonaws.com"])
        #expect(proxy.upstreams.map(\.namespace) == ["docker.io", "ghcr.io", "1.dkr.ecr.eu-central-1.amazonaws.com"])
        #expect(proxy.upstreams[1].timeToLive == nil)
        #expect(proxy.upstreams[1].negativeTimeToLive == .zero)
        #expect(proxy.upstreams[1].tagTimeToLive == .seconds(30))
        #expect(proxy.upstreams[2].exec == .init(command: "docker-credential-ecr-login", lifetime: .seconds(6 * 3600)))
    }

    @Test(
        "what cannot be meant is refused, and no secret shown",
        arguments: [
            ("proxy: {remoteurl: registry.example.org}", "'proxy.remoteurl' must be a URL"),
            ("proxy: {remoteurl: https://a, username: me}", "'proxy.password' is missing"),
            ("proxy: {remoteurl: https://a, password: hush}", "'proxy.username' is missing"),
            ("proxy: {username: me, password: hush}", "'proxy.remoteurl' is missing"),
            ("proxy: {remoteurl: https://a, exec: {lifetime: 1h}}", "'proxy.exec.command' is missing"),
            ("proxy: {remoteurl: https://a, username: me, password: hush, exec: {command: c}}", "'proxy' has both username and exec"),
            ("proxy: {upstreams: [{remoteurl: https://a}]}", "'proxy.upstreams[0].prefix' is missing"),
            ("proxy: {upstreams: [{prefix: Docker.io}]}", "'proxy.upstreams[0].prefix' must be"),
            ("proxy: {upstreams: [{prefix: a/, remoteurl: https://a}]}", "'proxy.upstreams[0].prefix' must be"),
            ("proxy: {upstreams: [{prefix: hub}]}", "'proxy.upstreams[0].remoteurl' is missing"),
            ("proxy: {upstreams: [{prefix: a.b}, {prefix: a.b}]}", "'proxy.upstreams[1].prefix' is 'a.b', as of another"),
            (
                "proxy: {upstreams: [{prefix: a.b}, {prefix: c.d, namespace: a.b}]}",
                "'proxy.upstreams[1].namespace' is 'a.b', as of another"
            ),
            ("proxy: {remoteurl: https://a, negativettl: 2h}", "'proxy.negativettl'"),
        ])
    func refusals(yaml: String, begin: String) {
        let problems = ConfigurationSamples.problems("version: 0.1\n" + yaml)
        #expect(problems.contains { $0.contains(begin) }, "\(problems)")
        #expect(!problems.contains { $0.contains("hush") })
    }

    @Test("variables reach into the list")
    func variables() throws {
        let proxy = try Self.parse("proxy: {upstreams: [{prefix: docker.io}]}", ["REGISTRY_PROXY_UPSTREAMS_0_TTL": "1h"]).proxy
        #expect(proxy.upstreams[0].timeToLive == .seconds(3600))
    }

    @Test("what is rendered is read as the same, and hides what is secret")
    func rendering() throws {
        let configuration = try Self.parse(
            """
            proxy:
              remoteurl: https://a
              exec: {command: c}
              upstreams:
                - {prefix: docker.io, username: me, password: hush, ttl: 0}
                - {prefix: x, remoteurl: https://x, exec: {command: d, lifetime: 0}}
            http:
              outbound: {proxy: "http://me:hush@proxy:3128", noproxy: [.example.org, 10.0.0.0/8]}
            """)
        #expect(try Configuration.parse(yaml: configuration.rendered(maskingSecrets: false)).configuration == configuration)
        #expect(!configuration.rendered(maskingSecrets: true).contains("hush"))
    }

    @Test("none is no proxy, whatever the environment says")
    func noProxy() throws {
        #expect(try Self.parse("http: {outbound: {proxy: none}}").outbound == .init(proxy: .some(.none)))
        #expect(try Self.parse("http: {outbound: {noproxy: []}}").outbound == .init(proxy: nil, noProxy: []))
        #expect(try Self.parse("").outbound == .init())
    }
}
