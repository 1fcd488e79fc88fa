import CLinux
import NIOCore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The blocking file operations, each of which says what failed. They run on the storage's thread pool, never on an
/// event loop and never in the cooperative pool.
enum SystemCalls {
    static func open(_ path: String, _ flags: Int32, mode: mode_t = 0o640) throws(BlobStorageError) -> Int32 {
        let descriptor = retrying { openFile(path, flags | O_CLOEXEC, mode) }
        if descriptor < 0 { throw error("open", path) }
        return descriptor
    }

    static func close(_ descriptor: Int32) {
        _ = closeFile(descriptor)
    }

    static func writeAll(_ descriptor: Int32, _ pieces: [ByteBuffer], at offset: Int64) throws(BlobStorageError) {
        var position = offset
        for piece in pieces {
            let failure = piece.withUnsafeReadableBytes { bytes -> BlobStorageError? in
                var written = 0
                while written < bytes.count {
                    let count = retrying {
                        pwrite(
                            descriptor, bytes.baseAddress?.advanced(by: written), bytes.count - written,
                            off_t(position) + off_t(written))
                    }
                    if count < 0 { return error("write", "the upload's file") }
                    written += count
                }
                return nil
            }
            if let failure { throw failure }
            position += Int64(piece.readableBytes)
        }
    }

    static func read(_ descriptor: Int32, at offset: Int64, length: Int) throws(BlobStorageError) -> ByteBuffer {
        var buffer = ByteBufferAllocator().buffer(capacity: length)
        var failure: BlobStorageError?
        buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: length) { target in
            var filled = 0
            while filled < length {
                let count = retrying {
                    pread(descriptor, target.baseAddress?.advanced(by: filled), length - filled, off_t(offset) + off_t(filled))
                }
                if count < 0 { failure = error("read", "a blob's file") }
                if count <= 0 { break }
                filled += count
            }
            return filled
        }
        if let failure { throw failure }
        return buffer
    }

    /// Reads what the page cache holds; nil when there is nothing of it, or the system cannot tell.
    static func readCached(_ descriptor: Int32, at offset: Int64, length: Int, into buffer: inout ByteBuffer) -> Int? {
        #if os(Linux)
            let count = buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: length) { target in
                max(0, cove_read_cached(descriptor, target.baseAddress, length, offset))
            }
            return count > 0 ? count : nil
        #else
            return nil
        #endif
    }

    static func synchronizeData(_ descriptor: Int32) throws(BlobStorageError) {
        #if os(Linux)
            let result = retrying { fdatasync(descriptor) }
        #else
            let result = retrying { fsync(descriptor) }
        #endif
        if result < 0 { throw error("fdatasync", "the upload's file") }
    }

    /// Makes a directory's entries durable.
    static func synchronizeDirectory(_ path: String) throws(BlobStorageError) {
        let descriptor = try open(path, O_RDONLY | O_DIRECTORY)
        defer { close(descriptor) }
        if retrying({ fsync(descriptor) }) < 0 { throw error("fsync", path) }
    }

    static func truncate(_ descriptor: Int32, to length: Int64) throws(BlobStorageError) {
        if retrying({ ftruncate(descriptor, off_t(length)) }) < 0 { throw error("ftruncate", "the upload's file") }
    }

    static func size(_ descriptor: Int32) throws(BlobStorageError) -> Int64 {
        var status = stat()
        if fstat(descriptor, &status) < 0 { throw error("fstat", "a file") }
        return Int64(status.st_size)
    }

    /// Gives a file a second name, or a new one where the filesystem knows no second names.
    static func link(_ old: String, _ new: String) throws(BlobStorageError) {
        if linkFile(old, new) == 0 { return }
        switch errno {
        case EPERM, ENOTSUP, EOPNOTSUPP, ENOSYS, EMLINK:
            if renameFile(old, new) < 0 { throw error("rename", new) }
        default: throw error("link", old)
        }
    }

    /// - Returns: false when there was no such file.
    @discardableResult static func unlink(_ path: String) throws(BlobStorageError) -> Bool {
        if unlinkFile(path) == 0 { return true }
        if errno == ENOENT { return false }
        throw error("unlink", path)
    }

    static func makeDirectory(_ path: String) throws(BlobStorageError) {
        if mkdir(path, 0o750) < 0, errno != EEXIST { throw error("mkdir", path) }
    }

    static func error(_ operation: String, _ path: String) -> BlobStorageError {
        switch errno {
        case ENOSPC, EDQUOT: .full
        case ENOENT: .missing(path)
        case let code: .failed("\(operation) \(path): \(String(cString: strerror(code)))")
        }
    }

    static func retrying<Result: SignedInteger>(_ call: () -> Result) -> Result {
        while true {
            let result = call()
            if result < 0, errno == EINTR { continue }
            return result
        }
    }
}

// The C functions under names that the methods above do not shadow.
private func openFile(_ path: String, _ flags: Int32, _ mode: mode_t) -> Int32 { open(path, flags, mode) }
private func closeFile(_ descriptor: Int32) -> Int32 { close(descriptor) }
private func renameFile(_ old: String, _ new: String) -> Int32 { rename(old, new) }
private func linkFile(_ old: String, _ new: String) -> Int32 { link(old, new) }
private func unlinkFile(_ path: String) -> Int32 { unlink(path) }

extension SystemCalls {
    /// Sets disk space aside beyond a file's end, its length staying. A hint: failure is not an error.
    static func reserve(_ descriptor: Int32, _ range: Range<Int64>) {
        #if os(Linux)
            cove_reserve(descriptor, range.lowerBound, Int64(range.count))
        #endif
    }

    /// Asks the kernel to start writing a range to disk, without waiting. A hint: failure is not an error.
    static func startWriteback(_ descriptor: Int32, _ range: Range<Int64>) {
        #if os(Linux)
            cove_start_writeback(descriptor, range.lowerBound, Int64(range.count))
        #endif
    }
}
