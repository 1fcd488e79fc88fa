import CoveOCI
import Foundation
import NIOCore
import NIOPosix
import Synchronization

/// Blobs and uploads as files under one directory:
///
///     blobs/sha256/ab/<hex>.<random>   committed blobs; the suffix makes every location unique
///     uploads/<upload id>              uploads under way
///     cove.lock                        held while a process uses the directory
///     docker/registry/v2/              registry:2's, where there is one: its blobs are read and deleted, never written
///
/// Data is synced before it gets its place and the directory after, so that a location that was returned survives a
/// power cut. With `synchronous` false nothing is synced.
package final class FilesystemStorage: BlobStorage {
    /// What this process is working on. Whatever else is in the directories is either recorded or left behind.
    private struct Work {
        var uploads: Set<UploadID> = []
        var locations: Set<String> = []
    }

    package let root: String
    let pool: NIOThreadPool
    let synchronous: Bool
    private let lock: DirectoryLock?
    private let work = Mutex(Work())

    var uploads: String { "\(root)/uploads" }

    /// Opens the directory, making it if need be.
    ///
    /// - Parameters:
    ///   - pool: threads for blocking calls; started by the caller.
    ///   - synchronous: whether to sync what is written.
    ///   - isBeside: whether another process may have the directory for itself: this one then only reads and deletes blobs, and
    ///     receives no uploads.
    /// - Throws: ``BlobStorageError/failed(_:)`` when the directory cannot be used or another process uses it.
    package init(root: String, pool: NIOThreadPool, synchronous: Bool, isBeside: Bool = false) throws(BlobStorageError) {
        self.root = root
        self.pool = pool
        self.synchronous = synchronous
        do {
            try FileManager.default.createDirectory(
                atPath: root, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o750])
        } catch {
            let cause = (error as NSError).userInfo[NSUnderlyingErrorKey] as? NSError
            let why = cause.map { String(cString: strerror(Int32($0.code))) } ?? error.localizedDescription
            throw .failed("cannot make the directory \(root): \(why)")
        }
        lock = isBeside ? nil : try DirectoryLock(directory: root)
        // All of them now: a directory made on the way of a push would have to be synced by whoever comes second, too.
        let algorithms = Digest.Algorithm.allCases.map { "\(root)/blobs/\($0.rawValue)" }
        for directory in ["\(root)/uploads", "\(root)/blobs"] + algorithms { try SystemCalls.makeDirectory(directory) }
        for algorithm in algorithms {
            for fan in Self.fans { try SystemCalls.makeDirectory("\(algorithm)/\(fan)") }
        }
        guard synchronous else { return }
        let parent = URL(fileURLWithPath: root).standardizedFileURL.deletingLastPathComponent().path
        for directory in algorithms + ["\(root)/blobs", root, parent] { try SystemCalls.synchronizeDirectory(directory) }
    }

    package func openUpload(
        _ id: UploadID, at checkpoint: UploadCheckpoint
    ) async throws(BlobStorageError) -> any UploadWriter {
        let offset = checkpoint.offset
        work.withLock { _ = $0.uploads.insert(id) }
        let path = path(of: id)
        return try await blocking { () throws(BlobStorageError) in
            let flags = offset == 0 ? O_RDWR | O_CREAT : O_RDWR
            let file = FileDescriptor(try SystemCalls.open(path, flags))
            try file.use { descriptor throws(BlobStorageError) in
                let size = try SystemCalls.size(descriptor)
                guard size >= offset else { throw .missing(path) }
                // Not when there is nothing to cut: ext4 flushes a file on close that was ever truncated.
                if size > offset { try SystemCalls.truncate(descriptor, to: offset) }
            }
            return FileUploadWriter(file: file, offset: offset, storage: self)
        }
    }

    package func readUpload(
        _ id: UploadID, to checkpoint: UploadCheckpoint, _ body: @escaping @Sendable (UnsafeRawBufferPointer) -> Void
    ) async throws(BlobStorageError) {
        let (path, length) = (path(of: id), checkpoint.offset)
        try await blocking { () throws(BlobStorageError) in
            let file = FileDescriptor(try SystemCalls.open(path, O_RDONLY))
            try file.use { descriptor throws(BlobStorageError) in
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
    }

    package func openUnfinished(_ id: UploadID) async throws(BlobStorageError) -> (any BlobReader)? {
        let path = path(of: id)
        return try await blocking { () throws(BlobStorageError) in
            FileBlobReader(file: FileDescriptor(try SystemCalls.open(path, O_RDONLY)), pool: self.pool)
        }
    }

    package func commit(
        _ id: UploadID, at checkpoint: UploadCheckpoint, as digest: Digest, _ record: (String) async -> PlacementOutcome
    ) async throws(BlobStorageError) {
        let directory = FileLocation.directory(of: digest)
        let location = FileLocation(digest, UploadID()).text
        work.withLock { work in
            work.locations.insert(location)
            work.uploads.insert(id)
        }
        defer { work.withLock { _ = $0.locations.remove(location) } }
        let (source, target) = (path(of: id), "\(root)/\(location)")
        try await blocking { [root, synchronous] () throws(BlobStorageError) in
            // A second name, not a new one: until the place is recorded, the upload is still the client's to finish.
            try SystemCalls.link(source, target)
            if synchronous { try SystemCalls.synchronizeDirectory("\(root)/\(directory)") }
        }
        let outcome = await record(location)
        // What cannot be cleared now is a leftover; the outcome stands.
        if outcome == .notNeeded || outcome == .refused { try? await deleteBlob(location) }
        if outcome != .refused { try? await discardUpload(id) }
    }

    package func discardUpload(_ id: UploadID) async throws(BlobStorageError) {
        let path = path(of: id)
        defer { work.withLock { _ = $0.uploads.remove(id) } }
        try await blocking { () throws(BlobStorageError) in _ = try SystemCalls.unlink(path) }
    }

    package func size(of location: String) async throws(BlobStorageError) -> Int64? {
        let path = try path(of: location)
        return try await blocking { () throws(BlobStorageError) in
            do throws(BlobStorageError) {
                let file = FileDescriptor(try SystemCalls.open(path, O_RDONLY))
                return try file.use { descriptor throws(BlobStorageError) in try SystemCalls.size(descriptor) }
            } catch .missing {
                return nil
            }
        }
    }

    package func openBlob(_ location: String) async throws(BlobStorageError) -> any BlobReader {
        let path = try path(of: location)
        return try await blocking { () throws(BlobStorageError) in
            FileBlobReader(file: FileDescriptor(try SystemCalls.open(path, O_RDONLY)), pool: self.pool)
        }
    }

    package func deleteBlob(_ location: String) async throws(BlobStorageError) {
        let location = try FileLocation(parsing: location)
        try await blocking { [root] () throws(BlobStorageError) in
            try SystemCalls.unlink("\(root)/\(location.text)")
            // There each blob has a directory of its own, which stays only when somebody put something else into it.
            if location.form == .distribution { rmdir("\(root)/\(DistributionLayout.directory(of: location.digest))") }
        }
    }

    package var registryFiles: (any RegistryFiles)? { LocalRegistryFiles(root: root, pool: pool) }

    package func probe() async throws(BlobStorageError) {
        let path = "\(root)/cove.probe"
        try await blocking { () throws(BlobStorageError) in
            let file = FileDescriptor(try SystemCalls.open(path, O_RDWR | O_CREAT | O_TRUNC))
            try file.use { descriptor throws(BlobStorageError) in
                try SystemCalls.writeAll(descriptor, [ByteBuffer(string: "ok")], at: 0)
            }
            try SystemCalls.unlink(path)
        }
    }

    package func leftovers(
        _ blobs: @Sendable ([String]) async throws -> Void, uploads: @Sendable ([UploadID]) async throws -> Void
    ) async throws {
        // The order matters: what is seen in a directory and is nobody's work after that has been recorded, or never
        // will be.
        let names = try await blocking { [uploads = self.uploads] () throws(BlobStorageError) in Self.names(in: uploads) }
        let ids = names.compactMap { UploadID(parsing: $0) }
        try await uploads(work.withLock { work in ids.filter { !work.uploads.contains($0) } })
        for algorithm in Digest.Algorithm.allCases {
            for fan in Self.fans {
                let directory = "blobs/\(algorithm.rawValue)/\(fan)"
                let files = try await blocking { [root] () throws(BlobStorageError) in Self.names(in: "\(root)/\(directory)") }
                // What this storage never wrote is not its to clear: the root may be the inside of a tree of registry:2.
                let locations = files.map { "\(directory)/\($0)" }.filter { (try? FileLocation(parsing: $0)) != nil }
                let idle = work.withLock { work in locations.filter { !work.locations.contains($0) } }
                if !idle.isEmpty { try await blobs(idle) }
            }
        }
    }

    /// The directories under an algorithm's: the first two digits of what is in them.
    private static let fans = (0...255).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }

    /// Bytes read or written in one call. Measured: 256 KiB is as fast as larger ones and keeps memory small.
    static let pieceSize = 256 * 1024

    /// Runs blocking work on the storage's threads. It is short, and goes on when the task was cancelled: a client that
    /// goes away must not keep what it sent from being put away.
    func blocking<T: Sendable>(
        _ work: @escaping @Sendable () throws(BlobStorageError) -> T
    ) async throws(BlobStorageError) -> T {
        try await pool.blocking(work)
    }

    private func path(of id: UploadID) -> String { "\(root)/uploads/\(id)" }

    private func path(of location: String) throws(BlobStorageError) -> String {
        "\(root)/\(try FileLocation(parsing: location).text)"
    }

    private static func names(in directory: String) -> [String] {
        (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
    }
}
