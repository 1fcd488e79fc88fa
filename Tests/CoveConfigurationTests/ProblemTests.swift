import Testing

@testable import CoveConfiguration

@Suite("Configuration: what is refused")
struct ProblemTests {
    private typealias Samples = ConfigurationSamples

    @Test("every problem is reported at once, each with its line")
    func allAtOnce() {
        let yaml = """
            version: 0.1
            log:
              level: loud
            storag:
              filesystem: {}
            storage:
              delete:
                enabled: maybe
              gcs:
                bucket: b
            http:
              draintimeout: soon
              limits:
                maxconnections: 0
            """
        #expect(
            Set(Samples.problems(yaml)) == [
                "'log.level' (line 3) must be one of error, warn, info, debug, not 'loud'",
                "unknown key 'storag' (line 4): did you mean 'storage'?",
                "'storage.delete.enabled' (line 8) must be true or false, not 'maybe'",
                "'storage.gcs' (line 9) is refused: Google Cloud Storage is reached by its S3 interface; use storage.s3 with regionendpoint: https://storage.googleapis.com, region: auto, and an HMAC key as accesskey and secretkey",
                "'http.draintimeout' (line 12) must be a duration such as 30s, 5m or 168h, from 0.0 seconds to 86400.0 seconds, not 'soon'",
                "'http.limits.maxconnections' (line 14) must be a whole number from 1 to 1000000, not '0'",
            ])
    }

    @Test(
        "an unknown key is told the nearest known one",
        arguments: [
            ("http: {adr: x}", "http.adr", "http.addr"),
            ("storage: {filesystem: {rootdir: x}}", "storage.filesystem.rootdir", "storage.filesystem.rootdirectory"),
            ("storage: {deleted: {enabled: true}}", "storage.deleted", "storage.delete"),
            ("log: {levle: info}", "log.levle", "log.level"),
            ("Http: {addr: x}", "Http", "http"),
            ("http: {tls: {cert: x}}", "http.tls.cert", "http.tls.key"),
        ])
    func nearest(yaml: String, key: String, suggestion: String) {
        #expect(Samples.problems("version: 0.1\n\(yaml)") == ["unknown key '\(key)' (line 2): did you mean '\(suggestion)'?"])
    }

    @Test("every refused key says why", arguments: ConfigurationKey.table.filter { $0.refusal != nil }.map(\.name))
    func refusals(name: String) throws {
        let key = try #require(ConfigurationKey.table.first { $0.name == name })
        let why = try #require(key.refusal)
        let yaml =
            "version: 0.1\n" + key.path.dropLast().reduce("") { $0 + "\($1): {" } + "\(key.path.last ?? ""): x"
            + String(repeating: "}", count: key.path.count - 1)
        // Others may miss what goes with the key.
        #expect(Samples.problems(yaml).filter { $0.contains(" is refused: ") } == ["'\(name)' (line 2) is refused: \(why)"])
    }

    @Test(
        "a value of the wrong kind is told what was expected",
        arguments: [
            ("http: {addr: [a]}", "'http.addr' (line 2) must be text, not a list"),
            ("http: {relativeurls: 1}", "'http.relativeurls' (line 2) must be true or false, not '1'"),
            ("catalog: {maxentries: 1.5}", "'catalog.maxentries' (line 2) must be a whole number, not '1.5'"),
            ("http: {headers: {X: [[a]]}}", "'http.headers.X' (line 2) must be a list of texts, not a list"),
            (
                "storage: {filesystem: {maxthreads: -3}}",
                "'storage.filesystem.maxthreads' (line 2) must be a whole number from 0 to 1000000, not '-3'"
            ),
            ("http: 5000", "'http' (line 2) must be a map of keys, not '5000'"),
            (
                "storage: {cache: {blobdescriptor: big}}",
                "'storage.cache.blobdescriptor' (line 2) must be one of none, inmemory, redis, not 'big'"
            ),
            ("http: [a]", "'http' (line 2) must be a map, not a list"),
            ("health: {storagedriver: true}", "'health.storagedriver' (line 2) must be a map of keys, not 'true'"),
        ])
    func wrongKind(yaml: String, problem: String) {
        #expect(Samples.problems("version: 0.1\n\(yaml)") == [problem])
    }

    @Test("a map where a value belongs is refused once for its kind")
    func mapForValue() {
        #expect(
            Samples.problems("version: 0.1\ncatalog:\n  maxentries: {a: 1}").allSatisfy {
                $0.hasPrefix("'catalog.maxentries' (line 3) must be")
            })
        #expect(!Samples.problems("version: 0.1\ncatalog:\n  maxentries: {a: 1}").isEmpty)
    }

    @Test(
        "what does not belong together is refused",
        arguments: [
            ("storage: {filesystem: {}, inmemory: {}}", "'storage' has filesystem and inmemory; choose one driver"),
            ("auth: {htpasswd: {realm: x}}", "'auth.htpasswd.path' is missing; name the file of user:hash lines"),
            ("auth: {htpasswd: {path: x, realm: 'a\"b'}}", "'auth.htpasswd.realm' must be plain text without quotes"),
            ("http: {prefix: registry}", "'http.prefix' must begin with /, not 'registry'"),
            (
                "http: {host: registry.example.org}",
                "'http.host' must be a URL such as https://registry.example.org, not 'registry.example.org'"
            ),
            ("auth: {htpasswd: {path: x}, none: {}}", "'auth' has htpasswd and none; choose one"),
            ("http: {tls: {certificate: c}}", "'http.tls.key' is missing"),
            (
                "http: {tls: {certificate: c, key: k, minimumtls: tls1.0}}",
                "'http.tls.minimumtls' is tls1.0, which is broken and is not spoken here (RFC 8996); write tls1.2, or remove the key"
            ),
            (
                "http: {tls: {certificate: c, key: k, clientcas: [a], clientauth: request-client-cert}}",
                "'http.tls.clientauth' is request-client-cert, which takes certificates of anybody; use verify-client-cert-if-given"
            ),
            (
                "log: {hooks: [{disabled: true, type: mail}, {type: mail}]}",
                "'log.hooks[1]' is on, and Cove sends no mail; have your log collector send it, and remove the hook or write disabled: true"
            ),
            (
                "log: {reportcaller: true}",
                "'log.reportcaller' is true, and log lines do not name their place in the code; remove the key"
            ),
            ("http: {tls: {key: k}}", "'http.tls.certificate' is missing"),
            ("http: {tls: {clientcas: [c]}}", "'http.tls.certificate' is missing"),
            ("http: {listeners: [{net: unix}]}", "'http.listeners[0].addr' is missing"),
            ("validation: {manifests: {urls: {allow: ['(']}}}", "'validation.manifests.urls' has '(', which is not a regular expression"),
            (
                "validation: {manifests: {indexes: {platformlist: [{os: linux}]}}}",
                "'validation.manifests.indexes.platformlist[0]' needs os and architecture"
            ),
        ])
    func combinations(yaml: String, problem: String) {
        #expect(Samples.problems("version: 0.1\n\(yaml)") == [problem])
    }

    @Test("a cipher suite that is not available is named with those that are")
    func cipherSuite() throws {
        let problems = Samples.problems("version: 0.1\nhttp: {tls: {certificate: c, key: k, ciphersuites: [RC4]}}")
        let problem = try #require(problems.first)
        #expect(problems.count == 1)
        #expect(problem.hasPrefix("'http.tls.ciphersuites' names 'RC4', which is not available; use some of TLS_ECDHE_"))
    }

    @Test("a file needs the version that it is written in", arguments: ["0.2", "1", "two"])
    func version(version: String) {
        #expect(Samples.problems("http: {}") == ["'version' is missing; write version: 0.1"])
        #expect(Samples.problems("version: \(version)") == ["'version' must be 0.1, not '\(version)'"])
    }

    @Test(
        "the distance between words is the number of edits",
        arguments: [("", "abc", 3), ("kitten", "sitting", 3), ("a", "a", 0), ("ab", "ba", 2)])
    func distance(left: String, right: String, expected: Int) {
        #expect(left.distance(to: right) == expected)
        #expect(right.distance(to: left) == expected)
    }
}
