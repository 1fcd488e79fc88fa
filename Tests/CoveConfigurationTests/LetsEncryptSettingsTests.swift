import Testing

@testable import CoveConfiguration

@Suite("Configuration: http.tls.letsencrypt")
struct LetsEncryptSettingsTests {
    private static func settings(_ letsEncrypt: String, http: String = "", storage: String = "filesystem: {}") throws -> Configuration
        .LetsEncrypt?
    {
        let yaml = "version: 0.1\nstorage: {\(storage)}\nhttp: {addr: \":443\", \(http)tls: {letsencrypt: {\(letsEncrypt)}}}\n"
        guard case .letsEncrypt(let settings) = try Configuration.parse(yaml: yaml).configuration.http.tls?.identity else { return nil }
        return settings
    }

    private static func problems(_ letsEncrypt: String, http: String = "", storage: String = "filesystem: {}") -> [String] {
        do {
            _ = try settings(letsEncrypt, http: http, storage: storage)
            return []
        } catch {
            return (error as? ConfigurationError)?.problems ?? ["\(error)"]
        }
    }

    @Test("a section as registry:2 has it")
    func registry2() throws {
        let settings = try #require(
            try Self.settings(
                "cachefile: /var/lib/le, email: ops@example.org, hosts: [Registry.example.org, b.example.org, registry.example.org], directoryurl: \"https://ca.example/dir\""
            ))
        #expect(settings.cacheFile == "/var/lib/le")
        #expect(settings.email == "ops@example.org")
        #expect(settings.hosts == ["registry.example.org", "b.example.org"])
        #expect(settings.directoryURL == "https://ca.example/dir")
        #expect(settings.http01Addr == nil)
    }

    @Test("hosts suffice, and Let's Encrypt is the authority then")
    func least() throws {
        let settings = try #require(try Self.settings("hosts: [a.example]"))
        #expect(settings.directoryURL == "https://acme-v02.api.letsencrypt.org/directory")
        #expect(settings.cacheFile == nil && settings.email == nil && settings.externalAccount == nil)
    }

    @Test("a section in which nothing is said is none")
    func empty() throws {
        #expect(try Self.settings("cachefile: \"\", email: \"\", hosts: []") == nil)
        #expect(
            try Configuration.parse(yaml: "version: 0.1\nstorage: {filesystem: {}}\nhttp: {tls: {letsencrypt: {}}}").configuration.http.tls
                == nil)
    }

    @Test(
        "names of the DNS are hosts, and nothing else is",
        arguments: [
            ("a.example", true), ("xn--bcher-kva.example", true), ("localhost", true), ("a-b.c1", true), ("10.0.0.1", false),
            ("1.2", false),
            ("a_b.example", false), ("-a.example", false), ("a..example", false), ("a.example.", false), ("bücher.example", false),
            ("a.example:443", false), ("", false), (String(repeating: "a", count: 64), false),
        ])
    func hostNames(name: String, isFine: Bool) {
        #expect(Configuration.LetsEncrypt.isHostName(name) == isFine)
    }

    @Test(
        "what cannot be is refused",
        arguments: [
            ("email: a@b.example", "'http.tls.letsencrypt.hosts' is missing"),
            ("hosts: [\"*.example.org\"]", "wildcards are proved in the DNS only"),
            ("hosts: [a.example], email: nobody", "must be an address such as"),
            ("hosts: [a.example], email: \"a@b.example,c@d.example\"", "must be an address such as"),
            ("hosts: [a.example], directoryurl: \"http://ca.example\"", "must be an https URL"),
            ("hosts: [a.example], http01addr: nowhere", "must be host:port or :port"),
            ("hosts: [a.example], http01addr: \":443\"", "and 'http.addr' listens on :443"),
            ("hosts: [a.example], externalaccount: {keyid: k}", "'http.tls.letsencrypt.externalaccount.hmackey' is missing"),
            ("hosts: [a.example], externalaccount: {hmackey: abcdefghijklmnopqrstuvwxyz}", "externalaccount.keyid' is missing"),
            ("hosts: [a.example], externalaccount: {keyid: k, hmackey: \"a+b/c=\"}", "in base64url"),
            ("hosts: [a.example], directory: x", "unknown key 'http.tls.letsencrypt.directory'"),
        ])
    func refusals(settings: String, said: String) {
        let problems = Self.problems(settings)
        #expect(problems.contains { $0.contains(said) }, "\(problems)")
    }

    @Test("an address is not given twice")
    func addresses() {
        let settings = "hosts: [a.example], http01addr: \"127.0.0.1:80\""
        #expect(Self.problems(settings) == [])
        #expect(
            Self.problems(settings, http: "listeners: [{addr: \":80\"}], ").contains {
                $0.contains("'http.listeners[0].addr' listens on :80")
            })
        #expect(Self.problems(settings, http: "debug: {addr: \"127.0.0.1:80\"}, ").contains { $0.contains("'http.debug.addr' listens on") })
        #expect(Self.problems(settings, http: "debug: {addr: \"127.0.0.2:80\"}, ") == [])
    }

    @Test("a certificate and key beside it are refused, as by registry:2")
    func both() {
        let yaml = "version: 0.1\nstorage: {filesystem: {}}\nhttp: {tls: {certificate: /c, key: /k, letsencrypt: {hosts: [a.example]}}}"
        #expect {
            _ = try Configuration.parse(yaml: yaml)
        } throws: {
            "\($0)".contains("'http.tls' has a certificate or key and letsencrypt")
        }
    }

    @Test("with storage in memory a directory is asked for")
    func inMemory() {
        #expect(
            Self.problems("hosts: [a.example]", storage: "inmemory: {}").contains {
                $0.contains("'http.tls.letsencrypt.cachefile' is missing")
            })
        #expect(Self.problems("hosts: [a.example], cachefile: /c", storage: "inmemory: {}") == [])
    }

    @Test("it is read as it was rendered, and its secret is hidden")
    func rendering() throws {
        var configuration = Configuration()
        var settings = Configuration.LetsEncrypt(hosts: ["a.example", "b.example"])
        settings.cacheFile = "/cache"
        settings.email = "a@b.example"
        settings.directoryURL = "https://ca.example/dir"
        settings.directoryCA = "/ca.pem"
        settings.http01Addr = ":80"
        settings.externalAccount = .init(keyID: "k", hmacKey: "abcdefghijklmnopqrstuvwxyz")
        configuration.http.tls = .init(
            identity: .letsEncrypt(settings), clientCAs: [], clientAuth: .require, minimumTLS: .tls12, cipherSuites: [])
        #expect(try Configuration.parse(yaml: configuration.rendered(maskingSecrets: false)).configuration == configuration)
        let shown = configuration.rendered(maskingSecrets: true)
        #expect(!shown.contains("abcdefghijklmnopqrstuvwxyz") && shown.contains("hmackey: <hidden>"))
    }

    @Test("a variable sets it")
    func variable() throws {
        let yaml = "version: 0.1\nstorage: {filesystem: {}}\n"
        let environment = ["REGISTRY_HTTP_TLS_LETSENCRYPT_HOSTS": "[a.example]", "REGISTRY_HTTP_TLS_LETSENCRYPT_EMAIL": "a@b.example"]
        let tls = try Configuration.parse(yaml: yaml, environment: environment).configuration.http.tls
        guard case .letsEncrypt(let settings) = tls?.identity else {
            Issue.record("no certificates are obtained")
            return
        }
        #expect(settings.hosts == ["a.example"] && settings.email == "a@b.example")
    }
}
