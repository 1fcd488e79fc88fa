import CoveBlobs
import CoveMetadata
import CoveOCI
import NIOCore
import TestSupport
import Testing

@testable import CoveRegistry

@Suite("Registry: blobs")
struct BlobTests {
    private let app: RepositoryName
    private let web: RepositoryName

    init() throws {
        app = try RepositoryName(parsing: "team/app")
        web = try RepositoryName(parsing: "team/web")
    }

    @Test("a blob that was pushed is pulled, from its repository only", arguments: RegistryFixture.Kind.allCases, Digest.Algorithm.allCases)
    func pushAndPull(kind: RegistryFixture.Kind, algorithm: Digest.Algorithm) async throws {
        let fixture = try await RegistryFixture(kind)
        let digest = try await fixture.push("hello", to: app, algorithm: algorithm)
        #expect(try await fixture.registry.blobSize(digest, in: app) == 5)
        #expect(try await fixture.pull(digest, from: app) == "hello")
        #expect(await refusal { _ = try await fixture.pull(digest, from: web) } == "blobUnknown")
        #expect(await refusal { _ = try await fixture.registry.blobSize(digest, in: web) } == "blobUnknown")
        let other = Digest.of("hello".utf8, algorithm: algorithm == .sha256 ? .sha512 : .sha256)
        #expect(await refusal { _ = try await fixture.pull(other, from: app) } == "blobUnknown")
    }

    @Test("blobs of any size come back", arguments: RegistryFixture.Kind.allCases, [0, 1, 65_536, 65_537, 1_500_000])
    func sizes(kind: RegistryFixture.Kind, size: Int) async throws {
        let fixture = try await RegistryFixture(kind)
        let text = String(repeating: "0123456789abcdef", count: size / 16) + String(repeating: "x", count: size % 16)
        let digest = try await fixture.push(text, to: app)
        let content = try await fixture.registry.openBlob(digest, in: app, origin: fixture.origin)
        #expect(content.size == size)
        switch content.bytes {
        case .memory: #expect(size <= 65_536)
        case .storage(let reader):
            #expect(size > 65_536)
            await reader.close()
        case .elsewhere(let url): Issue.record("sent to \(url)")
        }
        #expect(try await fixture.pull(digest, from: app) == text)
    }

    @Test("content that does not have its digest is refused and leaves nothing", arguments: RegistryFixture.Kind.allCases)
    func mismatch(kind: RegistryFixture.Kind) async throws {
        let fixture = try await RegistryFixture(kind)
        let digest = Digest.of("expected".utf8)
        do throws(RegistryError) {
            try await fixture.registry.pushBlob(
                RegistryFixture.body("sent"), length: nil, expecting: digest, in: app, origin: fixture.origin)
            Issue.record("it was accepted")
        } catch {
            guard case .digestMismatch(let expected, let actual) = error else {
                Issue.record("\(error)")
                return
            }
            #expect(expected == digest)
            #expect(actual == Digest.of("sent".utf8))
        }
        #expect(await refusal { _ = try await fixture.pull(digest, from: app) } == "blobUnknown")
        #expect(fixture.files.isEmpty)
    }

    @Test(
        "a body of another length than stated is refused and leaves nothing", arguments: RegistryFixture.Kind.allCases, [3, 5] as [Int64])
    func length(kind: RegistryFixture.Kind, length: Int64) async throws {
        let fixture = try await RegistryFixture(kind)
        let digest = Digest.of("four".utf8)
        let refused = await refusal {
            try await fixture.registry.pushBlob(
                RegistryFixture.body("four"), length: length, expecting: digest, in: app, origin: fixture.origin)
        }
        #expect(refused == "lengthMismatch")
        #expect(fixture.files.isEmpty)
    }

    @Test("a body that breaks off leaves nothing when it was the whole push", arguments: RegistryFixture.Kind.allCases)
    func brokenBody(kind: RegistryFixture.Kind) async throws {
        let fixture = try await RegistryFixture(kind)
        let refused = await refusal {
            try await fixture.registry.pushBlob(
                RegistryFixture.body([ByteBuffer(string: "part")], breaks: true), length: nil, expecting: Digest.of("part".utf8),
                in: app, origin: fixture.origin)
        }
        #expect(refused == "bodyFailed")
        #expect(fixture.files.isEmpty)
    }

    @Test("the same content pushed by many at once is stored once and held by all")
    func sameContent() async throws {
        let fixture = try await RegistryFixture(.filesystem)
        let names = try (0..<20).map { try RepositoryName(parsing: "r\($0)") }
        try await withThrowingTaskGroup(of: Digest.self) { group in
            for name in names { group.addTask { try await fixture.push("shared", to: name) } }
            try await group.waitForAll()
        }
        for name in names { #expect(try await fixture.pull(Digest.of("shared".utf8), from: name) == "shared") }
        #expect(fixture.files.count == 1)
    }

    @Test("a deleted blob is gone from its repository at once, and stays in others", arguments: RegistryFixture.Kind.allCases)
    func delete(kind: RegistryFixture.Kind) async throws {
        let fixture = try await RegistryFixture(kind)
        let digest = try await fixture.push("x", to: app)
        try await fixture.push("x", to: web)
        #expect(try await fixture.pull(digest, from: app) == "x")
        try await fixture.registry.deleteBlob(digest, in: app, origin: fixture.origin)
        #expect(await refusal { _ = try await fixture.pull(digest, from: app) } == "blobUnknown")
        #expect(await refusal { try await fixture.registry.deleteBlob(digest, in: app, origin: fixture.origin) } == "blobUnknown")
        #expect(try await fixture.pull(digest, from: web) == "x")
        try await fixture.push("x", to: app)
        #expect(try await fixture.pull(digest, from: app) == "x")
    }

    @Test("a blob is mounted from the repository that holds it", arguments: RegistryFixture.Kind.allCases)
    func mount(kind: RegistryFixture.Kind) async throws {
        let fixture = try await RegistryFixture(kind)
        let digest = try await fixture.push("x", to: app)
        let registry = fixture.registry
        let elsewhere = try RepositoryName(parsing: "elsewhere")
        #expect(try await !registry.mountBlob(digest, from: elsewhere, to: web, origin: fixture.origin))
        #expect(try await registry.repositories(after: "", limit: 10).page == ["team/app"])
        #expect(try await registry.mountBlob(digest, from: app, to: web, origin: fixture.origin))
        #expect(try await registry.mountBlob(digest, from: app, to: web, origin: fixture.origin))
        #expect(try await fixture.pull(digest, from: web) == "x")
        // From whichever holds it.
        #expect(try await registry.mountBlob(digest, from: nil, to: elsewhere, origin: fixture.origin))
        #expect(try await fixture.pull(digest, from: elsewhere) == "x")
        #expect(try await !registry.mountBlob(Digest.of("absent".utf8), from: nil, to: web, origin: fixture.origin))
    }

    @Test("a blob that nobody holds any more cannot be mounted")
    func mountDeleted() async throws {
        let fixture = try await RegistryFixture()
        let digest = try await fixture.push("x", to: app)
        try await fixture.registry.deleteBlob(digest, in: app, origin: fixture.origin)
        #expect(try await !fixture.registry.mountBlob(digest, from: nil, to: web, origin: fixture.origin))
        #expect(try await !fixture.registry.mountBlob(digest, from: app, to: web, origin: fixture.origin))
    }

    @Test("bytes that are missing from the storage are an unavailable store, not an unknown blob")
    func missingBytes() async throws {
        let fixture = try await RegistryFixture()
        let digest = try await fixture.push("x", to: app)
        let name = app
        let blob = try #require(try await fixture.metadata.read { try $0.blob(digest, in: name) })
        try await fixture.storage.deleteBlob(blob.location)
        #expect(await refusal { _ = try await fixture.pull(digest, from: app) } == "unavailable")
    }

    @Test("a push mends a blob whose bytes are gone or cut short", arguments: RegistryFixture.Kind.allCases)
    func heal(kind: RegistryFixture.Kind) async throws {
        let fixture = try await RegistryFixture(kind)
        let digest = try await fixture.push("precious", to: app)
        let name = app
        let blob = try #require(try await fixture.metadata.read { try $0.blob(digest, in: name) })
        try await fixture.storage.deleteBlob(blob.location)
        try await fixture.push("precious", to: web)
        #expect(try await fixture.pull(digest, from: app) == "precious")
        #expect(try await fixture.pull(digest, from: web) == "precious")
        #expect(fixture.files.count == (kind == .memory ? 0 : 1))
    }
}
