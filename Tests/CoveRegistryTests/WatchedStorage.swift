import CoveBlobs
import CoveOCI
import TestSupport

/// Blobs in memory, with a moment in which a test may do something, and a list of what was deleted.
final class WatchedStorage: BlobStorage {
    private let storage = MemoryStorage()
    /// Done once, before the size of a blob is told.
    let whenAsked = Shared<(@Sendable () async -> Void)?>(nil)
    /// Locations, in order.
    let deleted = Shared<[String]>([])

    func size(of location: String) async throws(BlobStorageError) -> Int64? {
        let body = whenAsked.value
        whenAsked.change { $0 = nil }
        await body?()
        return try await storage.size(of: location)
    }

    func deleteBlob(_ location: String) async throws(BlobStorageError) {
        deleted.change { $0.append(location) }
        try await storage.deleteBlob(location)
    }

    // MARK: - As it is

    func openUpload(_ id: UploadID, at checkpoint: UploadCheckpoint) async throws(BlobStorageError) -> any UploadWriter {
        try await storage.openUpload(id, at: checkpoint)
    }

    func readUpload(
        _ id: UploadID, to checkpoint: UploadCheckpoint, _ body: @escaping @Sendable (UnsafeRawBufferPointer) -> Void
    ) async throws(BlobStorageError) {
        try await storage.readUpload(id, to: checkpoint, body)
    }

    func commit(
        _ id: UploadID, at checkpoint: UploadCheckpoint, as digest: Digest, _ record: (String) async -> PlacementOutcome
    ) async throws(BlobStorageError) {
        var kept = true
        var placed = ""
        try await storage.commit(id, at: checkpoint, as: digest) { location in
            let outcome = await record(location)
            (kept, placed) = (outcome != .notNeeded && outcome != .refused, location)
            return outcome
        }
        if !kept { deleted.change { $0.append(placed) } }
    }

    func discardUpload(_ id: UploadID) async throws(BlobStorageError) { try await storage.discardUpload(id) }

    func openBlob(_ location: String) async throws(BlobStorageError) -> any BlobReader { try await storage.openBlob(location) }

    func leftovers(
        _ blobs: @Sendable ([String]) async throws -> Void, uploads: @Sendable ([UploadID]) async throws -> Void
    ) async throws {
        try await storage.leftovers(blobs, uploads: uploads)
    }

    func probe() async throws(BlobStorageError) { try await storage.probe() }
}
