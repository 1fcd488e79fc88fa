import CoveBlobs
import CoveMetadata
import CoveOCI
import NIOCore
import Testing

@testable import CoveRegistry

@Suite("Registry: blobs that clients read elsewhere")
struct RedirectTests {
    private static let large = String(repeating: "0123456789abcdef", count: 4097)
    private let app: RepositoryName

    init() throws {
        app = try RepositoryName(parsing: "team/app")
    }

    @Test("a blob that the storage has a URL for is read there, and counts as a pull")
    func elsewhere() async throws {
        let fixture = try await RegistryFixture(storage: URLStorage())
        let digest = try await fixture.push(Self.large, to: app)
        let name = app
        let blob = try #require(try await fixture.metadata.read { try $0.blob(digest, in: name) })
        #expect(try await fixture.pull(digest, from: app) == "https://bucket/\(blob.location)?type=application/octet-stream")
        await fixture.registry.pulls.flush()
        #expect(try await fixture.rows("SELECT action FROM event ORDER BY id") == [["push"], ["pull"]])
        #expect(try await fixture.registry.blobSize(digest, in: app) == Self.large.utf8.count)
    }

    @Test("what delivers blobs instead of the storage gets the blob's place and the client's address")
    func delivered() async throws {
        struct Echo: DeliveryStep {
            func url(
                of blob: DeliveredBlob, before: () async throws(BlobStorageError) -> String?
            ) async throws(BlobStorageError) -> String? {
                "\(try await before() ?? "none") \(blob.key == blob.location) \(blob.client ?? "nobody")"
            }
        }
        var options = Registry.Options()
        options.delivery = ContentDelivery([Echo()])
        let fixture = try await RegistryFixture(storage: URLStorage(), options)
        let url = try await fixture.pull(fixture.push(Self.large, to: app), from: app)
        #expect(url.hasPrefix("https://bucket/") && url.hasSuffix("?type=application/octet-stream true nobody"))
        options.redirects = false
        let plain = try await RegistryFixture(storage: URLStorage(), options)
        #expect(try await plain.pull(plain.push(Self.large, to: app), from: app) == Self.large)
    }

    @Test("a small blob comes from memory")
    func small() async throws {
        let fixture = try await RegistryFixture(storage: URLStorage())
        #expect(try await fixture.pull(fixture.push("small", to: app), from: app) == "small")
    }

    @Test("with redirects off, or without a URL to be had, the bytes come from here", arguments: [false, true])
    func here(redirects: Bool) async throws {
        var options = Registry.Options()
        options.redirects = redirects
        let fixture = try await RegistryFixture(storage: URLStorage(fails: redirects), options)
        #expect(try await fixture.pull(fixture.push(Self.large, to: app), from: app) == Self.large)
    }

    @Test("nobody is sent to a blob that the repository does not hold")
    func unknown() async throws {
        let fixture = try await RegistryFixture(storage: URLStorage())
        let digest = try await fixture.push(Self.large, to: RepositoryName(parsing: "other"))
        #expect(await refusal { _ = try await fixture.pull(digest, from: app) } == "blobUnknown")
    }
}

/// Keeps bytes in memory and gives out URLs for them.
private struct URLStorage: BlobStorage {
    var fails = false
    private let memory = MemoryStorage()

    init(fails: Bool = false) {
        self.fails = fails
    }

    func directURL(of location: String, type: String) async throws(BlobStorageError) -> String? {
        if fails { throw .failed("no credentials") }
        return "https://bucket/\(location)?type=\(type)"
    }

    func openUpload(_ id: UploadID, at checkpoint: UploadCheckpoint) async throws(BlobStorageError) -> any UploadWriter {
        try await memory.openUpload(id, at: checkpoint)
    }

    func readUpload(
        _ id: UploadID, to checkpoint: UploadCheckpoint, _ body: @escaping @Sendable (UnsafeRawBufferPointer) -> Void
    ) async throws(BlobStorageError) {
        try await memory.readUpload(id, to: checkpoint, body)
    }

    func commit(
        _ id: UploadID, at checkpoint: UploadCheckpoint, as digest: Digest, _ record: (String) async -> PlacementOutcome
    ) async throws(BlobStorageError) {
        try await memory.commit(id, at: checkpoint, as: digest, record)
    }

    func discardUpload(_ id: UploadID) async throws(BlobStorageError) { try await memory.discardUpload(id) }
    func openBlob(_ location: String) async throws(BlobStorageError) -> any BlobReader { try await memory.openBlob(location) }
    func size(of location: String) async throws(BlobStorageError) -> Int64? { try await memory.size(of: location) }
    func deleteBlob(_ location: String) async throws(BlobStorageError) { try await memory.deleteBlob(location) }
    func probe() async throws(BlobStorageError) {}

    func leftovers(
        _ blobs: @Sendable ([String]) async throws -> Void, uploads: @Sendable ([UploadID]) async throws -> Void
    ) async throws {}
}
