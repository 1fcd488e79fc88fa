import TestSupport
import Testing

@testable import CoveConfiguration

@Suite("Configuration: YAML")
struct YAMLTests {
    private typealias Samples = ConfigurationSamples

    @Test("a spoilt file is read or refused with words, never worse", arguments: 0..<12)
    func mutations(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let original = Array(Samples.everything.utf8)
        var refused = 0
        for _ in 0..<60 {
            let text = String(decoding: random.mutated(original), as: UTF8.self)
            do throws(ConfigurationError) {
                let configuration = try Configuration.parse(yaml: text).configuration
                #expect(try Configuration.parse(yaml: configuration.rendered(maskingSecrets: false)).configuration == configuration)
            } catch {
                #expect(!error.problems.isEmpty)
                #expect(error.problems.allSatisfy { !$0.isEmpty })
                refused += 1
            }
        }
        #expect(refused > 10)
    }

    @Test("random text is refused", arguments: 0..<4)
    func noise(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<200 {
            let text = random.text(of: "ab:- \n#{}[],&*!|>'\"%@`?\\\t0", length: 1...40)
            #expect(!Samples.problems(text).isEmpty, "'\(text)'")
        }
    }

    @Test("what is not YAML says so")
    func notYAML() {
        #expect(Samples.problems("a: [").first?.hasPrefix("not YAML: ") == true)
        #expect(Samples.problems("a: 1\na: 2").first?.hasPrefix("not YAML: ") == true)
        #expect(Samples.problems("a: *nobody").first?.hasPrefix("not YAML: ") == true)
    }

    @Test("anchors and aliases are followed")
    func aliases() throws {
        let yaml = "version: 0.1\nhttp:\n  tls: &tls {certificate: c, key: k}\n  listeners: [{addr: ':1', tls: *tls}]"
        let http = try Configuration.parse(yaml: yaml).configuration.http
        #expect(http.listeners.map(\.tls) == [http.tls])
        #expect(http.tls?.identity == .files(certificate: "c", key: "k"))
    }

    @Test("aliases that multiply are stopped")
    func bomb() {
        let levels = (1...12).map { "a\($0): &a\($0) [\(Array(repeating: "*a\($0 - 1)", count: 9).joined(separator: ","))]" }
        #expect(Samples.problems((["a0: &a0 x"] + levels).joined(separator: "\n")) == ["the configuration has too many values"])
    }

    @Test("nesting is bounded", arguments: [33, 900])
    func nesting(depth: Int) {
        let yaml = "log: " + String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        #expect(Samples.problems(yaml) == ["the configuration is nested deeper than 32 levels"])
    }

    @Test("a file of more than 1 MiB is not read")
    func size() {
        #expect(Samples.problems(String(repeating: "#", count: 1_048_577)) == ["the configuration has more than 1048576 bytes"])
    }

    @Test("a key that is no text is refused")
    func keys() {
        #expect(Samples.problems("version: 0.1\n[a]: b") == ["a key (line 2) is not text"])
    }

    @Test("an empty file lacks its version, and so does one of comments", arguments: ["", "# nothing\n", "---\n", "{}"])
    func empty(yaml: String) {
        #expect(Samples.problems(yaml) == ["'version' is missing; write version: 0.1"])
    }
}
