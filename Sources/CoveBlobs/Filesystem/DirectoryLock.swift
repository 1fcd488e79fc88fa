import Foundation

/// An exclusive lock on a directory, held for the life of the process: two servers on one directory would each take the
/// other's uploads for leftovers.
package final class DirectoryLock: Sendable {
    private let file: FileDescriptor

    /// Whether another process holds the lock of a directory right now.
    package static func isHeld(_ directory: String) -> Bool {
        guard let file = try? FileDescriptor(SystemCalls.open("\(directory)/cove.lock", O_RDWR)) else { return false }
        return file.use { flock($0, LOCK_EX | LOCK_NB) } != 0
    }

    /// - Throws: ``BlobStorageError/failed(_:)`` when another process holds it.
    init(directory: String) throws(BlobStorageError) {
        file = FileDescriptor(try SystemCalls.open("\(directory)/cove.lock", O_RDWR | O_CREAT))
        guard file.use({ flock($0, LOCK_EX | LOCK_NB) }) == 0 else {
            throw .failed(
                "\(directory) is in use by another cove process; stop it, or give this one another storage.filesystem.rootdirectory")
        }
    }
}
