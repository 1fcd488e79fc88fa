import Foundation
import NIOPosix

/// Entries as files of a directory, which only their owner can read.
package final class DirectoryVault: CertificateVault {
    /// A chain has some 6 KiB.
    private static let mostBytes = 1024 * 1024

    package let interval = Duration.seconds(1)
    private let directory: String
    private let threads: NIOThreadPool

    /// Makes the directory if there is none. Blocks.
    ///
    /// - Throws: ``ACMEError`` when it cannot be used.
    package init(_ directory: String, threads: NIOThreadPool) throws(ACMEError) {
        self.directory = directory
        self.threads = threads
        do {
            try FileManager.default.createDirectory(
                atPath: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            var isDirectory: ObjCBool = false
            let isFile = FileManager.default.fileExists(atPath: directory, isDirectory: &isDirectory) && !isDirectory.boolValue
            throw ACMEError(
                .storage, isFile ? "'\(directory)' is a file; name a directory" : "the directory '\(directory)' cannot be made: \(error)")
        }
        guard access(directory, R_OK | W_OK | X_OK) == 0 else { throw Self.failure("use", directory) }
    }

    package func load(_ names: [String]) async throws(ACMEError) -> [String: [UInt8]] {
        try await onThread { () throws(ACMEError) in
            var found: [String: [UInt8]] = [:]
            for name in names { found[name] = try self.read(name) }
            return found
        }
    }

    package func save(_ bytes: [UInt8], as name: String) async throws(ACMEError) {
        try await onThread { () throws(ACMEError) in try self.write(bytes, name) }
    }

    package func remove(_ name: String) async throws(ACMEError) {
        try await onThread { () throws(ACMEError) in
            let path = try self.path(name)
            guard unlink(path) == 0 || errno == ENOENT else { throw Self.failure("remove", path) }
        }
    }

    /// Under a lock on a file, which ends with the process; also between machines, where the directory is one that they share
    /// by NFS 4 or the like.
    package func exclusively(_ body: () async throws -> Void) async throws {
        let descriptor = open("\(directory)/.lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw Self.failure("write", "\(directory)/.lock") }
        defer { close(descriptor) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else { return }
        try await body()
    }

    private func onThread<T: Sendable>(_ body: @escaping @Sendable () throws(ACMEError) -> T) async throws(ACMEError) -> T {
        do {
            return try await threads.runIfActive { try body() }
        } catch {
            throw (error as? ACMEError) ?? ACMEError(.storage, "the server is ending")
        }
    }

    /// Names are of hosts and tokens, which have been checked; a name that leaves the directory is a mistake nevertheless.
    private func path(_ name: String) throws(ACMEError) -> String {
        guard !name.isEmpty, !name.hasPrefix("."), !name.utf8.contains(where: { $0 == UInt8(ascii: "/") || $0 == 0 }) else {
            throw ACMEError(.storage, "'\(name.prefix(80))' is not a name for a file")
        }
        return "\(directory)/\(name)"
    }

    private func read(_ name: String) throws(ACMEError) -> [UInt8]? {
        let path = try path(name)
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw Self.failure("read", path)
        }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 0)
        var buffer = [UInt8](repeating: 0, count: 16_384)
        while true {
            let count = Foundation.read(descriptor, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw Self.failure("read", path) }
            if count == 0 { return bytes }
            bytes += buffer[..<count]
            guard bytes.count <= Self.mostBytes else { throw ACMEError(.storage, "'\(path)' is too large to be a certificate") }
        }
    }

    /// Under another name first: whoever reads, at whatever moment, finds the old entry or the new one.
    private func write(_ bytes: [UInt8], _ name: String) throws(ACMEError) {
        let path = try path(name)
        let draft = "\(directory)/.\(UInt64.random(in: 0...(.max)))"
        let descriptor = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw Self.failure("write", draft) }
        let isWritten = Self.writeAll(bytes, descriptor) && fchmod(descriptor, 0o600) == 0 && fsync(descriptor) == 0
        let failure = Self.failure("write", draft)
        close(descriptor)
        guard isWritten else {
            unlink(draft)
            throw failure
        }
        guard rename(draft, path) == 0 else {
            let failure = Self.failure("write", path)
            unlink(draft)
            throw failure
        }
        try Self.sync(directory)
    }

    private static func writeAll(_ bytes: [UInt8], _ descriptor: Int32) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }

    private static func sync(_ directory: String) throws(ACMEError) {
        let descriptor = open(directory, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure("sync", directory) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw failure("sync", directory) }
    }

    private static func failure(_ verb: String, _ path: String) -> ACMEError {
        ACMEError(.storage, "cannot \(verb) '\(path)': \(String(cString: strerror(errno)))")
    }
}
