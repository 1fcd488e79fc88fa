import Testing

@testable import CoveClient

@Suite("Challenges")
struct ChallengeTests {
    @Test(
        "a challenge is read as RFC 9110 writes it",
        arguments: [
            (
                #"Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:library/alpine:pull""#,
                Challenge.bearer(realm: "https://auth.docker.io/token", service: "registry.docker.io")
            ),
            (#"bearer  realm = "https://a/t" , error="invalid_token""#, .bearer(realm: "https://a/t", service: nil)),
            (#"Bearer realm="https://a/\"x\"""#, .bearer(realm: #"https://a/"x""#, service: nil)),
            (#"Basic realm="Registry""#, .basic), ("Basic", .basic), ("bAsIc realm=x", .basic),
            (#"Negotiate, Basic realm="a, Bearer realm=b", Digest x=y"#, .basic),
            (#"Basic realm="x", Bearer realm="https://t""#, .bearer(realm: "https://t", service: nil)),
        ])
    func reads(header: String, expected: Challenge) {
        #expect(Challenge(headers: [header]) == expected)
    }

    @Test("of several fields the token is preferred")
    func fields() {
        #expect(Challenge(headers: ["Basic realm=x", #"Bearer realm="https://t""#]) == .bearer(realm: "https://t", service: nil))
    }

    @Test(
        "what cannot be met is no challenge",
        arguments: [
            "", ",,,", "Negotiate", "Digest realm=x", "Bearer", #"Bearer service="x""#, #"Bearer realm="unended"#, "=x",
            String(repeating: "a", count: 9000),
        ])
    func refuses(header: String) {
        #expect(Challenge(headers: [header]) == nil)
    }
}
