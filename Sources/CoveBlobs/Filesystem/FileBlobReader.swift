import NIOCore
import NIOPosix

/// Reads a blob's file.
final class FileBlobReader: BlobReader {
    private let file: FileDescriptor
    private let pool: NIOThreadPool

    init(file: FileDescriptor, pool: NIOThreadPool) {
        self.file = file
        self.pool = pool
    }

    func read(at offset: Int64, length: Int) async throws(BlobStorageError) -> ByteBuffer {
        try await pool.blocking { [file] () throws(BlobStorageError) in
            try file.use { descriptor throws(BlobStorageError) in
                try SystemCalls.read(descriptor, at: offset, length: length)
            }
        }
    }

    func readAtOnce(at offset: Int64, length: Int, into buffer: inout ByteBuffer) -> Int? {
        file.use { SystemCalls.readCached($0, at: offset, length: length, into: &buffer) }
    }

    func close() async { file.close(on: pool) }
}
