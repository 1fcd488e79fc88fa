import Testing

@testable import CoveConfiguration

@Suite("Configuration: REGISTRY_* variables")
struct EnvironmentTests {
    private typealias Samples = ConfigurationSamples

    private func parse(_ environment: [String: String], yaml: String? = nil) throws -> Configuration {
        let (configuration, warnings) = try Configuration.parse(yaml: yaml, environment: environment)
        #expect(warnings.isEmpty)
        return configuration
    }

    @Test("a variable sets the key that it spells")
    func nested() throws {
        let configuration = try parse([
            "REGISTRY_HTTP_ADDR": "0.0.0.0:9000", "REGISTRY_STORAGE_MAINTENANCE_UPLOADPURGING_AGE": "2h",
            "REGISTRY_STORAGE_DELETE_ENABLED": "false", "REGISTRY_CATALOG_MAXENTRIES": "7", "HOME": "/root",
        ])
        #expect(configuration.http.addr == "0.0.0.0:9000")
        #expect(configuration.storage.uploadPurging.age == .seconds(7200))
        #expect(!configuration.storage.deleteEnabled)
        #expect(configuration.catalogMaxEntries == 7)
    }

    @Test("a variable goes over the file and leaves the rest of it alone")
    func overFile() throws {
        let configuration = try parse(["REGISTRY_STORAGE_CACHE_BLOBDESCRIPTORSIZE": "9"], yaml: Samples.everything)
        var expected = Samples.everythingParsed
        expected.storage.cachedDescriptors = 9
        #expect(configuration == expected)
    }

    @Test("values are YAML: lists and maps")
    func yamlValues() throws {
        let configuration = try parse([
            "REGISTRY_VALIDATION_MANIFESTS_URLS_ALLOW": "[\"^https://a\", '^https://b']",
            "REGISTRY_LOG": "{level: warn, fields: {a: b}}",
            "REGISTRY_HTTP_TLS": "{certificate: c.pem, key: k.pem, clientcas: [one.pem]}",
        ])
        #expect(configuration.validation.allowedURLs == ["^https://a", "^https://b"])
        #expect(configuration.log.level == .warn)
        #expect(configuration.log.fields == ["a": "b"])
        #expect(configuration.http.tls?.clientCAs == ["one.pem"])
    }

    @Test("a number in the name is a place in a list")
    func lists() throws {
        let configuration = try parse([
            "REGISTRY_HTTP_LISTENERS_0_ADDR": ":5001", "REGISTRY_HTTP_LISTENERS_1_ADDR": "/run/x.sock",
            "REGISTRY_HTTP_LISTENERS_1_NET": "unix",
        ])
        #expect(
            configuration.http.listeners == [
                .init(addr: ":5001", net: .tcp), .init(addr: "/run/x.sock", net: .unix),
            ])
        let changed = try parse(["REGISTRY_HTTP_LISTENERS_1_ADDR": ":1"], yaml: Samples.everything)
        #expect(changed.http.listeners.map(\.addr) == ["/run/cove.sock", ":1"])
    }

    @Test("a free name keeps its underscores")
    func freeNames() throws {
        let configuration = try parse(["REGISTRY_LOG_FIELDS_MY_ZONE": "eu", "REGISTRY_HTTP_HEADERS_X-FOO": "[a, b]"])
        #expect(configuration.log.fields == ["my_zone": "eu"])
        #expect(configuration.http.headers == [.init(name: "x-foo", values: ["a", "b"])])
    }

    @Test("REGISTRY_STORAGE and REGISTRY_AUTH choose a driver, which longer names then set up")
    func drivers() throws {
        #expect(try parse(["REGISTRY_STORAGE": "inmemory"]).storage.driver == .inMemory)
        let auth = try parse(["REGISTRY_AUTH_HTPASSWD_PATH": "/p", "REGISTRY_AUTH": "htpasswd", "REGISTRY_AUTH_HTPASSWD_REALM": "R"])
        #expect(auth.auth == .htpasswd(realm: "R", path: "/p"))
        let storage = try parse(["REGISTRY_STORAGE": "filesystem", "REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY": "/s"])
        #expect(storage.storage.driver == .filesystem(rootDirectory: "/s", maxThreads: 100))
    }

    @Test("S3 is set up by variables alone, under either of its names", arguments: ["S3", "S3AWS"])
    func s3(name: String) throws {
        var expected = S3Settings(bucket: "images", region: "eu-west-1")
        expected.encrypt = true
        let environment = [
            "REGISTRY_STORAGE": name.lowercased(), "REGISTRY_STORAGE_\(name)_BUCKET": "images",
            "REGISTRY_STORAGE_\(name)_REGION": "eu-west-1", "REGISTRY_STORAGE_\(name)_ENCRYPT": "true",
            "REGISTRY_METADATA_URL": "postgres://u:p@db/cove",
        ]
        for yaml in [nil, Samples.everything] {
            let configuration = try parse(environment, yaml: yaml)
            #expect(configuration.storage.driver == .s3(expected))
            #expect(configuration.metadata.store == .postgresql(url: "postgres://u:p@db/cove"))
        }
    }

    @Test("Redis is set up by variables alone")
    func redis() throws {
        let configuration = try parse([
            "REGISTRY_STORAGE_CACHE_BLOBDESCRIPTOR": "redis", "REGISTRY_REDIS_ADDRS": "[a:1, b:2]", "REGISTRY_REDIS_MASTERNAME": "m",
            "REGISTRY_REDIS_ADDRS_1": "c:3", "REGISTRY_REDIS_TLS_ROOTCAS_0": "/ca.pem",
        ])
        #expect(configuration.storage.cache == .redis)
        #expect(configuration.redis?.addresses == ["a:1", "c:3"])
        #expect(configuration.redis?.tls?.rootCAs == ["/ca.pem"])
    }

    @Test(
        "a variable for a refused key is refused like the key",
        arguments: ["REGISTRY_STORAGE_GCS_BUCKET", "REGISTRY_REPORTING_BUGSNAG_APIKEY"])
    func refused(name: String) throws {
        let problem = try #require(Samples.problems(nil, [name: "x"]).first)
        #expect(problem.contains("is refused: "))
        #expect(Samples.problems(nil, ["REGISTRY_STORAGE": "gcs"]).first?.hasPrefix("'storage.gcs' is refused: ") == true)
    }

    @Test(
        "a variable that names no key is warned of and changes nothing",
        arguments: [
            "REGISTRY_PORT", "REGISTRY_SERVICE_HOST", "REGISTRY_PORT_5000_TCP_ADDR",
            "REGISTRY_", "REGISTRY___", "REGISTRY_REDIS_SERVICE_HOST", "REGISTRY_PROXY_PORT_5000_TCP_ADDR",
        ])
    func unknown(name: String) throws {
        let (configuration, warnings) = try Configuration.parse(yaml: nil, environment: [name: "tcp://10.0.0.1:5000"])
        #expect(configuration == Configuration())
        #expect(warnings == ["the variable \(name) names no key of the configuration and is ignored"])
    }

    @Test("a variable that is a slip away from one is answered with that one", arguments: ["REGISTRY_HTTP_ADR", "REGISTRY_HTTP_ADDR_X"])
    func slip(name: String) throws {
        let (configuration, warnings) = try Configuration.parse(yaml: nil, environment: [name: "127.0.0.1:5001"])
        #expect(configuration == Configuration())
        #expect(
            warnings == [
                "the variable \(name) names no key of the configuration and is ignored; did you mean REGISTRY_HTTP_ADDR?"
            ])
    }

    @Test("a number after a list of texts is a place in it")
    func listsOfTexts() throws {
        let configuration = try parse(
            ["REGISTRY_HTTP_TLS_CLIENTCAS_1": "/two.pem", "REGISTRY_HTTP_TLS_CLIENTCAS_2": "/three.pem"], yaml: Samples.everything)
        #expect(configuration.http.tls?.clientCAs == ["/tls/ca1.pem", "/two.pem", "/three.pem"])
        #expect(try parse(["REGISTRY_VALIDATION_MANIFESTS_URLS_DENY_0": "x"]).validation.deniedURLs == ["x"])
    }

    @Test("a variable goes over a free name of the file in other letters", arguments: ["X-Content-Type-Options", "X-CONTENT-TYPE-OPTIONS"])
    func freeNameInOtherLetters(name: String) throws {
        let yaml = "version: 0.1\nhttp: {headers: {x-Content-type-options: [other]}}"
        let configuration = try parse(["REGISTRY_HTTP_HEADERS_\(name)": "[nosniff]"], yaml: yaml)
        #expect(configuration.http.headers == [.init(name: "x-Content-type-options", values: ["nosniff"])])
    }

    @Test("an element of a list of maps is set key by key, or as a whole")
    func listsOfMaps() throws {
        let configuration = try parse([
            "REGISTRY_MIDDLEWARE_STORAGE_0_NAME": "redirect", "REGISTRY_MIDDLEWARE_STORAGE_0_OPTIONS_BASEURL": "https://a/",
            "REGISTRY_MIDDLEWARE_STORAGE_1": "{name: rewrite, options: {host: b}}",
        ])
        #expect(configuration.middleware == [.redirect(baseURL: "https://a/"), .rewrite(.init(host: "b"))])
    }

    @Test("a list has no gaps")
    func gap() {
        #expect(
            Samples.problems(Samples.everything, ["REGISTRY_HTTP_TLS_CLIENTCAS_3": "x"]) == [
                "the variable REGISTRY_HTTP_TLS_CLIENTCAS_3 sets element 3 of a list that has 2; count from 0, without a gap"
            ])
    }

    @Test("a variable takes the place of all that the file says under its key")
    func replaces() throws {
        let configuration = try parse(["REGISTRY_STORAGE": "inmemory", "REGISTRY_AUTH": "none"], yaml: Samples.everything)
        #expect(configuration.storage.driver == .inMemory)
        #expect(!configuration.storage.readOnly)
        #expect(configuration.auth == .none)
    }

    @Test("an empty value is as if the file had no such key")
    func empty() throws {
        let configuration = try parse(
            ["REGISTRY_HTTP_TLS": "", "REGISTRY_HTTP_LISTENERS": "", "REGISTRY_LOG_LEVEL": ""], yaml: Samples.everything)
        #expect(configuration.http.tls == nil)
        #expect(configuration.http.listeners.isEmpty)
        #expect(configuration.log.level == .info)
    }

    @Test("variables made of Distribution's names for fields set the keys of the file")
    func fieldNames() throws {
        let yaml = "version: 0.1\nlog: {hooks: [{disabled: true}]}\nredis: {addrs: [\"a:1\"]}\nstorage: {cache: {blobdescriptor: redis}}"
        let configuration = try parse(
            [
                "REGISTRY_LOG_HOOKS_0_MAILOPTIONS_FROM": "a@b", "REGISTRY_COMPATIBILITY_SCHEMA1_TRUSTKEY": "/k",
                "REGISTRY_REDIS_OPTIONS_DB": "3",
            ], yaml: yaml)
        #expect(configuration.redis?.database == 3)
    }

    @Test("the variable that names the file is no key and needs no warning")
    func configurationPath() throws {
        #expect(try parse(["REGISTRY_CONFIGURATION_PATH": "/etc/cove.yml"]) == Configuration())
    }

    @Test("a value that cannot be used is refused")
    func badValues() {
        #expect(Samples.problems(nil, ["REGISTRY_HTTP_ADDR": "["]) == ["the variable REGISTRY_HTTP_ADDR is not YAML"])
        #expect(
            Samples.problems(nil, ["REGISTRY_STORAGE_DELETE_ENABLED": "maybe"]) == [
                "'storage.delete.enabled' must be true or false, not 'maybe'"
            ])
    }
}
