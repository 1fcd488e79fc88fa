import CoreFoundation
import Foundation
import Logging

// Which of the two has what the system calls fill in depends on what the compiler read first.
#if canImport(Glibc)
    import Glibc
#endif

/// The file behind a descriptor that somebody else has opened, as a shell does for `cove serve >>cove.log`.
package struct LogFile: Sendable {
    package enum Outcome: Sendable, Equatable {
        case reopened(path: String)
        case failed(path: String, reason: String)
    }

    private let descriptor: Int32
    private let path: String
    private let mode: mode_t

    /// Nil for what is no regular file, or has no name that leads to it.
    init?(_ descriptor: Int32) {
        guard let path = Self.path(of: descriptor), let status = Self.status(descriptor), Self.isFile(status),
            let named = Self.status(path), named.st_ino == status.st_ino, named.st_dev == status.st_dev
        else { return nil }
        self.descriptor = descriptor
        self.path = path
        mode = status.st_mode & 0o777
    }

    /// Opens the file of this name, made when there is none, in the place of the old one. Blocks for a moment.
    ///
    /// - Returns: nil when the old one still has the name.
    func reopen() -> Outcome? {
        if let status = Self.status(descriptor), let named = Self.status(path), named.st_ino == status.st_ino,
            named.st_dev == status.st_dev
        {
            return nil
        }
        let fresh = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, mode)
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

    private static func status(_ descriptor: Int32) -> stat? {
        var status = stat()
        return fstat(descriptor, &status) == 0 ? status : nil
    }

    private static func status(_ path: String) -> stat? {
        var status = stat()
        return stat(path, &status) == 0 ? status : nil
    }

    private static func isFile(_ status: stat) -> Bool { status.st_mode & S_IFMT == S_IFREG }
}
