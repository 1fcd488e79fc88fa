import CoveBlobs
import CoveMetadata
import CoveOCI
import NIOCore
import Synchronization

/// Takes a blob's bytes as they come from an upstream: hashes them, writes them to where the store wants them, and lets them
/// be read meanwhile. Used by one task at a time.
final class MirrorSink: Sendable {
    /// Reads what has been appended.
    let reader: any BlobReader
    private let registry: Registry
    private let id = UploadID()
    /// Nil in a registry that keeps nothing new.
    private let writer: (any UploadWriter)?
    /// Where the storage's own bytes cannot be read before they are committed.
    private let spool: SpoolFile?
    private let state: Mutex<(digester: Digester, received: Int64)>

    init(_ registry: Registry, digest: Digest) async throws(BlobStorageError) {
        self.registry = registry
        state = Mutex((digester: Digester(digest.algorithm), received: 0))
        var unfinished: (any BlobReader)?
        if registry.options.readOnly {
            writer = nil
        } else {
            writer = try await registry.storage.openUpload(id, at: .start)
            unfinished = try await registry.storage.openUnfinished(id)
        }
        if let unfinished {
            (reader, spool) = (unfinished, nil)
        } else {
            let file = try await SpoolFile.make()
            (reader, spool) = (file, file)
        }
    }

    var received: Int64 { state.withLock { $0.received } }

    func append(_ piece: ByteBuffer) async throws(BlobStorageError) {
        try await writer?.append([piece])
        try await spool?.append(piece)
        state.withLock { state in
            piece.withUnsafeReadableBytes { state.digester.update($0) }
            state.received += Int64(piece.readableBytes)
        }
    }

    /// - Throws: ``RegistryError/digestMismatch(expected:actual:)``.
    func verify(_ digest: Digest) throws(RegistryError) {
        let actual = state.withLock { $0.digester.finalize() }
        guard actual == digest else { throw .digestMismatch(expected: digest, actual: actual) }
    }

    /// Makes the bytes a blob of a repository.
    func keep(_ digest: Digest, in repository: RepositoryName) async throws(RegistryError) {
        guard let writer else { return }
        do throws(RegistryError) {
            let checkpoint = try await registryErrors { try await writer.synchronize() }
            try await registry.commit(id, at: checkpoint, as: digest, in: repository, nil, origin: nil)
        } catch {
            await drop()
            throw error
        }
        await writer.close()
    }

    func drop() async {
        guard let writer else { return }
        await writer.close()
        try? await registry.storage.discardUpload(id)
    }
}
