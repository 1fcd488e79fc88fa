import Testing

@testable import CoveConfiguration

@Suite("Configuration: auth.token")
struct TokenSettingsTests {
    private static let needed = "realm: https://auth.example.org/token, service: registry, issuer: auth"

    private static func yaml(_ settings: String) -> String { "version: 0.1\nauth: {token: {\(settings)}}" }

    private static func read(_ settings: String) throws -> (TokenSettings?, warnings: [String]) {
        let (configuration, warnings) = try Configuration.parse(yaml: yaml(settings))
        guard case .token(let token) = configuration.auth else { return (nil, warnings) }
        return (token, warnings)
    }

    private static func problems(_ yaml: String) -> [String] {
        do throws(ConfigurationError) {
            _ = try Configuration.parse(yaml: yaml)
            return []
        } catch {
            return error.problems
        }
    }

    @Test("registry:2's keys are read")
    func registry2() throws {
        var expected = TokenSettings()
        expected.realm = "https://auth.example.org/token"
        expected.service = "registry"
        expected.issuer = "auth"
        expected.rootCertBundle = "/root.pem"
        #expect(try Self.read("\(Self.needed), rootcertbundle: /root.pem").0 == expected)
        expected.autoRedirect = true
        #expect(try Self.read("\(Self.needed), rootcertbundle: /root.pem, autoredirect: true").0 == expected)
    }

    @Test("registry:3's keys are read")
    func registry3() throws {
        let (settings, warnings) = try Self.read(
            "\(Self.needed), jwks: /keys.json, signingalgorithms: [ES256, EdDSA, ES256], autoredirect: true, autoredirectpath: /token")
        #expect(settings?.jwks == "/keys.json")
        #expect(settings?.rootCertBundle == nil)
        #expect(settings?.signingAlgorithms == [.es256, .edDSA])
        #expect(settings?.autoRedirectPath == "/token")
        #expect(warnings.isEmpty)
    }

    @Test("the variables of a container set them")
    func environment() throws {
        let configuration = try Configuration.parse(
            yaml: nil,
            environment: [
                "REGISTRY_AUTH": "token", "REGISTRY_AUTH_TOKEN_REALM": "http://a/t", "REGISTRY_AUTH_TOKEN_SERVICE": "s",
                "REGISTRY_AUTH_TOKEN_ISSUER": "i", "REGISTRY_AUTH_TOKEN_ROOTCERTBUNDLE": "/r",
                "REGISTRY_AUTH_TOKEN_SIGNINGALGORITHMS": "[RS256]",
            ]
        ).configuration
        var expected = TokenSettings()
        (expected.realm, expected.service, expected.issuer, expected.rootCertBundle) = ("http://a/t", "s", "i", "/r")
        expected.signingAlgorithms = [.rs256]
        #expect(configuration.auth == .token(expected))
    }

    @Test("all of registry:3's algorithms are taken, with a warning for those that verify nothing there either")
    func secretKeys() throws {
        let (settings, warnings) = try Self.read("\(Self.needed), jwks: /k, signingalgorithms: [HS256, RS256]")
        #expect(settings?.signingAlgorithms == [.rs256])
        #expect(warnings == ["'auth.token.signingalgorithms' names HS256, by which no token is verified: only public keys can be given"])
        #expect(
            Self.problems(Self.yaml("\(Self.needed), jwks: /k, signingalgorithms: [HS256]")) == [
                "'auth.token.signingalgorithms' names only algorithms of secret keys, by which no token is verified; add those of the token server"
            ])
    }

    @Test("each missing key is named")
    func missing() {
        #expect(
            Self.problems(Self.yaml("")) == [
                "'auth.token.realm' is missing; write the token server's URL",
                "'auth.token.service' is missing; write this registry's name at the token server",
                "'auth.token.issuer' is missing; write what the token server calls itself in its tokens",
                "'auth.token.rootcertbundle' is missing; name the PEM file of the token server's certificates, or with 'auth.token.jwks' that of its keys",
            ])
    }

    @Test(
        "values that cannot work are refused",
        arguments: [
            (
                "realm: auth.example.org, service: s, issuer: i, jwks: /k",
                "'auth.token.realm' must be the token server's URL, such as https://auth.example.org/token, not 'auth.example.org'"
            ),
            (
                "realm: 'http://a/\"b', service: s, issuer: i, jwks: /k",
                "'auth.token.realm' must be the token server's URL, such as https://auth.example.org/token, not 'http://a/\"b'"
            ),
            ("realm: 'http://a', service: 's\"', issuer: i, jwks: /k", "'auth.token.service' must be plain text without quotes"),
            (
                "\(Self.needed), jwks: /k, autoredirectpath: token",
                "'auth.token.autoredirectpath' must be a path such as /auth/token, not 'token'"
            ),
            (
                "\(Self.needed), jwks: /k, signingalgorithms: [none]",
                "'auth.token.signingalgorithms' names 'none', which is not available; use some of EdDSA, RS256, RS384, RS512, ES256, ES384, ES512, PS256, PS384, PS512"
            ),
        ])
    func refused(settings: String, problem: String) {
        #expect(Self.problems(Self.yaml(settings)) == [problem])
    }

    @Test("two ways of logging in are one too many")
    func both() {
        let yaml = "version: 0.1\nauth: {htpasswd: {path: /p}, token: {\(Self.needed), jwks: /k}}"
        #expect(Self.problems(yaml) == ["'auth' has htpasswd and token; choose one"])
    }
}
