import CoveBlobs
import CoveMetadata
import CoveOCI
import CoveRedis
import TestSupport
import Testing

@testable import CoveRegistry

/// Registries on the same stores, each with memory and connections of its own: nodes.
@Suite("Registry: with Redis", .enabled(if: RedisServer.binary != nil, "\(RedisServer.absence)"), .timeLimit(.minutes(2)))
struct RedisRegistryTests {
    private let app: RepositoryName
    private let web: RepositoryName
    private let server: RedisServer
    private let fixture: RegistryFixture

    init() async throws {
        app = try RepositoryName(parsing: "team/app")
        web = try RepositoryName(parsing: "team/web")
        server = try await RedisServer()
        fixture = try await RegistryFixture()
    }

    /// A node that keeps nothing in memory, so that Redis is asked each time.
    private func node() throws -> Registry {
        var options = Registry.Options()
        options.cachedBlobs = 0
        return fixture.another(options, descriptors: try server.cache())
    }

    private func pull(_ digest: Digest, from repository: RepositoryName, at node: Registry) async throws -> String {
        try await fixture.pull(digest, from: repository, at: node)
    }

    /// Takes a blob out of a repository behind the registry's back.
    private func unlink(_ digest: Digest, from repository: RepositoryName) async throws {
        try await fixture.metadata.write { store in
            guard let blob = try store.blob(digest, in: repository), let id = try store.repositoryID(repository) else { return }
            try store.unlink(blob, from: id)
        }
    }

    @Test("a node finds in Redis what another one loaded, without asking the store")
    func shared() async throws {
        let digest = try await fixture.push("x", to: app)
        #expect(try await node().blobSize(digest, in: app) == 1)
        try await unlink(digest, from: app)
        #expect(try await pull(digest, from: app, at: node()) == "x")
    }

    @Test("a repository that does not hold a blob does not get it because another does")
    func otherRepository() async throws {
        let digest = try await fixture.push("x", to: app)
        let node = try node()
        #expect(try await pull(digest, from: app, at: node) == "x")
        #expect(await refusal { _ = try await pull(digest, from: web, at: node) } == "blobUnknown")
        #expect(try await node.mountBlob(digest, from: app, to: web, origin: fixture.origin))
        #expect(try await pull(digest, from: web, at: node) == "x")
    }

    @Test("a blob deleted on one node is gone from all, and back when it is pushed again")
    func delete() async throws {
        let digest = try await fixture.push("x", to: app)
        let (one, two) = (try node(), try node())
        #expect(try await pull(digest, from: app, at: one) == "x")
        #expect(try await pull(digest, from: app, at: two) == "x")
        try await two.deleteBlob(digest, in: app, origin: fixture.origin)
        for node in [one, two] { #expect(await refusal { _ = try await pull(digest, from: app, at: node) } == "blobUnknown") }
        try await fixture.push("x", to: app)
        for node in [one, two] { #expect(try await pull(digest, from: app, at: node) == "x") }
        try await one.deleteBlob(digest, in: app, origin: fixture.origin)
        for node in [one, two] { #expect(await refusal { _ = try await pull(digest, from: app, at: node) } == "blobUnknown") }
    }

    @Test("no reader on any node sees a blob after its delete was acknowledged", arguments: 0..<3)
    func coherent(round: Int) async throws {
        let digest = try await fixture.push("x", to: app)
        let deleter = fixture.another(descriptors: try server.cache())
        // Of the nodes that keep blobs in memory only the deleting one's is told: the others' is not this cache's matter.
        let readers = [deleter, try node()]
        // Odd from each acknowledged delete to the push after it.
        let phase = Shared(0)
        let isOver = Shared(false)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for reader in readers + readers {
                group.addTask {
                    while !isOver.value {
                        // What is in memory is had without waiting: the others must get their turn.
                        await Task.yield()
                        let before = phase.value
                        let isThere = await refusal { _ = try await reader.blobSize(digest, in: app) } == nil
                        if before % 2 == 1, phase.value == before { #expect(!isThere) }
                    }
                }
            }
            group.addTask {
                defer { isOver.change { $0 = true } }
                for _ in 0..<30 {
                    try await deleter.deleteBlob(digest, in: app, origin: fixture.origin)
                    phase.change { $0 += 1 }
                    try await Task.sleep(for: .milliseconds(3))
                    phase.change { $0 += 1 }
                    try await fixture.push("x", to: app)
                    // The mark of the delete would keep Redis out of the game for two minutes.
                    try await server.redis().delete("cove:test:blob:team/app@\(digest)")
                    try await Task.sleep(for: .milliseconds(3))
                }
            }
            try await group.waitForAll()
        }
    }

    @Test("a blob whose bytes were mended is read where they are now", arguments: [8, 200_000])
    func healed(size: Int) async throws {
        let text = String(repeating: "x", count: size)
        let digest = try await fixture.push(text, to: app)
        #expect(try await node().blobSize(digest, in: app) == Int64(size))
        let (name, storage) = (app, fixture.storage)
        let blob = try #require(try await fixture.metadata.read { try $0.blob(digest, in: name) })
        try await storage.deleteBlob(blob.location)
        // By a node that does not know of this repository's entry in Redis.
        try await fixture.push(text, to: web)
        #expect(try await pull(digest, from: app, at: node()) == text)
        #expect(try await pull(digest, from: app, at: node()) == text)
    }

    @Test("a node that mends a blob withdraws the entries of all repositories that hold it")
    func healedEverywhere() async throws {
        let digest = try await fixture.push("x", to: app)
        try await fixture.push("x", to: web)
        let node = try node()
        let redis = try server.redis()
        for name in [app, web] { #expect(try await node.blobSize(digest, in: name) == 1) }
        let (name, storage) = (app, fixture.storage)
        let blob = try #require(try await fixture.metadata.read { try $0.blob(digest, in: name) })
        try await storage.deleteBlob(blob.location)
        try await node.pushBlob(RegistryFixture.body("x"), length: nil, expecting: digest, in: web, origin: fixture.origin)
        for name in [app, web] {
            #expect(try await redis.get("cove:test:blob:\(name)@\(digest)") == Array(DescriptorEntry.mark.utf8))
        }
    }

    @Test("bytes that are nowhere are an unavailable store, as without Redis")
    func missingBytes() async throws {
        let digest = try await fixture.push("x", to: app)
        #expect(try await node().blobSize(digest, in: app) == 1)
        let name = app
        let blob = try #require(try await fixture.metadata.read { try $0.blob(digest, in: name) })
        try await fixture.storage.deleteBlob(blob.location)
        #expect(await refusal { _ = try await pull(digest, from: app, at: node()) } == "unavailable")
    }

    @Test("Redis being killed, stalled and back fails no request")
    func outage() async throws {
        let digest = try await fixture.push("x", to: app)
        let node = try node()
        func work() async throws {
            for _ in 0..<20 {
                #expect(try await pull(digest, from: app, at: node) == "x")
                #expect(await refusal { _ = try await node.blobSize(digest, in: web) } == "blobUnknown")
            }
            let other = try await fixture.push("other", to: web)
            #expect(try await pull(other, from: web, at: node) == "other")
            try await node.deleteBlob(other, in: web, origin: fixture.origin)
            #expect(await refusal { _ = try await pull(other, from: web, at: node) } == "blobUnknown")
        }
        try await work()
        await server.kill()
        try await work()
        try await server.start()
        try await work()
        server.stall()
        let took = try await ContinuousClock().measure { try await work() }
        server.resume()
        #expect(took < .seconds(15))
        try await work()
    }
}
