import Foundation
import TestSupport
import Testing

@testable import CoveConfiguration

@Suite("Configuration: rendering")
struct RenderingTests {
    private func roundTrip(_ configuration: Configuration) throws -> Configuration {
        try Configuration.parse(yaml: configuration.rendered(maskingSecrets: false)).configuration
    }

    @Test("what is rendered is read as the same configuration")
    func defaults() throws {
        #expect(try roundTrip(Configuration()) == Configuration())
        #expect(try roundTrip(ConfigurationSamples.everythingParsed) == ConfigurationSamples.everythingParsed)
        #expect(try roundTrip(ConfigurationSamples.storesParsed) == ConfigurationSamples.storesParsed)
    }

    @Test("secrets are masked")
    func masked() {
        let text = ConfigurationSamples.everythingParsed.rendered(maskingSecrets: true)
        #expect(!text.contains("hush-hush"))
        #expect(text.contains("secret: <hidden>"))
        #expect(ConfigurationSamples.everythingParsed.rendered(maskingSecrets: false).contains("hush-hush"))
    }

    @Test("passwords and keys of the stores are masked, and what is left is read again")
    func maskedStores() throws {
        let configuration = ConfigurationSamples.storesParsed
        let text = configuration.rendered(maskingSecrets: true)
        for secret in ["very-secret", "token-secret", "hush"] { #expect(!text.contains(secret)) }
        for shown in [
            "accesskey: AKIAEXAMPLE", "secretkey: <hidden>", "sessiontoken: <hidden>", "password: <hidden>", "sentinelpassword: <hidden>",
            "postgresql://cove:<hidden>@db1:5432,db2/cove?sslmode=verify-full&sslrootcert=/ca.pem",
        ] {
            #expect(text.contains(shown))
        }
        var expected = configuration
        guard case .s3(var settings) = expected.storage.driver else { return }
        settings.secretKey = "<hidden>"
        settings.sessionToken = "<hidden>"
        expected.storage.driver = .s3(settings)
        expected.metadata.store = .postgresql(url: "postgresql://cove:<hidden>@db1:5432,db2/cove?sslmode=verify-full&sslrootcert=/ca.pem")
        expected.redis?.password = "<hidden>"
        expected.redis?.sentinelPassword = "<hidden>"
        #expect(try Configuration.parse(yaml: text).configuration == expected)
    }

    @Test("the plain form is JSON with the same values, secrets masked")
    func json() throws {
        let plain = ConfigurationSamples.everythingParsed.tree(maskingSecrets: true).plain
        let data = try JSONSerialization.data(withJSONObject: plain)
        let root = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        let http = try #require(root["http"] as? [String: Any])
        #expect(http["secret"] as? String == "<hidden>")
        #expect(http["addr"] as? String == "0.0.0.0:5443")
        #expect((root["catalog"] as? [String: Any])?["maxentries"] as? Int == 50)
        #expect((root["validation"] as? [String: Any])?["disabled"] as? Bool == true)
        #expect(((http["headers"] as? [String: Any])?["X-Two"] as? [String]) == ["one", "two"])
    }

    @Test(
        "texts that YAML would take for something else come back as they were",
        arguments: [
            "null", "Null", "NULL", "~", "true", "yes", "No", "1", "0x10", "1e3", "1.5", ".inf", " a", "a ", "a: b", "a #b", "#", "-",
            "- a", "? a", "*a", "&a", "!a", "%a", "@a", "`a", "|", ">", "'", "\"", "\\", "{a}", "[a]", "a\nb", "a\n\nb\n", "\n", "\t",
            "é", "\u{1F600}", "\u{7F}", "\u{85}", "\u{2028}", "=", "<<", "0.1", "2001-01-01", "1_000", "...", "---", "--- a", "\r\n",
        ])
    func texts(text: String) throws {
        var configuration = Configuration()
        configuration.log.fields = ["name": text, "a\(text)": "value"]
        configuration.auth = .htpasswd(realm: "R", path: "/\(text)")
        configuration.http.headers = [.init(name: "X", values: [text, "b"])]
        #expect(try roundTrip(configuration) == configuration)
    }

    @Test("random configurations are read as they were rendered", arguments: 0..<40)
    func random(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let configuration = Self.configuration(&random)
        #expect(try roundTrip(configuration) == configuration)
    }

    private static func configuration(_ random: inout SeededGenerator) -> Configuration {
        func text() -> String { random.text(of: "ab1.:-#'\"\\ {}[],&*!|>%@é\n~", length: 1...8) }
        func flag() -> Bool { Bool.random(using: &random) }
        func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }
        func time() -> Duration { .milliseconds(number(1000...80_000_000)) }
        func tls() -> Configuration.TLS {
            .init(
                identity: .files(certificate: text(), key: text()), clientCAs: flag() ? [] : [text(), text()],
                clientAuth: flag() ? .require : .verifyIfGiven, minimumTLS: flag() ? .tls12 : .tls13,
                cipherSuites: flag() ? [] : CipherSuite.numbers.values.sorted().shuffled(using: &random))
        }
        func s3() -> S3Settings {
            var settings = S3Settings(bucket: "b\(number(0...9))", region: "r-1")
            settings.forcePathStyle = flag()
            settings.rootDirectory = text()
            settings.chunkSize = number(5_242_880...50_000_000)
            settings.encrypt = true
            settings.keyID = flag() ? nil : text()
            settings.storageClass = S3Settings.StorageClass.allCases[number(0...8)]
            settings.objectACL = flag() ? nil : S3Settings.ObjectACL.allCases[number(0...6)]
            (settings.secure, settings.skipVerify, settings.dualStack) = (flag(), flag(), flag())
            if flag() { (settings.accessKey, settings.secretKey) = (text(), text()) }
            return settings
        }
        func middleware(_ driver: Configuration.Storage.Driver) -> [Configuration.Middleware] {
            var settings = Configuration.CloudFront(
                baseURL: "https://d\(number(0...9)).example/", privateKey: "/\(text())", keyPairID: "K1")
            settings.duration = .seconds(number(1...600_000))
            settings.updateFrequency = time()
            settings.filter = [.none, .aws, .regions(["eu-west-1", "us-east-1"])][number(0...2)]
            if case .filesystem = driver { settings.origin = .rootDirectory }
            let rewrite = Configuration.Rewrite(scheme: flag() ? nil : "https", host: flag() ? nil : "h:1", trimPathPrefix: "/\(text())")
            return [.cloudFront(settings), .redirect(baseURL: "http://h:8/a"), .rewrite(rewrite)].shuffled(using: &random)
        }
        var configuration = Configuration()
        configuration.durability = flag() ? .full : .relaxed
        configuration.log = .init(
            level: flag() ? .warn : .debug, formatter: flag() ? .json : .text,
            fields: Dictionary((0..<3).map { _ in (text(), text()) }, uniquingKeysWith: { $1 }), accessLogDisabled: flag())
        let cache = Configuration.Storage.Cache.allCases[number(0...2)]
        let drivers: [Configuration.Storage.Driver] = [
            .inMemory, .filesystem(rootDirectory: text(), maxThreads: number(4...1000)), .s3(s3()),
        ]
        configuration.storage = .init(
            driver: drivers[number(0...2)], deleteEnabled: flag(), redirectDisabled: flag(), readOnly: flag(),
            uploadPurging: .init(enabled: flag(), age: time(), interval: time(), dryRun: flag()), cache: cache,
            cachedDescriptors: cache == .none ? 0 : number(1...100))
        if case .s3 = configuration.storage.driver {
            configuration.metadata = .init(
                store: flag() ? .sqlite(path: "/\(text())x") : .postgresql(url: "postgresql://h/d"), maxConnections: number(2...500),
                statementTimeout: .milliseconds(number(100...3_600_000)), lockTimeout: .seconds(number(1...60)),
                connectTimeout: .seconds(number(1...60)))
        }
        if cache == .redis {
            configuration.redis = .init(
                addresses: ["h:\(number(1...65535))"], masterName: text(), username: text(), password: text(),
                sentinelPassword: flag() ? nil : text(), database: number(0...15), dialTimeout: .milliseconds(number(1...60_000)),
                maxConnections: number(1...99), idleTimeout: time(),
                tls: flag() ? nil : .init(certificate: nil, key: nil, rootCAs: flag() ? [] : [text()]))
        }
        func token() -> TokenSettings {
            var settings = TokenSettings()
            (settings.realm, settings.service, settings.issuer) = ("https://auth/\(number(0...9))", "a service", text())
            settings.rootCertBundle = text()
            settings.jwks = flag() ? nil : text()
            settings.signingAlgorithms = TokenSettings.Algorithm.allCases.shuffled(using: &random).dropLast(number(0...9))
            settings.autoRedirect = flag()
            return settings
        }
        configuration.auth = flag() ? .token(token()) : flag() ? .none : .htpasswd(realm: "a realm", path: text())
        configuration.http = .init(
            addr: ":\(number(0...65535))", net: flag() ? .tcp : .unix, prefix: "/\(text())", host: flag() ? nil : "https://\(text())",
            secret: flag() ? nil : text(), relativeURLs: flag(), drainTimeout: time(), tls: flag() ? nil : tls(),
            headers: [.init(name: "A", values: [text()]), .init(name: "B", values: [])], http2: flag(), h2c: flag(),
            debug: flag() ? nil : .init(addr: ":\(number(0...65535))", metricsPath: flag() ? nil : "/\(number(0...9))"),
            listeners: (0..<number(0...2)).map { _ in .init(addr: text(), net: .unix, tls: flag() ? nil : tls()) },
            limits: .init(
                maxConnections: number(1...1000), headerTimeout: time(), idleTimeout: time(), bodyTimeout: time(),
                minBodyRate: number(0...9999), maxHeaderBytes: number(4096...9999)))
        configuration.validation.platformList = (0..<number(0...2)).map { _ in
            .init(os: text(), architecture: text(), variant: flag() ? nil : text())
        }
        configuration.repositoryClasses = flag() ? [] : [.image, .plugin]
        func rhythm() -> Configuration.Health.Rhythm {
            .init(interval: .seconds(number(1...3600)), threshold: number(1...1000))
        }
        configuration.health = .init(
            storageDriverEnabled: flag(), storageDriver: rhythm(), files: flag() ? [] : [.init(file: "/\(text())", rhythm: rhythm())],
            http: flag()
                ? []
                : [
                    .init(
                        uri: "http://h/\(number(0...9))", headers: flag() ? [] : [.init(name: "A", values: [text()])],
                        statusCode: number(100...599), timeout: .milliseconds(number(1...3_600_000)), rhythm: rhythm())
                ],
            tcp: flag() ? [] : [.init(addr: "h:\(number(1...65535))", timeout: .seconds(number(1...3600)), rhythm: rhythm())])
        configuration.catalogMaxEntries = number(1...1000)
        configuration.maxTags = number(1...100_000)
        if flag() { configuration.middleware = middleware(configuration.storage.driver) }
        return configuration
    }
}
