import CoveOCI
import Foundation
import NIOCore
import NIOPosix

/// Blobs and uploads as files under one directory:
///
///     blobs/sha256/ab/<hex>.<upload id>     committed blobs; the suffix makes every location unique
///     uploads/<upload id>                   uploads under way
///     cove.lock                             held while a process uses the directory
///
/// Data is synced before it is renamed and the directory after, so that a location that was returned survives a power
/// cut. With `synchronous` false nothing is synced.
package final class FilesystemStorage: BlobStorage {
    package let root: String
    let pool: NIOThreadPool
    let synchronous: Bool
    private let lock: DirectoryLock
    private let started: Date

    /// Opens the directory, making it if need be.
    ///
    /// - Parameters:
    ///   - pool: threads for blocking calls; started by the caller.
    ///   - synchronous: whether to sync what is written.
    /// - Throws: ``BlobStorageError/failed(_:)`` when the directory cannot be used or another process uses it.
    package init(root: String, pool: NIOThreadPool, synchronous: Bool) throws(BlobStorageError) {
        self.root = root
        self.pool = pool
        self.synchronous = synchronous
        do {
            try FileManager.default.createDirectory(
                atPath: root, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o750])
        } catch {
            throw .failed("cannot make the directory \(root): \(error)")
        }
        lock = try DirectoryLock(directory: root)
        started = Date()
        for directory in ["uploads", "blobs"] + Digest.Algorithm.allCases.map({ "blobs/\($0.rawValue)" }) {
            try SystemCalls.makeDirectory("\(root)/\(directory)")
        }
        if synchronous {
            try SystemCalls.synchronizeDirectory("\(root)/blobs")
            try SystemCalls.synchronizeDirectory(root)
        }
    }

    package func openUpload(_ id: UploadID, at offset: Int64) async throws(BlobStorageError) -> any UploadWriter {
        let path = path(of: id)
        return try await blocking { () throws(BlobStorageError) in
            let flags = offset == 0 ? O_RDWR | O_CREAT : O_RDWR
            let descriptor = try SystemCalls.open(path, flags)
            do throws(BlobStorageError) {
                let size = try SystemCalls.size(descriptor)
                guard size >= offset else { throw .missing(path) }
                // Not when there is nothing to cut: ext4 flushes a file on close that was ever truncated.
                if size > offset { try SystemCalls.truncate(descriptor, to: offset) }
            } catch {
                SystemCalls.close(descriptor)
                throw error
            }
            return FileUploadWriter(descriptor: descriptor, offset: offset, storage: self)
        }
    }

    package func readUpload(
        _ id: UploadID, length: Int64, _ body: @escaping @Sendable (UnsafeRawBufferPointer) -> Void
    ) async throws(BlobStorageError) {
        let path = path(of: id)
        try await blocking { () throws(BlobStorageError) in
            let descriptor = try SystemCalls.open(path, O_RDONLY)
            defer { SystemCalls.close(descriptor) }
            var offset: Int64 = 0
            while offset < length {
                let piece = try SystemCalls.read(
                    descriptor, at: offset, length: Int(min(Int64(Self.pieceSize), length - offset)))
                guard piece.readableBytes > 0 else { throw .missing(path) }
                piece.withUnsafeReadableBytes(body)
                offset += Int64(piece.readableBytes)
            }
        }
    }

    package func commit(_ id: UploadID, as digest: Digest) async throws(BlobStorageError) -> String {
        let source = path(of: id)
        let hex = digest.hex
        let directory = "blobs/\(digest.algorithm.rawValue)/\(hex.prefix(2))"
        let location = "\(directory)/\(hex).\(id)"
        try await blocking { [root, synchronous] () throws(BlobStorageError) in
            do throws(BlobStorageError) {
                try SystemCalls.rename(source, "\(root)/\(location)")
            } catch .missing {
                // The first blob of these two digits. A missing upload fails again here.
                try SystemCalls.makeDirectory("\(root)/\(directory)")
                if synchronous {
                    try SystemCalls.synchronizeDirectory("\(root)/blobs/\(digest.algorithm.rawValue)")
                }
                try SystemCalls.rename(source, "\(root)/\(location)")
            }
            if synchronous { try SystemCalls.synchronizeDirectory("\(root)/\(directory)") }
        }
        return location
    }

    package func discardUpload(_ id: UploadID) async throws(BlobStorageError) {
        let path = path(of: id)
        try await blocking { () throws(BlobStorageError) in _ = try SystemCalls.unlink(path) }
    }

    package func openBlob(_ location: String) async throws(BlobStorageError) -> any BlobReader {
        let path = "\(root)/\(location)"
        return try await blocking { () throws(BlobStorageError) in
            FileBlobReader(descriptor: try SystemCalls.open(path, O_RDONLY), storage: self)
        }
    }

    package func deleteBlob(_ location: String) async throws(BlobStorageError) {
        let path = "\(root)/\(location)"
        try await blocking { () throws(BlobStorageError) in _ = try SystemCalls.unlink(path) }
    }

    package func probe() async throws(BlobStorageError) {
        let path = "\(root)/uploads/.probe"
        try await blocking { () throws(BlobStorageError) in
            let descriptor = try SystemCalls.open(path, O_RDWR | O_CREAT | O_TRUNC)
            defer { SystemCalls.close(descriptor) }
            try SystemCalls.writeAll(descriptor, [ByteBuffer(string: "ok")], at: 0)
        }
    }

    package func leftovers(
        _ blobs: @Sendable ([String]) async throws -> Void, uploads: @Sendable ([UploadID]) async throws -> Void
    ) async throws {
        let names = try await blocking { [root] () throws(BlobStorageError) in Self.names(in: "\(root)/uploads") }
        try await uploads(names.compactMap { UploadID(parsing: $0) }.filter { isOld("uploads/\($0)") })
        for algorithm in Digest.Algorithm.allCases {
            let top = "blobs/\(algorithm.rawValue)"
            let fans = try await blocking { [root] () throws(BlobStorageError) in Self.names(in: "\(root)/\(top)") }
            for fan in fans.sorted() {
                let files = try await blocking { [root] () throws(BlobStorageError) in
                    Self.names(in: "\(root)/\(top)/\(fan)")
                }
                let old = files.map { "\(top)/\(fan)/\($0)" }.filter { isOld($0) }
                if !old.isEmpty { try await blobs(old) }
            }
        }
    }

    /// Bytes read or written in one call. Measured: 256 KiB is as fast as larger ones and keeps memory small.
    static let pieceSize = 256 * 1024

    /// Runs blocking work on the storage's threads.
    func blocking<T: Sendable>(
        _ work: @escaping @Sendable () throws(BlobStorageError) -> T
    ) async throws(BlobStorageError) -> T {
        let result: Result<T, BlobStorageError>
        do {
            result = try await pool.runIfActive { Result(catching: work) }
        } catch {
            throw .failed("the storage's threads have stopped: \(error)")
        }
        return try result.get()
    }

    private func path(of id: UploadID) -> String { "\(root)/uploads/\(id)" }

    private static func names(in directory: String) -> [String] {
        (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
    }

    /// Whether a file was last changed before this process took the directory's lock.
    private func isOld(_ relative: String) -> Bool {
        var status = stat()
        guard stat("\(root)/\(relative)", &status) == 0 else { return false }
        #if canImport(Darwin)
            let changed = status.st_ctimespec
        #else
            let changed = status.st_ctim
        #endif
        return Double(changed.tv_sec) + Double(changed.tv_nsec) / 1e9 < started.timeIntervalSince1970 - 0.05
    }
}
