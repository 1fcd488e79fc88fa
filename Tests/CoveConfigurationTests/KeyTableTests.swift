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

    /// Keys that any value of is right, as Cove has nothing to set by them.
    private static let withoutEffect = ["version", "storage.redirect.disable", "storage.tag.concurrencylimit"]

    private static func value(for key: ConfigurationKey) -> String {
        switch key.kind {
        case .boolean: key.usual == "true" ? "false" : "true"
        case .integer: "7"
        case .duration: "45s"
        case .size: "8192"
        case .choice(let words): words.first { $0 != key.usual } ?? ""
        case .texts: key.path.last == "ciphersuites" ? "[TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256]" : "[x]"
        case .text:
            switch key.name {
            case "version": "0.1"
            case "http.host": "https://x"
            case "http.prefix": "/x"
            case "http.addr", "http.listeners[].addr": "localhost:7"
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
        let before = try Configuration.parse(yaml: Self.base).configuration
        let (after, warnings) = try Configuration.parse(yaml: Self.base, environment: [variable: Self.value(for: key)])
        #expect(warnings.isEmpty)
        #expect((before != after) == !Self.withoutEffect.contains(name))
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
