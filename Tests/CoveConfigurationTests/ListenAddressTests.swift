import Testing

@testable import CoveConfiguration

@Suite("ListenAddress")
struct ListenAddressTests {
    @Test(
        "host and port are what stands before and after the last colon",
        arguments: [
            (":5000", "", 5000), ("127.0.0.1:80", "127.0.0.1", 80), ("localhost:0", "localhost", 0), ("[::1]:5000", "::1", 5000),
            ("[::]:65535", "::", 65535), ("::1:5000", "::1", 5000), ("registry.example.org:443", "registry.example.org", 443),
        ])
    func tcp(text: String, host: String, port: Int) {
        #expect(ListenAddress(text, .tcp) == .tcp(host: host, port: port))
    }

    @Test(
        "what has no port is no address",
        arguments: ["", "localhost", ":", "localhost:", ":http", ":65536", ":-1", ":5000x", "5000", ": 5"])
    func noPort(text: String) {
        #expect(ListenAddress(text, .tcp) == nil)
        #expect(
            ConfigurationSamples.problems("version: 0.1\nhttp: {addr: '\(text)'}") == [
                "'http.addr' must be host:port or :port, with a port up to 65535, not '\(text)'"
            ])
    }

    @Test("a unix socket is a path that the system can hold")
    func unix() {
        let longest = "/" + String(repeating: "s", count: 106)
        #expect(ListenAddress("/run/cove.sock", .unix) == .unix(path: "/run/cove.sock"))
        #expect(ListenAddress(longest, .unix) == .unix(path: longest))
        #expect(ListenAddress(longest + "s", .unix) == nil)
        #expect(ListenAddress("", .unix) == nil)
    }

    @Test("a listener's address is checked like the first")
    func listener() {
        #expect(
            ConfigurationSamples.problems("version: 0.1\nhttp: {listeners: [{addr: ':1'}, {addr: x}]}") == [
                "'http.listeners[1].addr' must be host:port or :port, with a port up to 65535, not 'x'"
            ])
    }
}
