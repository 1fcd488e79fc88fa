import HTTPTypes
import Testing

@testable import CoveServer

@Suite("LocationPolicy")
struct LocationPolicyTests {
    private func url(
        _ policy: LocationPolicy = .init(), _ headers: HTTPFields = [:], authority: String? = "inside:5000", scheme: String = "http"
    ) -> String {
        policy.url("/v2/a/blobs/x", for: Requests.exchange(headers: headers, authority: authority, scheme: scheme))
    }

    @Test("a URL is absolute as the client called this server", arguments: ["http", "https"])
    func own(scheme: String) {
        #expect(url(scheme: scheme) == "\(scheme)://inside:5000/v2/a/blobs/x")
        #expect(url(authority: "[::1]:5000", scheme: scheme) == "\(scheme)://[::1]:5000/v2/a/blobs/x")
    }

    @Test("a client that names no host gets a relative URL")
    func noHost() {
        #expect(url(authority: nil) == "/v2/a/blobs/x")
    }

    @Test("http.relativeurls goes before everything, http.host before what the request says")
    func configured() {
        let forwarded: HTTPFields = [.forwardedHost: "proxy", .forwardedProto: "https"]
        #expect(url(LocationPolicy(relative: true, host: "https://h", prefix: "/p"), forwarded) == "/p/v2/a/blobs/x")
        #expect(url(LocationPolicy(host: "https://h", prefix: "/p"), forwarded) == "https://h/p/v2/a/blobs/x")
        #expect(url(LocationPolicy(prefix: "/p"), forwarded) == "https://proxy/p/v2/a/blobs/x")
    }

    @Test("X-Forwarded-* says how the client called, its first value when there are several")
    func xForwarded() {
        #expect(url(LocationPolicy(), [.forwardedProto: "https"]) == "https://inside:5000/v2/a/blobs/x")
        #expect(url(LocationPolicy(), [.forwardedHost: "outside:8443"]) == "http://outside:8443/v2/a/blobs/x")
        #expect(
            url(LocationPolicy(), [.forwardedProto: "HTTPS, http", .forwardedHost: "first, second"]) == "https://first/v2/a/blobs/x")
    }

    @Test(
        "Forwarded (RFC 7239) goes before X-Forwarded-*",
        arguments: [
            ("host=outside;proto=https", "https://outside"), ("for=1.2.3.4; Proto=https; Host=\"outside:8443\"", "https://outside:8443"),
            ("proto=https;host=first, proto=http;host=second", "https://first"), ("proto=https", "https://proxy"), ("by=x", "http://proxy"),
            ("host=\"[2001:db8::1]:443\";proto=https", "https://[2001:db8::1]:443"),
        ])
    func forwarded(header: String, start: String) {
        #expect(url(LocationPolicy(), [.forwarded: header, .forwardedHost: "proxy"]) == "\(start)/v2/a/blobs/x")
    }

    @Test(
        "a host that is more than host and port is not passed on",
        arguments: ["evil.example/path", "user@evil", "a b", "evil?x", "evil#x", "é", "", "\\evil", String(repeating: "h", count: 256)])
    func badHost(host: String) {
        #expect(url(LocationPolicy(), [.forwardedHost: host]).hasPrefix("http://inside:5000/v2/") || host == "a b")
        #expect(!url(LocationPolicy(), [.forwardedHost: host]).contains(" "))
        #expect(url(LocationPolicy(), authority: host) == "/v2/a/blobs/x")
    }

    @Test("a scheme that is neither http nor https is not passed on", arguments: ["javascript", "ftp", "", "https:"])
    func badScheme(scheme: String) {
        #expect(url(LocationPolicy(), [.forwardedProto: scheme]) == "http://inside:5000/v2/a/blobs/x")
    }
}
