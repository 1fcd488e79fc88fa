import CoveOCI
import NIOCore
import Synchronization

/// Blobs in memory, for scratch registries (`storage.inmemory`) and tests. Nothing survives the process.
package final class MemoryStorage: BlobStorage {
    private struct State {
        var uploads: [UploadID: ByteBuffer] = [:]
        var blobs: [String: ByteBuffer] = [:]
    }

    private let state = Mutex(State())

    package init() {}

    package func openUpload(
        _ id: UploadID, at checkpoint: UploadCheckpoint
    ) async throws(BlobStorageError) -> any UploadWriter {
        let offset = checkpoint.offset
        let isThere = state.withLock { state in
            var bytes = state.uploads[id] ?? ByteBuffer()
            guard bytes.readableBytes >= offset else { return false }
            bytes.moveWriterIndex(to: Int(offset))
            state.uploads[id] = bytes
            return true
        }
        guard isThere else { throw .missing("upload \(id)") }
        return Writer(id: id, storage: self)
    }

    package func readUpload(
        _ id: UploadID, to checkpoint: UploadCheckpoint, _ body: @escaping @Sendable (UnsafeRawBufferPointer) -> Void
    ) async throws(BlobStorageError) {
        guard let bytes = state.withLock({ $0.uploads[id]?.getSlice(at: 0, length: Int(checkpoint.offset)) }) else {
            throw .missing("upload \(id)")
        }
        bytes.withUnsafeReadableBytes(body)
    }

    package func commit(
        _ id: UploadID, at checkpoint: UploadCheckpoint, as digest: Digest, _ record: (String) async -> PlacementOutcome
    ) async throws(BlobStorageError) {
        let location = "\(digest).\(UploadID())"
        let isThere = state.withLock { state in
            guard let bytes = state.uploads[id] else { return false }
            state.blobs[location] = bytes
            return true
        }
        guard isThere else { throw .missing("upload \(id)") }
        let outcome = await record(location)
        state.withLock { state in
            if outcome == .notNeeded || outcome == .refused { state.blobs[location] = nil }
            if outcome != .refused { state.uploads[id] = nil }
        }
    }

    package func size(of location: String) async throws(BlobStorageError) -> Int64? {
        state.withLock { $0.blobs[location].map { Int64($0.readableBytes) } }
    }

    package func discardUpload(_ id: UploadID) async throws(BlobStorageError) {
        state.withLock { _ = $0.uploads.removeValue(forKey: id) }
    }

    package func openBlob(_ location: String) async throws(BlobStorageError) -> any BlobReader {
        guard let bytes = state.withLock({ $0.blobs[location] }) else { throw .missing(location) }
        return Reader(bytes: bytes)
    }

    package func deleteBlob(_ location: String) async throws(BlobStorageError) {
        state.withLock { _ = $0.blobs.removeValue(forKey: location) }
    }

    package func leftovers(
        _ blobs: @Sendable ([String]) async throws -> Void, uploads: @Sendable ([UploadID]) async throws -> Void
    ) async throws {}

    package func probe() async throws(BlobStorageError) {}

    private struct Reader: BlobReader {
        let bytes: ByteBuffer

        func read(at offset: Int64, length: Int) async throws(BlobStorageError) -> ByteBuffer {
            let start = min(Int(offset), bytes.readableBytes)
            return bytes.getSlice(at: start, length: min(length, bytes.readableBytes - start)) ?? ByteBuffer()
        }

        func readAtOnce(at offset: Int64, length: Int, into buffer: inout ByteBuffer) -> Int? {
            guard offset < bytes.readableBytes,
                let piece = bytes.getSlice(at: Int(offset), length: min(length, bytes.readableBytes - Int(offset)))
            else { return nil }
            return buffer.writeImmutableBuffer(piece)
        }

        func close() async {}
    }

    private struct Writer: UploadWriter {
        let id: UploadID
        let storage: MemoryStorage

        func append(_ pieces: [ByteBuffer]) async throws(BlobStorageError) {
            storage.state.withLock { state in
                for piece in pieces { state.uploads[id]?.writeImmutableBuffer(piece) }
            }
        }

        func synchronize() async throws(BlobStorageError) -> UploadCheckpoint {
            UploadCheckpoint(offset: storage.state.withLock { Int64($0.uploads[id]?.readableBytes ?? 0) })
        }

        func truncate(to length: Int64) async throws(BlobStorageError) {
            storage.state.withLock { $0.uploads[id]?.moveWriterIndex(to: Int(length)) }
        }

        func close() async {}
    }
}
