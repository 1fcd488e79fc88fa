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
        validation: {manifests: {indexes: {platformlist: [{os: a, architecture: b}]}}}
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

    /// As ``base``, for the keys of a mirror.
    private static func proxy(_ login: String) -> String {
        "version: 0.1\nproxy: {remoteurl: https://a, \(login), upstreams: [{prefix: docker.io, remoteurl: https://a, \(login)}]}"
    }

    private static func base(for key: ConfigurationKey) -> String {
        if key.name == "redis.addr" { return stores.replacing("addrs: [\"h:1\"]", with: "addr: h:1") }
        if key.path[0] == "proxy" { return proxy(key.path.contains("exec") ? "exec: {command: c}" : "username: u, password: p") }
        return ["redis", "metadata"].contains(key.path[0]) || key.name.hasPrefix("storage.s3.") ? stores : base
    }

    /// Keys that any value of is right, as Cove has nothing to set by them.
    private static func isWithoutEffect(_ key: ConfigurationKey) -> Bool {
        key.name == "version" || key.meaning.hasPrefix("Accepted") && key.name != "http.secret"
    }

    private static func value(for key: ConfigurationKey) -> String {
        switch key.kind {
        case .boolean:
            switch key.name {
            case "storage.s3.v4auth": "true"
            case "storage.s3.encrypt", "redis.tls.enabled": "false"
            default: key.usual == "true" ? "false" : "true"
            }
        case .integer: key.name == "redis.protocol" ? "3" : "7"
        case .duration: key.name == "redis.connmaxlifetime" ? "0" : "45s"
        case .size: key.name.hasPrefix("storage.s3.") ? "6MiB" : "8192"
        case .choice(let words): words.first { $0 != key.usual } ?? ""
        case .texts:
            switch key.path.last {
            case "ciphersuites": "[TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256]"
            case "addrs": "[x:1, y:2]"
            default: "[x]"
            }
        case .text:
            switch key.name {
            case "version": "0.1"
            case "http.host", "proxy.remoteurl", "proxy.upstreams[].remoteurl": "https://x"
            case "http.prefix": "/x"
            case "http.addr", "http.listeners[].addr", "redis.addr": "localhost:7"
            case "storage.s3.loglevel": "off"
            case "metadata.url": "sqlite:/x.db"
            default: "other"
            }
        case .anything: ""
        }
    }

    @Test(
        "every key that is not refused changes the configuration, by its variable",
        arguments: ConfigurationKey.table.filter { $0.refusal == nil }.map(\.name))
    func acts(name: String) throws {
        let key = try #require(ConfigurationKey.table.first { $0.name == name })
        let words = key.path.map { $0 == "*" ? "NAME" : $0 == "[]" ? "0" : $0.uppercased() }
        let variable = "REGISTRY_" + words.joined(separator: "_")
        let base = Self.base(for: key)
        let before = try Configuration.parse(yaml: base).configuration
        let (after, warnings) = try Configuration.parse(yaml: base, environment: [variable: Self.value(for: key)])
        #expect(warnings.isEmpty)
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
