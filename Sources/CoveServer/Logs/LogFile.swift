import CLinux
import Foundation
import Logging

/// The file behind a descriptor that somebody else has opened, as a shell does for `cove serve >>cove.log`.
package struct LogFile: Sendable {
    package enum Outcome: Sendable, Equatable {
        case reopened(path: String)
        case failed(path: String, reason: String)
    }

    private let descriptor: Int32
    private let path: String
    private let permissions: mode_t

    /// Nil for what is no regular file, or has no name that leads to it.
    init?(_ descriptor: Int32) {
        guard let path = Self.path(of: descriptor), let file = Self.file(behind: descriptor), file.is_regular != 0,
            Self.leads(path, to: file)
        else { return nil }
        self.descriptor = descriptor
        self.path = path
        permissions = mode_t(file.permissions)
    }

    /// Opens the file of this name, made when there is none, in the place of the old one. Blocks for a moment.
    ///
    /// - Returns: nil when the old one still has the name.
    func reopen() -> Outcome? {
        if let file = Self.file(behind: descriptor), Self.leads(path, to: file) { return nil }
        let fresh = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, permissions)
        guard fresh >= 0 else { return .failed(path: path, reason: String(cString: strerror(errno))) }
        defer { close(fresh) }
        guard dup2(fresh, descriptor) >= 0 else { return .failed(path: path, reason: String(cString: strerror(errno))) }
        return .reopened(path: path)
    }

    static func report(_ outcome: Outcome?, to logger: Logger) {
        switch outcome {
        case nil: break
        case .reopened(let path): logger.info("opened the log file again", metadata: ["path": "\(path)"])
        case .failed(let path, let reason):
            logger.error("the log file cannot be opened again", metadata: ["path": "\(path)", "reason": "\(reason)"])
        }
    }

    private static func path(of descriptor: Int32) -> String? {
        #if os(Linux)
            return try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\(descriptor)")
        #else
            return nil
        #endif
    }

    private static func file(behind descriptor: Int32) -> cove_file? {
        var file = cove_file()
        return cove_look_behind(descriptor, &file) == 0 ? file : nil
    }

    private static func leads(_ path: String, to file: cove_file) -> Bool {
        var named = cove_file()
        return cove_look_at(path, &named) == 0 && named.inode == file.inode && named.device == file.device
    }
}
