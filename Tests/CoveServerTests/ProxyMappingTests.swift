import CoveConfiguration
import CoveOutbound
import Testing

@testable import CoveServer

@Suite("Outgoing connections and upstreams of a configuration")
struct ProxyMappingTests {
    private static func parse(_ yaml: String) throws -> Configuration {
        try Configuration.parse(yaml: "version: 0.1\n" + yaml).configuration
    }

    @Test(
        "http.outbound comes before the environment",
        arguments: [
            ("", "http://env:1", "http://env:1"), ("http: {outbound: {proxy: \"file:2\"}}", "http://file:2", "http://file:2"),
            ("http: {outbound: {proxy: none}}", nil, nil), ("http: {outbound: {noproxy: [b.test]}}", "http://env:1", nil),
            ("http: {outbound: {noproxy: []}}", "http://env:1", "http://env:1"),
        ] as [(String, String?, String?)])
    func order(yaml: String, a: String?, b: String?) throws {
        let proxies = try Self.parse(yaml).outboundProxies(environment: ["HTTPS_PROXY": "env:1", "NO_PROXY": "c.test"])
        #expect(proxies.proxy(for: "https://a.test")?.description == a)
        #expect(proxies.proxy(for: "https://b.test")?.description == b)
    }

    @Test("what names no proxy is refused by its key, without its value")
    func refusals() throws {
        let error = #expect(throws: ServeError.self) {
            try Self.parse("http: {outbound: {proxy: \"https://me:hush@p\"}}").outboundProxies(environment: [:])
        }
        #expect(error?.description.hasPrefix("http.outbound.proxy: ") == true)
        #expect(error?.description.contains("hush") == false)
        let variable = #expect(throws: ServeError.self) { try Self.parse("").outboundProxies(environment: ["https_proxy": "x://hush"]) }
        #expect(variable?.description.hasPrefix("the variable https_proxy: ") == true)
    }

    @Test("an address that is none is refused when the configuration is checked")
    func addresses() throws {
        let error = #expect(throws: ServeError.self) { _ = try Serve.check(Self.parse("proxy: {remoteurl: \"https://me:hush@host\"}")) }
        #expect(error?.description == "proxy.remoteurl must not hold a login; use username and password")
    }
}
