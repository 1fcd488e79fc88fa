import CoveBlobs
import CoveOCI
import HTTPTypes
import Testing

@testable import CoveServer

@Suite("API: blobs that clients read elsewhere")
struct RedirectTests {
    private static let text = String(repeating: "0123456789abcdef", count: 4097)
    private static let digest = Digest.of(text.utf8)
    private let path = "/v2/team/app/blobs/\(digest)"

    private func api() async throws -> API {
        let api = try await API(storage: URLStorage())
        _ = try await api.push(Self.text, to: "team/app")
        return api
    }

    @Test("GET is sent to the storage's URL, whatever part is asked for", arguments: [nil, "bytes=2-4"])
    func redirect(range: String?) async throws {
        let answer = try await api().ask(.get, path, headers: range.map { [.range: $0] } ?? [:])
        #expect(answer.status == 307)
        #expect(answer.headers[.location] == URLStorage.url)
        #expect(answer.headers[.dockerContentDigest] == Self.digest.description)
        #expect(answer.body == "")
        // The URL ends, and the blob's length and type are not this answer's.
        for name in [HTTPField.Name.cacheControl, .eTag, .contentType, .contentRange] { #expect(answer.headers[name] == nil) }
        #expect([nil, "0"].contains(answer.headers[.contentLength]))
    }

    @Test("HEAD is answered here, with the size")
    func head() async throws {
        let answer = try await api().ask(.head, path)
        #expect(answer.status == 200)
        #expect(answer.headers[.contentLength] == String(Self.text.utf8.count))
        #expect(answer.headers[.location] == nil)
    }

    @Test("what the client has is not asked for elsewhere")
    func notModified() async throws {
        let answer = try await api().ask(.get, path, headers: [.ifNoneMatch: "\"\(Self.digest)\""])
        #expect(answer.status == 304)
        #expect(answer.headers[.location] == nil)
    }

    @Test("a range outside of the blob is refused here")
    func unsatisfiable() async throws {
        let answer = try await api().ask(.get, path, headers: [.range: "bytes=\(Self.text.utf8.count)-"])
        #expect(answer.status == 416)
        #expect(answer.headers[.contentRange] == "bytes */\(Self.text.utf8.count)")
    }
}

/// Keeps bytes in memory and gives out URLs for them.
private struct URLStorage: BlobStorage {
    static let url = "https://bucket.s3.example.org/blob?X-Amz-Signature=0&a=%2F"
    private let memory = MemoryStorage()

    func directURL(of location: String, type: String) async throws(BlobStorageError) -> String? { Self.url }

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
