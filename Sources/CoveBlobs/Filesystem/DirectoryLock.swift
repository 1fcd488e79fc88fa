import Foundation

/// An exclusive lock on a directory, held for the life of the process: two servers on one directory would each take the
/// other's uploads for leftovers.
final class DirectoryLock: Sendable {
    private let file: FileDescriptor

    /// - Throws: ``BlobStorageError/failed(_:)`` when another process holds it.
    init(directory: String) throws(BlobStorageError) {
        file = FileDescriptor(try SystemCalls.open("\(directory)/cove.lock", O_RDWR | O_CREAT))
        guard file.use({ flock($0, LOCK_EX | LOCK_NB) }) == 0 else {
            throw .failed(
                "\(directory) is in use by another cove process; stop it, or give this one another storage.filesystem.rootdirectory")
        }
    }
}
