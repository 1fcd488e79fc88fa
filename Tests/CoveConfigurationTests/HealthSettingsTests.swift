import Testing

@testable import CoveConfiguration

@Suite("Configuration: health and the debug address")
struct HealthSettingsTests {
    private static func problems(_ yaml: String) -> [String] { ConfigurationSamples.problems("version: 0.1\n" + yaml) }

    @Test(
        "what cannot be looked at is refused",
        arguments: [
            ("health: {file: [{interval: 1s}]}", "'health.file[0].file' is missing"),
            (
                "health: {http: [{uri: ftp://h/}]}",
                "'health.http[0].uri' must be a URL such as http://127.0.0.1:8080/ok, not 'ftp://h/'"
            ),
            ("health: {tcp: [{addr: h}]}", "'health.tcp[0].addr' must be host:port, not 'h'"),
            (
                "health: {file: [{file: f}, {file: f}]}",
                "'health' looks at 'f' twice; remove one of the checks"
            ),
            (
                "http: {debug: {addr: x}}", "'http.debug.addr' must be host:port or :port, with a port up to 65535, not 'x'"
            ),
            (
                "http: {debug: {addr: ':1', prometheus: {enabled: true, path: metrics}}}",
                "'http.debug.prometheus.path' must be a path such as /metrics, not 'metrics'"
            ),
        ])
    func refused(yaml: String, problem: String) {
        #expect(Self.problems(yaml) == [problem])
    }

    @Test("metrics without an address are warned of")
    func withoutAddress() throws {
        let (configuration, warnings) = try Configuration.parse(
            yaml: nil, environment: ["REGISTRY_HTTP_DEBUG_PROMETHEUS_ENABLED": "true"])
        #expect(configuration.http.debug == nil)
        #expect(warnings == ["'http.debug.prometheus' gives nothing, as 'http.debug.addr' is missing"])
    }

    @Test("headers and passwords of checks are not shown")
    func secrets() throws {
        let yaml = "version: 0.1\nhealth: {http: [{uri: 'http://u:hush@h/', headers: {Authorization: [hush]}}]}"
        let configuration = try Configuration.parse(yaml: yaml).configuration
        #expect(!configuration.rendered(maskingSecrets: true).contains("hush"))
        #expect(try Configuration.parse(yaml: configuration.rendered(maskingSecrets: false)).configuration == configuration)
    }
}
