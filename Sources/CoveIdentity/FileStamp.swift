import Foundation

/// Changes when a file does.
struct FileStamp: Sendable, Equatable {
    let inode: UInt64
    let size: Int64
    let modified: Int64
    let nanoseconds: Int64

    /// Nil when there is no such file. Blocks.
    init?(_ path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        #if canImport(Darwin)
            let time = status.st_mtimespec
        #else
            let time = status.st_mtim
        #endif
        inode = UInt64(status.st_ino)
        size = Int64(status.st_size)
        modified = Int64(time.tv_sec)
        nanoseconds = Int64(time.tv_nsec)
    }
}
