import Foundation
import NIOCore
import Synchronization

/// Appends to an upload's file, and has the kernel start writing back early so that the final sync is short.
final class FileUploadWriter: UploadWriter {
    private struct State {
        var offset: Int64
        /// Up to where write-back has been asked for.
        var flushed: Int64
        /// Whether the file's name may be lost in a power cut.
        var isNew: Bool
    }

    /// Write-back is asked for in steps of this many bytes.
    private static let flushStep: Int64 = 8 * 1024 * 1024

    private let file: FileDescriptor
    private let storage: FilesystemStorage
    private let state: Mutex<State>

    init(file: FileDescriptor, offset: Int64, storage: FilesystemStorage) {
        self.file = file
        self.storage = storage
        state = Mutex(State(offset: offset, flushed: offset, isNew: offset == 0))
    }

    func append(_ pieces: [ByteBuffer]) async throws(BlobStorageError) {
        let length = pieces.reduce(0) { $0 + Int64($1.readableBytes) }
        let (start, flush) = state.withLock { state in
            let start = state.offset
            state.offset += length
            guard storage.synchronous, state.offset - state.flushed >= Self.flushStep else {
                return (start, Range<Int64>?.none)
            }
            defer { state.flushed = state.offset }
            return (start, state.flushed..<state.offset)
        }
        try await storage.blocking { [file] () throws(BlobStorageError) in
            try file.use { descriptor throws(BlobStorageError) in
                try SystemCalls.writeAll(descriptor, pieces, at: start)
                if let flush { SystemCalls.startWriteback(descriptor, flush) }
            }
        }
    }

    func synchronize() async throws(BlobStorageError) -> UploadCheckpoint {
        let (offset, isNew) = state.withLock { state in
            defer { state.isNew = false }
            return (state.offset, state.isNew)
        }
        guard storage.synchronous else { return UploadCheckpoint(offset: offset) }
        try await storage.blocking { [file, storage] () throws(BlobStorageError) in
            try file.use { descriptor throws(BlobStorageError) in try SystemCalls.synchronizeData(descriptor) }
            if isNew { try SystemCalls.synchronizeDirectory(storage.uploads) }
        }
        return UploadCheckpoint(offset: offset)
    }

    func truncate(to length: Int64) async throws(BlobStorageError) {
        try await storage.blocking { [file] () throws(BlobStorageError) in
            try file.use { descriptor throws(BlobStorageError) in try SystemCalls.truncate(descriptor, to: length) }
        }
        state.withLock { state in
            state.offset = length
            state.flushed = min(state.flushed, length)
        }
    }

    func close() async { file.close(on: storage.pool) }
}
