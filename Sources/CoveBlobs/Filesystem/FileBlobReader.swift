import NIOCore

/// Reads a blob's file.
final class FileBlobReader: BlobReader {
    private let descriptor: Int32
    private let storage: FilesystemStorage

    init(descriptor: Int32, storage: FilesystemStorage) {
        self.descriptor = descriptor
        self.storage = storage
    }

    func read(at offset: Int64, length: Int) async throws(BlobStorageError) -> ByteBuffer {
        try await storage.blocking { [descriptor] () throws(BlobStorageError) in
            try SystemCalls.read(descriptor, at: offset, length: length)
        }
    }

    func readAtOnce(at offset: Int64, length: Int, into buffer: inout ByteBuffer) -> Int? {
        SystemCalls.readCached(descriptor, at: offset, length: length, into: &buffer)
    }

    func close() async {
        try? await storage.blocking { [descriptor] () throws(BlobStorageError) in SystemCalls.close(descriptor) }
    }
}
