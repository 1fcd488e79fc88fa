import NIOCore

/// Reads a blob's file.
final class FileBlobReader: BlobReader {
    private let file: FileDescriptor
    private let storage: FilesystemStorage

    init(file: FileDescriptor, storage: FilesystemStorage) {
        self.file = file
        self.storage = storage
    }

    func read(at offset: Int64, length: Int) async throws(BlobStorageError) -> ByteBuffer {
        try await storage.blocking { [file] () throws(BlobStorageError) in
            try file.use { descriptor throws(BlobStorageError) in
                try SystemCalls.read(descriptor, at: offset, length: length)
            }
        }
    }

    func readAtOnce(at offset: Int64, length: Int, into buffer: inout ByteBuffer) -> Int? {
        file.use { SystemCalls.readCached($0, at: offset, length: length, into: &buffer) }
    }

    func close() async { file.close(on: storage.pool) }
}
