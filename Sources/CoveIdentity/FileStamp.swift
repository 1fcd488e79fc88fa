import CLinux

/// Changes when a file does.
struct FileStamp: Sendable, Equatable {
    let inode: UInt64
    let size: Int64
    let modified: Int64
    let nanoseconds: Int64

    /// Nil when there is no such file. Blocks.
    init?(_ path: String) {
        var file = cove_file()
        guard cove_look_at(path, &file) == 0 else { return nil }
        inode = file.inode
        size = file.size
        modified = file.seconds
        nanoseconds = file.nanoseconds
    }
}
