import Testing

@testable import CoveOutbound

@Suite("Proxies of outgoing connections")
struct OutboundProxyTests {
    @Test(
        "a proxy is read from its URL",
        arguments: [
            ("http://proxy:3128", "http://proxy:3128"), ("proxy:3128", "http://proxy:3128"), ("HTTP://Proxy", "http://proxy:80"),
            ("http://u:p%40s@proxy:8080/", "http://proxy:8080"), ("socks5://[::1]:9050", "socks5://::1:9050"),
            ("socks5h://s", "socks5://s:1080"),
        ])
    func reads(text: String, shown: String) throws {
        #expect(try OutboundProxy(parsing: text).description == shown)
    }

    @Test("its login is decoded and never shown")
    func login() throws {
        let proxy = try OutboundProxy(parsing: "http://me:p%40ss:word@proxy:1")
        #expect(proxy.user == "me")
        #expect(proxy.password == "p@ss:word")
        #expect(!"\(proxy)".contains("p@ss"))
        #expect(!String(reflecting: proxy).contains("p@ss"))
    }

    @Test(
        "what names no proxy is refused",
        arguments: ["https://proxy:1", "ftp://x", "http://", "proxy:0", "proxy:x", "socks5://u:p@s", "http://%zz@p"])
    func refuses(text: String) {
        #expect(throws: OutboundProxy.Malformed.self) { try OutboundProxy(parsing: text) }
    }

    @Test("the variables are looked for in capitals first, and a broken one is named without its value")
    func environment() throws {
        let proxies = try OutboundProxies(environment: ["HTTPS_PROXY": "s:1", "https_proxy": "t:1", "http_proxy": "h:1", "NO_PROXY": "a.b"])
        #expect(proxies.https?.host == "s")
        #expect(proxies.http?.host == "h")
        #expect(throws: OutboundProxies.Malformed(name: "https_proxy", reason: "a proxy is http://host:port or socks5://host:port")) {
            try OutboundProxies(environment: ["https_proxy": "gopher://secret"])
        }
        #expect(try OutboundProxies(environment: [:]) == .none)
    }

    @Test(
        "the scheme decides, and exceptions are reached directly",
        arguments: [
            ("https://ghcr.io/v2/", true), ("http://ghcr.io/", false), ("https://in.example.org/", false), ("https://example.org/", false),
            ("https://sub.only.test/", false), ("https://only.test/", true), ("https://10.1.2.3/", false), ("https://11.1.2.3/", true),
            ("https://port.test/", true), ("https://port.test:8443/", false), ("https://[fd00::7]/", false),
            ("https://notexample.org", true),
            ("https://127.0.0.1:5000/", false), ("https://localhost/", false), ("https://169.254.169.254/latest", false),
            ("https://[::1]:5000/", false), ("https://exact.test./", false),
        ])
    func choice(url: String, isProxied: Bool) throws {
        let proxies = try OutboundProxies(environment: [
            "HTTPS_PROXY": "p:1", "NO_PROXY": "example.org, .only.test,10.0.0.0/8 port.test:8443,fd00::/16,exact.test,",
        ])
        #expect((proxies.proxy(for: url) != nil) == isProxied)
    }

    @Test("a star excepts everything")
    func star() throws {
        let proxies = try OutboundProxies(environment: ["HTTP_PROXY": "p:1", "HTTPS_PROXY": "p:1", "NO_PROXY": "*"])
        #expect(proxies.proxy(for: "http://a.b") == nil)
        #expect(proxies.proxy(for: "https://a.b") == nil)
    }
}
