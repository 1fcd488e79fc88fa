import CoveBlobs
import CoveMetadata
import CoveOCI
import NIOCore
import Testing

@testable import CoveRegistry

@Suite("Registry: what is switched off")
struct OptionTests {
    private let app: RepositoryName

    init() throws {
        app = try RepositoryName(parsing: "app")
    }

    @Test("a read-only registry serves what it has and takes nothing")
    func readOnly() async throws {
        let fixture = try await RegistryFixture()
        let digest = try await fixture.push("x", to: app)
        let image = try await fixture.image("i", in: app)
        try await fixture.pushManifest(image, as: "v1", to: app)
        let id = try await fixture.registry.beginUpload(in: app, algorithm: .sha256)
        var options = Registry.Options()
        options.readOnly = true
        let registry = fixture.another(options)
        let (body, origin) = (RegistryFixture.body("y"), fixture.origin)
        let tag = try Reference(parsing: "v1")
        for attempt in [
            { _ = try await registry.beginUpload(in: app, algorithm: .sha256) },
            { try await registry.checkChunk(.init(), of: id, in: app) },
            { _ = try await registry.appendChunk(body, claim: .init(), to: id, in: app) },
            { try await registry.finishUpload(id, expecting: digest, body: body, claim: .init(), in: app, origin: origin) },
            { try await registry.pushBlob(body, length: nil, expecting: digest, in: app, origin: origin) },
            { _ = try await registry.mountBlob(digest, from: nil, to: app, origin: origin) },
            { try await registry.deleteBlob(digest, in: app, origin: origin) },
            { try await registry.deleteManifest(tag, in: app, origin: origin) },
            {
                _ = try await registry.pushManifest(
                    ByteBuffer(string: image), contentType: nil, as: tag, tags: [], in: app, origin: origin)
            },
        ] as [() async throws -> Void] {
            #expect(await refusal(attempt) == "readOnly")
        }
        #expect(try await registry.blobSize(digest, in: app) == 1)
        #expect(String(buffer: try await registry.manifest(tag, in: app, origin: nil).payload) == image)
    }

    @Test("with deletion disabled, everything else works")
    func deleteDisabled() async throws {
        var options = Registry.Options()
        options.deleteEnabled = false
        let fixture = try await RegistryFixture(.memory, options)
        let digest = try await fixture.push("x", to: app)
        try await fixture.pushManifest(fixture.image("i", in: app), as: "v1", to: app)
        #expect(await refusal { try await fixture.registry.deleteBlob(digest, in: app, origin: fixture.origin) } == "deleteDisabled")
        let tag = try Reference(parsing: "v1")
        #expect(await refusal { try await fixture.registry.deleteManifest(tag, in: app, origin: fixture.origin) } == "deleteDisabled")
        #expect(try await fixture.pull(digest, from: app) == "x")
        // A client may always give up its own upload.
        try await fixture.registry.cancelUpload(fixture.registry.beginUpload(in: app, algorithm: .sha256), in: app)
    }

    @Test("without a cache of blobs, they are found all the same")
    func noCache() async throws {
        var options = Registry.Options()
        options.cachedBlobs = 0
        let fixture = try await RegistryFixture(.memory, options)
        let digest = try await fixture.push("x", to: app)
        #expect(try await fixture.pull(digest, from: app) == "x")
        #expect(try await fixture.pull(digest, from: app) == "x")
    }

    @Test("a registry whose stores answer passes its probe; one whose store is closed does not")
    func probe() async throws {
        let fixture = try await RegistryFixture(.filesystem)
        try await fixture.registry.probe()
        try await fixture.metadata.close()
        #expect(await refusal { try await fixture.registry.probe() } == "unavailable")
    }
}
