import CoveOCI
import NIOCore

/// A storage whose operations are timed and counted. What is at hand is read without: it takes no time worth knowing.
package struct MeasuredStorage: BlobStorage {
    private let base: any BlobStorage
    package let statistics = StorageStatistics()

    package init(_ base: any BlobStorage) {
        self.base = base
    }

    package func openUpload(
        _ id: UploadID, at checkpoint: UploadCheckpoint
    ) async throws(BlobStorageError) -> any UploadWriter {
        let writer = try await statistics.measure(.writer) { () throws(BlobStorageError) in
            try await base.openUpload(id, at: checkpoint)
        }
        return MeasuredWriter(base: writer, statistics: statistics)
    }

    package func readUpload(
        _ id: UploadID, to checkpoint: UploadCheckpoint, _ body: @escaping @Sendable (UnsafeRawBufferPointer) -> Void
    ) async throws(BlobStorageError) {
        try await statistics.measure(.getContent) { () throws(BlobStorageError) in
            try await base.readUpload(id, to: checkpoint, body)
        }
    }

    package func commit(
        _ id: UploadID, at checkpoint: UploadCheckpoint, as digest: Digest, _ record: (String) async -> PlacementOutcome
    ) async throws(BlobStorageError) {
        // Not within a span: the transaction in it has one of its own.
        try await statistics.measure(.move) { () throws(BlobStorageError) in
            try await base.commit(id, at: checkpoint, as: digest, record)
        }
    }

    package func discardUpload(_ id: UploadID) async throws(BlobStorageError) {
        try await statistics.measure(.delete) { () throws(BlobStorageError) in try await base.discardUpload(id) }
    }

    package func openUnfinished(_ id: UploadID) async throws(BlobStorageError) -> (any BlobReader)? {
        try await base.openUnfinished(id)
    }

    package func openBlob(_ location: String) async throws(BlobStorageError) -> any BlobReader {
        let reader = try await statistics.measure(.reader) { () throws(BlobStorageError) in try await base.openBlob(location) }
        return MeasuredReader(base: reader, statistics: statistics)
    }

    package func directURL(of location: String, type: String) async throws(BlobStorageError) -> String? {
        try await statistics.measure(.redirectURL) { () throws(BlobStorageError) in
            try await base.directURL(of: location, type: type)
        }
    }

    package func size(of location: String) async throws(BlobStorageError) -> Int64? {
        try await statistics.measure(.stat) { () throws(BlobStorageError) in try await base.size(of: location) }
    }

    package func deleteBlob(_ location: String) async throws(BlobStorageError) {
        try await statistics.measure(.delete) { () throws(BlobStorageError) in try await base.deleteBlob(location) }
    }

    package func leftovers(
        _ blobs: @Sendable ([String]) async throws -> Void, uploads: @Sendable ([UploadID]) async throws -> Void
    ) async throws {
        try await base.leftovers(blobs, uploads: uploads)
    }

    package func sweep(_ lost: @Sendable ([StoredObject]) async throws -> [StoredObject]) async throws {
        try await base.sweep(lost)
    }

    package var registryFiles: (any RegistryFiles)? { base.registryFiles }

    package func key(of location: String) -> String { base.key(of: location) }

    package func probe() async throws(BlobStorageError) {
        try await statistics.measure(.probe) { () throws(BlobStorageError) in try await base.probe() }
    }
}

private struct MeasuredWriter: UploadWriter {
    let base: any UploadWriter
    let statistics: StorageStatistics

    func append(_ pieces: [ByteBuffer]) async throws(BlobStorageError) {
        try await statistics.measure(.putContent, isTraced: false) { () throws(BlobStorageError) in
            try await base.append(pieces)
        }
    }

    func synchronize() async throws(BlobStorageError) -> UploadCheckpoint {
        try await statistics.measure(.commit) { () throws(BlobStorageError) in try await base.synchronize() }
    }

    func truncate(to length: Int64) async throws(BlobStorageError) { try await base.truncate(to: length) }
    func close() async { await base.close() }
}

private struct MeasuredReader: BlobReader {
    let base: any BlobReader
    let statistics: StorageStatistics

    func expect(_ part: Range<Int64>) { base.expect(part) }

    func read(at offset: Int64, length: Int) async throws(BlobStorageError) -> ByteBuffer {
        try await statistics.measure(.getContent, isTraced: false) { () throws(BlobStorageError) in
            try await base.read(at: offset, length: length)
        }
    }

    func readAtOnce(at offset: Int64, length: Int, into buffer: inout ByteBuffer) -> Int? {
        base.readAtOnce(at: offset, length: length, into: &buffer)
    }

    func close() async { await base.close() }
}
