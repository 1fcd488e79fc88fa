import Foundation
import Testing

@testable import CoveConfiguration

@Suite("Configuration: the table of keys")
struct KeyTableTests {
    /// Sets what other keys need beside them.
    private static let base = """
        version: 0.1
        auth: {htpasswd: {path: /p}}
        http:
          tls: {certificate: c, key: k}
          listeners: [{addr: ":1", tls: {certificate: c, key: k}}]
          debug: {addr: ":2", prometheus: {enabled: true}}
        health: {file: [{file: f}], http: [{uri: "http://h/"}], tcp: [{addr: "h:1"}]}
        validation: {manifests: {indexes: {platformlist: [{os: a, architecture: b}]}}}
        notifications: {endpoints: [{name: n, url: "http://h"}]}
        """

    /// As ``base``, for the keys of S3, of PostgreSQL and of Redis.
    private static let stores = """
        version: 0.1
        storage:
          s3: {bucket: b, region: r, accesskey: a, secretkey: s, encrypt: true}
          cache: {blobdescriptor: redis}
        metadata: {url: "postgresql://db/cove"}
        redis: {addrs: ["h:1"], mastername: m, password: p, sentinelpassword: s, tls: {certificate: c, key: k}}
        """

    private static let token = """
        version: 0.1
        auth: {token: {realm: "http://r", service: s, issuer: i, rootcertbundle: c}}
        """

    private static let letsEncrypt = """
        version: 0.1
        http: {tls: {letsencrypt: {hosts: [a.example], externalaccount: {keyid: k, hmackey: abcdefghijklmnopqrstuvwxyz}}}}
        """

    /// As ``base``, for the keys of middleware.
    private static func middleware(_ key: ConfigurationKey) -> String {
        let entry =
            switch (key.path[1], key.path.last ?? "") {
            case ("repository", _): "{name: x, disabled: true}"
            case ("registry", _): "{name: redirect, options: {baseurl: 'https://a/'}}"
            case (_, "scheme"), (_, "host"), (_, "trimpathprefix"): "{name: rewrite, options: {scheme: http}}"
            case (_, "*"): "{name: x, disabled: true}"
            case (_, "disabled"): "{name: rewrite}"
            case (_, "awsregion"): cloudFront("ipfilteredby: awsregion, awsregion: y")
            default: cloudFront("ipfilteredby: none")
            }
        return "version: 0.1\nstorage: \(key.path.last == "origin" ? "filesystem" : "{s3: {bucket: b, region: r}}")\n"
            + "metadata: {url: \"postgresql://db/cove\"}\nmiddleware: {\(key.path[1]): [\(entry)]}"
    }

    private static func cloudFront(_ more: String) -> String {
        "{name: cloudfront, options: {baseurl: 'https://a/', privatekey: /k, keypairid: K, \(more)}}"
    }

    /// As ``base``, for the keys of a mirror.
    private static func proxy(_ login: String) -> String {
        "version: 0.1\nproxy: {remoteurl: https://a, \(login), upstreams: [{prefix: docker.io, remoteurl: https://a, \(login)}]}"
    }

    private static func base(for key: ConfigurationKey) -> String {
        if key.name.hasPrefix("auth.token.") { return token }
        if key.name.hasPrefix("auth.accounts.") { return "version: 0.1\nauth: {accounts: {}}" }
        if key.path[0] == "middleware" { return middleware(key) }
        if key.name.hasPrefix("http.tls.letsencrypt.") { return letsEncrypt }
        switch key.name {
        case "auth.none", "auth.htpasswd.path": return "version: 0.1"
        case "validation.enabled": return "version: 0.1\nvalidation: {disabled: true}"
        case "log.hooks[].disabled": return "version: 0.1"
        case let name where name.hasPrefix("log.hooks"): return "version: 0.1\nlog: {hooks: [{disabled: true}]}"
        default: break
        }
        if key.name == "redis.addr" { return stores.replacing("addrs: [\"h:1\"]", with: "addr: h:1") }
        if key.path[0] == "proxy" { return proxy(key.path.contains("exec") ? "exec: {command: c}" : "username: u, password: p") }
        return ["redis", "metadata"].contains(key.path[0]) || key.name.hasPrefix("storage.s3.") ? stores : base
    }

    /// Keys that any value of is right, as Cove has nothing to set by them.
    private static func isWithoutEffect(_ key: ConfigurationKey) -> Bool {
        key.name == "version" || key.name == "auth.none" || key.meaning.hasPrefix("Accepted") && key.name != "http.secret"
    }

    private static func value(for key: ConfigurationKey) -> String {
        switch key.kind {
        case .boolean:
            switch key.name {
            case "storage.s3.v4auth": "true"
            case "storage.s3.encrypt", "redis.tls.enabled", "http.debug.prometheus.enabled", "log.reportcaller",
                "compatibility.schema1.enabled":
                "false"
            default: key.usual == "true" ? "false" : "true"
            }
        case .integer:
            switch key.name {
            case "redis.protocol": "3"
            case "health.http[].statuscode": "204"
            default: "7"
            }
        case .duration:
            switch key.name {
            case "redis.connmaxlifetime": "0"
            case "jobs.logretention", "jobs.retention": "45h"
            default: "45s"
            }
        case .size: key.name.hasPrefix("storage.s3.") ? "6MiB" : "8192"
        case .choice(let words): words.first { $0 != key.usual } ?? ""
        case .texts:
            switch key.path.last {
            case "ciphersuites": "[TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256]"
            case "addrs": "[x:1, y:2]"
            case "signingalgorithms": "[RS256]"
            case "classes": "[plugin]"
            case "actions", "events": "[pull]"
            default: "[x]"
            }
        case .text:
            switch key.name {
            case "version": "0.1"
            case "http.host", "auth.token.realm", "auth.accounts.realm", "notifications.endpoints[].url", "proxy.remoteurl",
                "proxy.upstreams[].remoteurl":
                "https://x"
            case "health.http[].uri": "http://x/y"
            case "http.prefix", "http.debug.prometheus.path", "auth.token.autoredirectpath": "/x"
            case "http.addr", "http.listeners[].addr", "http.debug.addr", "health.tcp[].addr", "redis.addr": "localhost:7"
            case "storage.s3.loglevel": "off"
            case let name where name.hasSuffix(".baseurl") || name.hasSuffix(".options.*") || name.hasSuffix(".iprangesurl"): "https://x/"
            case let name where name.hasSuffix(".ipfilteredby"): "aws"
            case let name where name.hasSuffix(".options.scheme"): "https"
            case "metadata.url": "sqlite:/x.db"
            case "auth.accounts.secretkey": "0123456789abcdef"
            case "http.tls.letsencrypt.directoryurl": "https://x/"
            case "http.tls.letsencrypt.email": "a@b.example"
            case "http.tls.letsencrypt.http01addr": ":80"
            case "http.tls.letsencrypt.externalaccount.hmackey": "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
            default: "other"
            }
        case .anything: ""
        }
    }

    @Test(
        "every key that is not refused changes the configuration, by its variable",
        // Another middleware has other options.
        arguments: ConfigurationKey.table.filter { $0.refusal == nil && $0.path != ["middleware", "storage", "[]", "name"] }.map(\.name)
            .filter { $0 != "middleware.registry[].name" })
    func acts(name: String) throws {
        let key = try #require(ConfigurationKey.table.first { $0.name == name })
        let free = key.path[0] == "middleware" ? "BASEURL" : "NAME"
        let words = key.path.map { $0 == "*" ? free : $0 == "[]" ? "0" : $0.uppercased() }
        let variable = "REGISTRY_" + words.joined(separator: "_")
        let base = Self.base(for: key)
        let before = try Configuration.parse(yaml: base).configuration
        let (after, warnings) = try Configuration.parse(yaml: base, environment: [variable: Self.value(for: key)])
        // What is misspelled or misplaced acts, with a warning.
        #expect(warnings.isEmpty || key.path[0] == "middleware")
        #expect((before != after) == !Self.isWithoutEffect(key))
    }

    @Test("every key has either a meaning or a refusal, and stands in the table once")
    func complete() {
        for key in ConfigurationKey.table {
            #expect((key.refusal == nil) != key.meaning.isEmpty, "\(key.name)")
            #expect((key.refusal == nil) == (key.kind != .anything), "\(key.name)")
        }
        #expect(Set(ConfigurationKey.table.map(\.name)).count == ConfigurationKey.table.count)
    }

    @Test("docs/configuration.md is what `cove config reference` prints")
    func document() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let page = try String(contentsOf: root.appendingPathComponent("docs/configuration.md"), encoding: .utf8)
        #expect(page == Configuration.reference(), "run: cove config reference > docs/configuration.md")
    }

    @Test("the reference names every key and every refusal")
    func reference() {
        let page = Configuration.reference()
        for key in ConfigurationKey.table {
            #expect(page.contains("| `\(key.name)` | \(key.refusal ?? key.kind.name) |"), "\(key.name)")
        }
    }
}
