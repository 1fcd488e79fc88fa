import Foundation
import NIOCore
import NIOPosix
import Synchronization

/// Bytes on their way through, in a file without a name: appended at its end, read anywhere before that, gone with the last
/// who has it.
package final class SpoolFile: BlobReader {
    private let file: FileDescriptor
    private let pool: NIOThreadPool
    private let length = Mutex<Int64>(0)

    /// Makes the file in the directory for temporary files (`TMPDIR`).
    package static func make(pool: NIOThreadPool = .singleton) async throws(BlobStorageError) -> SpoolFile {
        try await pool.blocking { () throws(BlobStorageError) in
            let path = FileManager.default.temporaryDirectory.appendingPathComponent("cove-\(UploadID())").path
            let file = FileDescriptor(try SystemCalls.open(path, O_RDWR | O_CREAT | O_EXCL, mode: 0o600))
            try SystemCalls.unlink(path)
            return SpoolFile(file: file, pool: pool)
        }
    }

    private init(file: FileDescriptor, pool: NIOThreadPool) {
        self.file = file
        self.pool = pool
    }

    /// Used by one task at a time.
    package func append(_ piece: ByteBuffer) async throws(BlobStorageError) {
        let start = length.withLock { $0 }
        try await pool.blocking { [file] () throws(BlobStorageError) in
            try file.use { descriptor throws(BlobStorageError) in try SystemCalls.writeAll(descriptor, [piece], at: start) }
        }
        length.withLock { $0 += Int64(piece.readableBytes) }
    }

    package func read(at offset: Int64, length: Int) async throws(BlobStorageError) -> ByteBuffer {
        try await pool.blocking { [file] () throws(BlobStorageError) in
            try file.use { descriptor throws(BlobStorageError) in
                try SystemCalls.read(descriptor, at: offset, length: length)
            }
        }
    }

    package func readAtOnce(at offset: Int64, length: Int, into buffer: inout ByteBuffer) -> Int? {
        file.use { SystemCalls.readCached($0, at: offset, length: length, into: &buffer) }
    }

    /// Others may still be reading.
    package func close() async {}
}
