import CoveOCI
import TestSupport
import Testing

@testable import CoveMetadata
@testable import CoveRegistry

@Suite("Errands")
struct ErrandTests {
    @Test("a command has the server collect, and is told its lines and its outcome")
    func collect() async throws {
        let fixture = try await RegistryFixture()
        let app = try RepositoryName(parsing: "app")
        let digest = try await fixture.push("unused", to: app)
        let server = Task {
            while !Task.isCancelled {
                _ = try await ErrandRunner(registry: fixture.registry).runNext()
                try await Task.sleep(for: .milliseconds(10))
            }
        }
        var options = GarbageCollection.Options()
        options.grace = -60
        let lines = Shared<[String]>([])
        let outcome = try await Errands.collectGarbage(options, in: fixture.metadata, waiting: .seconds(20)) { said in
            lines.change { $0 += said }
        }
        server.cancel()
        #expect(outcome?.blobs == 1)
        #expect(lines.value == ["app", "blob eligible for deletion: \(digest)"])
        #expect(try await fixture.rows("SELECT id FROM errand").isEmpty)
        #expect(try await fixture.rows("SELECT number FROM errand_line").isEmpty)
    }

    @Test("what nobody takes is withdrawn")
    func nobody() async throws {
        let fixture = try await RegistryFixture()
        #expect(try await Errands.collectGarbage(.init(), in: fixture.metadata, waiting: .milliseconds(200)) { _ in } == nil)
        #expect(try await fixture.rows("SELECT id FROM errand").isEmpty)
        #expect(try await !ErrandRunner(registry: fixture.registry).runNext())
    }

    @Test("what the server cannot do is said", arguments: [("dance", "{}", "dance"), ("garbage-collect", "[]", "")])
    func unknown(kind: String, arguments: String, word: String) async throws {
        let fixture = try await RegistryFixture()
        try await fixture.metadata.write { try $0.postErrand("e", kind: kind, arguments: arguments) }
        #expect(try await ErrandRunner(registry: fixture.registry).runNext())
        let errand = try #require(try await fixture.metadata.read { try $0.errand("e") })
        #expect(errand.state == .failed && errand.outcome?.contains(word) == true)
    }

    @Test("of two that would take an errand or withdraw it, one may")
    func once() async throws {
        let fixture = try await RegistryFixture()
        try await fixture.metadata.write { store in
            try store.postErrand("a", kind: "k", arguments: "{}")
            #expect(try store.takeErrand("a"))
            #expect(try !store.takeErrand("a"))
            #expect(try !store.withdrawErrand("a"))
            try store.report(["one", "two"], from: 0, of: "a")
            #expect(try store.lines(of: "a", after: 0, limit: 5).map(\.text) == ["two"])
            try store.removeErrands(idleSince: store.now + 1)
            #expect(try store.errand("a") == nil)
        }
    }
}
