import CoveOCI
import Foundation
import NIOCore
import NIOPosix
import Synchronization

/// Writes a tree in Distribution's layout. Each file appears whole or not at all; what is there already as it should be is
/// left alone, so that an interrupted export goes on where it was.
package final class LayoutWriter: Sendable {
    /// How blobs get into the tree.
    package enum Method: String, Sendable, CaseIterable {
        /// A second name of the same file where that is possible, else a copy.
        case any
        case link, copy
    }

    /// A small file, and when its content was made (UTC microseconds since 1970; 0 for now).
    package struct File: Sendable {
        let path: String
        let content: Data
        let modified: Int64

        package init(_ path: String, _ content: Data, modified: Int64 = 0) {
            self.path = path
            self.content = content
            self.modified = modified
        }

        /// A file that holds a digest.
        package init(link path: String, to digest: Digest, modified: Int64 = 0) {
            self.init(path, Data(digest.description.utf8), modified: modified)
        }
    }

    /// What became of a blob.
    package enum Outcome: Sendable, Equatable {
        case kept, linked, copied
    }

    package let root: String
    private let pool: NIOThreadPool
    private let method: Method
    /// Where files are until they are whole.
    private var workshop: String { "\(root)/.cove-export" }
    private let made = Mutex<Set<String>>([])

    /// - Throws: ``BlobStorageError/failed(_:)`` when the directory cannot be made.
    package init(root: String, pool: NIOThreadPool, method: Method) async throws(BlobStorageError) {
        self.root = root
        self.pool = pool
        self.method = method
        try await blocking { [workshop] () throws(BlobStorageError) in
            // Of a run that was killed.
            try? FileManager.default.removeItem(atPath: workshop)
            try Self.makeDirectories(workshop)
        }
    }

    /// Makes everything durable and clears up.
    package func finish() async throws(BlobStorageError) {
        try await blocking { [workshop] () throws(BlobStorageError) in
            sync()
            try? FileManager.default.removeItem(atPath: workshop)
        }
    }

    package func write(_ files: [File]) async throws(BlobStorageError) {
        try await blocking { () throws(BlobStorageError) in
            for file in files { try self.write(file) }
        }
    }

    /// Makes a directory, for those that mean something when they are empty.
    package func makeDirectory(_ path: String) async throws(BlobStorageError) {
        try await blocking { () throws(BlobStorageError) in try self.make("\(self.root)/\(path)") }
    }

    /// Gives a blob its place by a second name or a copy of a file.
    ///
    /// - Parameters:
    ///   - location: of a ``FilesystemStorage``.
    ///   - storage: the root directory of that.
    /// - Throws: ``BlobStorageError/missing(_:)`` when there is no such file.
    package func place(_ digest: Digest, size: Int64, from location: String, of storage: String) async throws(BlobStorageError) -> Outcome {
        let source = "\(storage)/\(try FileLocation(parsing: location).text)"
        let target = "\(root)/\(DistributionLayout.data(digest))"
        return try await blocking { () throws(BlobStorageError) in
            if try Self.size(target) == size { return .kept }
            guard try Self.size(source) == size else { throw .missing(source) }
            try self.make("\(self.root)/\(DistributionLayout.directory(of: digest))")
            if self.method != .copy {
                // What is there is not whole.
                try SystemCalls.unlink(target)
                if link(source, target) == 0 { return .linked }
                let code = errno
                guard self.method == .any, [EXDEV, EPERM, EMLINK, ENOTSUP, EOPNOTSUPP, ENOSYS].contains(code) else {
                    throw .failed("link \(source) to \(target): \(String(cString: strerror(code)))")
                }
            }
            let file = FileDescriptor(try SystemCalls.open(source, O_RDONLY))
            try self.appear(target) { output throws(BlobStorageError) in
                var offset: Int64 = 0
                while offset < size {
                    let piece = try file.use { input throws(BlobStorageError) in
                        try SystemCalls.read(input, at: offset, length: FilesystemStorage.pieceSize)
                    }
                    guard piece.readableBytes > 0 else { throw .missing(source) }
                    try SystemCalls.writeAll(output, [piece], at: offset)
                    offset += Int64(piece.readableBytes)
                }
            }
            return .copied
        }
    }

    /// Gives a blob its place by reading it from a storage of any kind.
    ///
    /// - Throws: ``BlobStorageError/missing(_:)`` when it is not there, or shorter.
    package func copy(_ digest: Digest, size: Int64, from location: String, in storage: any BlobStorage) async throws(BlobStorageError)
        -> Outcome
    {
        let target = "\(root)/\(DistributionLayout.data(digest))"
        let isThere = try await blocking { () throws(BlobStorageError) in try Self.size(target) == size }
        if isThere { return .kept }
        let draft = "\(workshop)/\(UploadID())"
        let output = try await blocking { () throws(BlobStorageError) in
            FileDescriptor(try SystemCalls.open(draft, O_RDWR | O_CREAT | O_EXCL, mode: 0o644))
        }
        let reader = try await storage.openBlob(location)
        reader.expect(0..<size)
        do throws(BlobStorageError) {
            var offset: Int64 = 0
            while offset < size {
                let piece = try await reader.read(at: offset, length: 1024 * 1024)
                guard piece.readableBytes > 0 else { throw .missing(location) }
                let start = offset
                try await blocking { () throws(BlobStorageError) in
                    try output.use { descriptor throws(BlobStorageError) in try SystemCalls.writeAll(descriptor, [piece], at: start) }
                }
                offset += Int64(piece.readableBytes)
            }
        } catch {
            await reader.close()
            throw error
        }
        await reader.close()
        try await blocking { () throws(BlobStorageError) in
            try self.make("\(self.root)/\(DistributionLayout.directory(of: digest))")
            try Self.move(draft, target)
        }
        return .copied
    }

    /// Removes a folder with all that is in it.
    package func remove(_ path: String) async throws(BlobStorageError) {
        let path = "\(root)/\(path)"
        try await blocking { () throws(BlobStorageError) in
            do {
                try FileManager.default.removeItem(atPath: path)
            } catch {
                throw .failed("cannot remove \(path): \(error.localizedDescription)")
            }
        }
    }

    // MARK: - Steps

    private func write(_ file: File) throws(BlobStorageError) {
        let (target, content, modified) = ("\(root)/\(file.path)", file.content, file.modified)
        if try Self.size(target) == Int64(content.count), FileManager.default.contents(atPath: target) == content { return }
        try make(String(target[..<(target.lastIndex(of: "/") ?? target.endIndex)]))
        try appear(target) { descriptor throws(BlobStorageError) in
            try SystemCalls.writeAll(descriptor, [ByteBuffer(bytes: content)], at: 0)
            let time = timespec(tv_sec: Int(modified / 1_000_000), tv_nsec: Int(modified % 1_000_000) * 1000)
            // A time that cannot be set is no reason to fail.
            if modified > 0 { _ = [time, time].withUnsafeBufferPointer { futimens(descriptor, $0.baseAddress) } }
        }
    }

    /// Has a file written in the workshop and then appear in its place.
    private func appear(_ target: String, _ fill: (Int32) throws(BlobStorageError) -> Void) throws(BlobStorageError) {
        let draft = "\(workshop)/\(UploadID())"
        let file = FileDescriptor(try SystemCalls.open(draft, O_RDWR | O_CREAT | O_EXCL, mode: 0o644))
        try file.use(fill)
        file.close()
        try Self.move(draft, target)
    }

    private static func move(_ draft: String, _ target: String) throws(BlobStorageError) {
        if rename(draft, target) < 0 { throw SystemCalls.error("rename", target) }
    }

    /// - Returns: nil when there is nothing.
    private static func size(_ path: String) throws(BlobStorageError) -> Int64? {
        var status = stat()
        if stat(path, &status) == 0 { return status.st_mode & S_IFMT == S_IFREG ? Int64(status.st_size) : -1 }
        if errno == ENOENT { return nil }
        throw SystemCalls.error("stat", path)
    }

    private func make(_ path: String) throws(BlobStorageError) {
        guard !made.withLock({ $0.contains(path) }) else { return }
        try Self.makeDirectories(path)
        // As many as there are while a repository is written; not of a whole registry.
        made.withLock { made in
            if made.count > 10_000 { made = [] }
            made.insert(path)
        }
    }

    private static func makeDirectories(_ path: String) throws(BlobStorageError) {
        do {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
        } catch {
            throw .failed("cannot make the directory \(path): \(error.localizedDescription)")
        }
    }

    private func blocking<T: Sendable>(
        _ work: @escaping @Sendable () throws(BlobStorageError) -> T
    ) async throws(BlobStorageError) -> T {
        do {
            return try await pool.runIfActive(work)
        } catch let error as BlobStorageError {
            throw error
        } catch {
            throw .failed("\(error)")
        }
    }
}
