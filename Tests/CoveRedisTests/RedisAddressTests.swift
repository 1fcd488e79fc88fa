import Testing

@testable import CoveRedis

@Suite("RedisAddress")
struct RedisAddressTests {
    @Test(
        "a host and a port are told apart",
        arguments: [
            ("localhost:6380", "localhost", 6380, "localhost:6380"),
            ("redis.example.org", "redis.example.org", 6379, "redis.example.org:6379"),
            ("10.0.0.1:1", "10.0.0.1", 1, "10.0.0.1:1"),
            ("[::1]:65535", "::1", 65535, "[::1]:65535"),
            ("[fe80::1]", "fe80::1", 6379, "[fe80::1]:6379"),
        ])
    func parses(text: String, host: String, port: Int, written: String) throws {
        let address = try #require(RedisAddress(parsing: text))
        #expect(address == RedisAddress(host: host, port: port))
        #expect(address.description == written)
    }

    @Test(
        "what is no address is refused",
        arguments: [
            "", ":6379", "host:", "host:0", "host:65536", "host:-1", "host:+1", "host:1:2", "[::1", "[]:1", "[::1]x", "a b:1",
            "redis://h:1",
            "höst:1", "::1",
        ])
    func refuses(text: String) {
        #expect(RedisAddress(parsing: text) == nil)
    }

    @Test("another default port can be had")
    func defaultPort() {
        #expect(RedisAddress(parsing: "sentinel", defaultPort: 26379)?.port == 26379)
    }
}
