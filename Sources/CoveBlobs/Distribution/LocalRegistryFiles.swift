import CoveOCI
import Foundation
import NIOPosix

/// A tree in a directory of this machine. Symbolic links are followed, as registry:2 does.
package struct LocalRegistryFiles: RegistryFiles {
    private let root: String
    private let pool: NIOThreadPool
    /// How many threads work on one call: few, as the pool is the server's.
    private let lanes: Int

    /// - Parameter pool: threads for blocking calls; started by the caller.
    package init(root: String, pool: NIOThreadPool, lanes: Int = 3) {
        self.root = root
        self.pool = pool
        self.lanes = lanes
    }

    package func list(_ directories: [String]) async throws(BlobStorageError) -> [Listing] {
        try await each(directories) { path throws(BlobStorageError) in try Self.list("\(root)/\(path)") }
    }

    package func read(_ paths: [String], limit: Int) async throws(BlobStorageError) -> [FileContent] {
        try await each(paths) { path throws(BlobStorageError) in try Self.read("\(root)/\(path)", limit: limit) }
    }

    package func measure(_ paths: [String]) async throws(BlobStorageError) -> [FileSize] {
        try await each(paths) { path throws(BlobStorageError) in try Self.measure("\(root)/\(path)") }
    }

    package func hash(_ files: [(path: String, algorithm: Digest.Algorithm)]) async throws(BlobStorageError) -> [FileHash] {
        try await each(files) { file throws(BlobStorageError) in try Self.hash("\(root)/\(file.path)", file.algorithm) }
    }

    // MARK: - Steps

    /// Maps items on several threads of the pool, in order.
    private func each<Item: Sendable, Result: Sendable>(
        _ items: [Item], _ body: @escaping @Sendable (Item) throws(BlobStorageError) -> Result
    ) async throws(BlobStorageError) -> [Result] {
        // A piece of work of a few files costs as much as handing it over.
        let size = max(8, (items.count + lanes - 1) / lanes)
        let parts = stride(from: 0, to: items.count, by: size).map { items[$0..<min($0 + size, items.count)] }
        do {
            return try await withThrowingTaskGroup(of: (Int, [Result]).self) { [pool] group in
                for (index, part) in parts.enumerated() {
                    group.addTask { (index, try await pool.runIfActive { try part.map(body) }) }
                }
                var results = [[Result]](repeating: [], count: parts.count)
                for try await (index, part) in group { results[index] = part }
                return results.flatMap { $0 }
            }
        } catch let error as BlobStorageError {
            throw error
        } catch {
            throw .failed("the storage's threads have stopped")
        }
    }

    private static func list(_ path: String) throws(BlobStorageError) -> Listing {
        guard let directory = opendir(path) else {
            return errno == ENOENT ? .missing : .unreadable(try reason("list", path))
        }
        defer { closedir(directory) }
        var entries: [FileEntry] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name == "." || name == ".." { continue }
            let isDirectory: Bool =
                switch Int(entry.pointee.d_type) {
                case Int(DT_DIR): true
                case Int(DT_REG): false
                default: self.isDirectory("\(path)/\(name)")
                }
            entries.append(FileEntry(name: name, isDirectory: isDirectory))
        }
        return .entries(entries.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) })
    }

    private static func isDirectory(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    private static func read(_ path: String, limit: Int) throws(BlobStorageError) -> FileContent {
        // A named pipe in the place of a file must not hold the import up.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { return isMissing ? .missing : .unreadable(try reason("open", path)) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { return .unreadable(try reason("fstat", path)) }
        guard status.st_mode & S_IFMT == S_IFREG else { return .unreadable("\(path) is not a file") }
        guard status.st_size <= limit else { return .tooLong(size: Int64(status.st_size)) }
        let size = Int(status.st_size)
        var bytes = Data(count: size)
        var filled = 0
        while filled < size {
            let count = bytes.withUnsafeMutableBytes {
                pread(descriptor, $0.baseAddress?.advanced(by: filled), size - filled, off_t(filled))
            }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { return .unreadable(try reason("read", path)) }
            if count == 0 { break }
            filled += count
        }
        return .bytes(filled == size ? bytes : bytes.prefix(filled), modified: modified(status))
    }

    private static func measure(_ path: String) throws(BlobStorageError) -> FileSize {
        var status = stat()
        guard stat(path, &status) == 0 else { return isMissing ? .missing : .unreadable(try reason("stat", path)) }
        guard status.st_mode & S_IFMT == S_IFREG else { return .unreadable("\(path) is not a file") }
        return .bytes(Int64(status.st_size), modified: modified(status))
    }

    private static func hash(_ path: String, _ algorithm: Digest.Algorithm) throws(BlobStorageError) -> FileHash {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { return isMissing ? .missing : .unreadable(try reason("open", path)) }
        defer { close(descriptor) }
        var digester = Digester(algorithm)
        let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: FilesystemStorage.pieceSize, alignment: 16)
        defer { piece.deallocate() }
        while true {
            let count = readFile(descriptor, piece)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { return .unreadable(try reason("read", path)) }
            if count == 0 { return .digest(digester.finalize()) }
            digester.update(UnsafeRawBufferPointer(rebasing: piece[..<count]))
        }
    }

    /// Not a directory on the way means as much as nothing there.
    private static var isMissing: Bool { errno == ENOENT || errno == ENOTDIR }

    /// - Throws: what is no fault of the file, and would be the same for the next one.
    private static func reason(_ operation: String, _ path: String) throws(BlobStorageError) -> String {
        let code = errno
        let text = "\(operation) \(path): \(String(cString: strerror(code)))"
        if code == EMFILE || code == ENFILE || code == ENOMEM { throw .failed(text) }
        return text
    }

    private static func modified(_ status: stat) -> Int64 {
        #if os(Linux)
            Int64(status.st_mtim.tv_sec) * 1_000_000 + Int64(status.st_mtim.tv_nsec) / 1000
        #else
            Int64(status.st_mtimespec.tv_sec) * 1_000_000 + Int64(status.st_mtimespec.tv_nsec) / 1000
        #endif
    }
}

// The C function under a name that the methods above do not shadow.
private func readFile(_ descriptor: Int32, _ bytes: UnsafeMutableRawBufferPointer) -> Int {
    read(descriptor, bytes.baseAddress, bytes.count)
}
