import Foundation

/// An exclusive lock on a directory, held for the life of the process: two servers on one directory would each take the
/// other's uploads for leftovers.
final class DirectoryLock: Sendable {
    private let descriptor: Int32

    /// - Throws: ``BlobStorageError/failed(_:)`` when another process holds it.
    init(directory: String) throws(BlobStorageError) {
        descriptor = try SystemCalls.open("\(directory)/cove.lock", O_RDWR | O_CREAT)
        if flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            SystemCalls.close(descriptor)
            throw .failed(
                "\(directory) is in use by another cove process; stop it, or give this one another storage.filesystem.rootdirectory")
        }
    }

    deinit { SystemCalls.close(descriptor) }
}
