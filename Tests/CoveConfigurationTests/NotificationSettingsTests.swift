import Testing

@testable import CoveConfiguration

@Suite("Configuration: notifications")
struct NotificationSettingsTests {
    private static func read(_ endpoint: String) throws -> Configuration.Notifications.Endpoint {
        let (configuration, warnings) = try Configuration.parse(yaml: "version: 0.1\nnotifications: {endpoints: [{\(endpoint)}]}")
        #expect(warnings.isEmpty)
        return try #require(configuration.notifications.endpoints.first)
    }

    @Test("the section of Distribution's reference is read, and comes back as it was")
    func everything() throws {
        let yaml = """
            version: 0.1
            notifications:
              events:
                includereferences: true
              endpoints:
                - name: alistener
                  disabled: true
                  url: https://my.listener.com/event
                  headers:
                    Authorization: [Bearer hush]
                    X-Two: [one, two]
                  timeout: 1s
                  threshold: 5
                  backoff: 2m
                  ignoredmediatypes:
                    - application/octet-stream
                  ignore:
                    mediatypes: [a/b]
                    actions: [pull]
                  events: [push, delete]
            """
        var endpoint = Configuration.Notifications.Endpoint(name: "alistener", url: "https://my.listener.com/event")
        endpoint.disabled = true
        endpoint.headers = [.init(name: "Authorization", values: ["Bearer hush"]), .init(name: "X-Two", values: ["one", "two"])]
        endpoint.threshold = 5
        endpoint.backoff = .seconds(120)
        endpoint.ignoredMediaTypes = ["application/octet-stream"]
        endpoint.ignore = .init(mediaTypes: ["a/b"], actions: ["pull"])
        endpoint.actions = ["push", "delete"]
        let (configuration, warnings) = try Configuration.parse(yaml: yaml)
        #expect(warnings.isEmpty)
        #expect(configuration.notifications.includeReferences)
        #expect(configuration.notifications.endpoints == [endpoint])
        #expect(try Configuration.parse(yaml: configuration.rendered(maskingSecrets: false)).configuration == configuration)
    }

    @Test("what is left out has Distribution's usual value, and so has 0")
    func usual() throws {
        let plain = try Self.read("url: 'https://hooks.example.org:8443/x'")
        #expect(plain == Configuration.Notifications.Endpoint(name: "hooks.example.org:8443", url: "https://hooks.example.org:8443/x"))
        #expect((plain.timeout, plain.threshold, plain.backoff) == (.seconds(1), 10, .seconds(1)))
        #expect(try Self.read("url: 'https://hooks.example.org:8443/x', timeout: 0, threshold: 0, backoff: 0") == plain)
        #expect(try Self.read("url: 'http://h', timeout: 500000000, backoff: 3000000000").timeout == .milliseconds(500))
    }

    @Test("a whole endpoint, or a part of one, comes from the environment")
    func environment() throws {
        let one = try Configuration.parse(
            yaml: "version: 0.1\nnotifications: {endpoints: [{name: a, url: 'http://h/'}]}",
            environment: [
                "REGISTRY_NOTIFICATIONS_ENDPOINTS_0_URL": "http://other/",
                "REGISTRY_NOTIFICATIONS_ENDPOINTS_0_HEADERS_AUTHORIZATION": "[x]",
            ]
        ).configuration.notifications.endpoints
        #expect(one.map(\.url) == ["http://other/"])
        #expect(one.first?.headers == [.init(name: "authorization", values: ["x"])])
        let all = try Configuration.parse(
            yaml: nil, environment: ["REGISTRY_NOTIFICATIONS_ENDPOINTS": "[{name: a, url: 'http://h/', headers: {X: [y]}}]"])
        #expect(all.configuration.notifications.endpoints.first?.headers == [.init(name: "X", values: ["y"])])
    }

    @Test("header values, and what may be secret in a URL, are not shown")
    func masked() throws {
        let yaml = "version: 0.1\nnotifications: {endpoints: [{url: 'https://ann:hush@h:8/p/q?token=hush', headers: {A: [hush]}}]}"
        let text = try Configuration.parse(yaml: yaml).configuration.rendered(maskingSecrets: true)
        #expect(!text.contains("hush"))
        #expect(!text.contains("ann"))
        #expect(text.contains("https://<hidden>@h:8/p/q?<hidden>"))
        #expect(try Self.read("url: 'http://h/a@b'").shownURL == "http://h/a@b")
    }

    @Test("an action that nothing has is warned of where it is ignored")
    func unknownAction() throws {
        let warnings = try Configuration.parse(
            yaml: "version: 0.1\nnotifications: {endpoints: [{url: 'http://h', ignore: {actions: [tag]}}]}"
        ).warnings
        #expect(
            warnings == [
                "'notifications.endpoints[0].ignore.actions' names 'tag', which no event has; there are push, pull, mount, delete"
            ])
    }

    @Test(
        "what cannot be meant is refused",
        arguments: [
            ("{name: a}", "'notifications.endpoints[0].url' is missing; write the http:// or https:// URL that takes the events"),
            (
                "{url: 'ftp://u:hush@h/'}",
                "'notifications.endpoints[0].url' must be a URL such as https://hooks.example.org/registry, not 'ftp://u:<hidden>@h/'"
            ),
            (
                "{url: 'http:///x'}",
                "'notifications.endpoints[0].url' must be a URL such as https://hooks.example.org/registry, not 'http:///x'"
            ),
            (
                "{url: 'http://h/1'}, {url: 'http://h/2'}",
                "'notifications.endpoints' has two endpoints with the name 'h'; give each a name of its own, as what was delivered is remembered by it"
            ),
            (
                "{url: 'http://h', events: [pushed]}",
                "'notifications.endpoints[0].events' names 'pushed', which no event has; use some of push, pull, mount, delete"
            ),
            (
                "{url: 'http://h', timeout: 500}",
                "'notifications.endpoints[0].timeout' is 500, which without a unit is in nanoseconds; write a duration such as 1s, from 1ms to 1h"
            ),
            (
                "{url: 'http://h', headers: {'a b': [x]}}",
                "'notifications.endpoints[0].headers' has 'a b', which is not the name of a header"
            ),
            (
                "{url: 'http://h', headers: {Host: [x]}}", "'notifications.endpoints[0].headers.Host' is the protocol's to set; remove it"
            ),
            (
                #"{url: 'http://h', headers: {A: ["x\r\nB: c"]}}"#,
                "'notifications.endpoints[0].headers.A' has a value with a control character; remove it"
            ),
        ])
    func refused(endpoints: String, problem: String) {
        #expect(ConfigurationSamples.problems("version: 0.1\nnotifications: {endpoints: [\(endpoints)]}") == [problem])
    }

    @Test("two endpoints may share a name when one is switched off")
    func alternatives() throws {
        let yaml = "version: 0.1\nnotifications: {endpoints: [{name: a, url: 'http://h'}, {name: a, url: 'http://i', disabled: true}]}"
        #expect(try Configuration.parse(yaml: yaml).configuration.notifications.endpoints.count == 2)
    }
}
