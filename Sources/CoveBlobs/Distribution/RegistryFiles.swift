import CoveOCI
import Foundation

/// Reads a tree in Distribution's layout, in a directory or a bucket. Paths are relative to the storage's root directory.
///
/// Each call is about many paths, so that it may work on them side by side. What is wrong with one of them is part of the
/// answer; what keeps everything from being read is thrown.
package protocol RegistryFiles: Sendable {
    /// What is directly in each of these directories, by name.
    func list(_ directories: [String]) async throws(BlobStorageError) -> [Listing]
    /// The whole of each of these files.
    ///
    /// - Parameter limit: bytes; a longer file is not read.
    func read(_ paths: [String], limit: Int) async throws(BlobStorageError) -> [FileContent]
    /// How long each of these files is.
    func measure(_ paths: [String]) async throws(BlobStorageError) -> [FileSize]
    /// Reads each of these files and hashes it.
    func hash(_ files: [(path: String, algorithm: Digest.Algorithm)]) async throws(BlobStorageError) -> [FileHash]
}

package struct FileEntry: Sendable, Hashable {
    package let name: String
    package let isDirectory: Bool

    package init(name: String, isDirectory: Bool) {
        self.name = name
        self.isDirectory = isDirectory
    }
}

package enum Listing: Sendable, Equatable {
    case entries([FileEntry])
    case missing
    /// The text says why.
    case unreadable(String)
}

package enum FileContent: Sendable, Equatable {
    /// - Parameter modified: UTC microseconds since 1970.
    case bytes(Data, modified: Int64)
    case missing
    /// - Parameter size: bytes.
    case tooLong(size: Int64)
    case unreadable(String)
}

package enum FileSize: Sendable, Equatable {
    /// - Parameter modified: UTC microseconds since 1970.
    case bytes(Int64, modified: Int64)
    case missing
    case unreadable(String)
}

package enum FileHash: Sendable, Equatable {
    case digest(Digest)
    case missing
    case unreadable(String)
}
