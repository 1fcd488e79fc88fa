import Foundation
import NIOCore
import Synchronization

/// Appends to an upload's file. Has the kernel set space aside for what comes, which makes each write cheaper, and start
/// writing back early, so that the final sync is short.
final class FileUploadWriter: UploadWriter {
    private struct State {
        var offset: Int64
        /// Up to where write-back has been asked for.
        var flushed: Int64
        /// Up to where space has been set aside.
        var reserved: Int64
        /// Whether the file's name may be lost in a power cut.
        var isNew: Bool
    }

    /// Write-back is asked for in steps of this many bytes.
    private static let flushStep: Int64 = 8 * 1024 * 1024
    /// Space is set aside in steps of this many bytes, once an upload is as long.
    private static let reservationStep: Int64 = 16 * 1024 * 1024

    private let file: FileDescriptor
    private let storage: FilesystemStorage
    private let state: Mutex<State>

    init(file: FileDescriptor, offset: Int64, storage: FilesystemStorage) {
        self.file = file
        self.storage = storage
        state = Mutex(State(offset: offset, flushed: offset, reserved: offset, isNew: offset == 0))
    }

    func append(_ pieces: [ByteBuffer]) async throws(BlobStorageError) {
        let length = pieces.reduce(0) { $0 + Int64($1.readableBytes) }
        let (start, reserve, flush) = state.withLock { state in
            let start = state.offset
            state.offset += length
            return (start, Self.reservation(&state), storage.synchronous ? Self.flush(&state) : nil)
        }
        try await storage.blocking { [file] () throws(BlobStorageError) in
            try file.use { descriptor throws(BlobStorageError) in
                if let reserve { SystemCalls.reserve(descriptor, reserve) }
                try SystemCalls.writeAll(descriptor, pieces, at: start)
                if let flush { SystemCalls.startWriteback(descriptor, flush) }
            }
        }
    }

    private static func reservation(_ state: inout State) -> Range<Int64>? {
        guard state.offset > max(state.reserved, reservationStep) else { return nil }
        let start = state.reserved
        state.reserved = state.offset + reservationStep
        return start..<state.reserved
    }

    private static func flush(_ state: inout State) -> Range<Int64>? {
        guard state.offset - state.flushed >= flushStep else { return nil }
        defer { state.flushed = state.offset }
        return state.flushed..<state.offset
    }

    func synchronize() async throws(BlobStorageError) -> UploadCheckpoint {
        let (offset, isNew, hasExcess) = state.withLock { state in
            defer {
                state.isNew = false
                state.reserved = state.offset
            }
            return (state.offset, state.isNew, state.reserved > state.offset)
        }
        if hasExcess { try await truncate(to: offset) }
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
            state.reserved = length
        }
    }

    func close() async { file.close(on: storage.pool) }
}
