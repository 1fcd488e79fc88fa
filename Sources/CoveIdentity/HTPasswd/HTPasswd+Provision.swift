import Foundation

extension HTPasswd {
    /// Makes a password file with one user, `docker`, and a password by chance, as registry:2 does when there is none. The
    /// password is left in `<path>.password`, for its owner only: a log is read by more people than that. Blocks.
    ///
    /// - Returns: the file that has the password; nil when there is a password file already.
    /// - Throws: ``HTPasswdError/unreadable(path:reason:)`` when it can neither be found nor made.
    package static func provision(_ path: String) throws(HTPasswdError) -> String? {
        guard !FileManager.default.fileExists(atPath: path) else { return nil }
        var generator = SystemRandomNumberGenerator()
        let bytes = (0..<32).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
        let password = Data(bytes).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
        let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
        // Where this fails, so does what follows.
        try? FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        let note = path + ".password"
        // First, so that there is never a password that nobody can know.
        try write("\(password)\n", to: note, beside: path, replacing: true)
        try write("\(try line(user: "docker", password: password))\n", to: path, beside: path, replacing: false)
        return note
    }

    private static func write(
        _ text: String, to path: String, beside file: String, replacing: Bool
    ) throws(HTPasswdError) {
        func failure() -> HTPasswdError {
            .unreadable(path: file, reason: "there is no such file, and '\(path)' cannot be made: \(String(cString: strerror(errno)))")
        }
        let descriptor = open(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC | (replacing ? O_TRUNC : O_EXCL), 0o600)
        guard descriptor >= 0 else { throw failure() }
        defer { close(descriptor) }
        let bytes = Array(text.utf8)
        guard fchmod(descriptor, 0o600) == 0, Foundation.write(descriptor, bytes, bytes.count) == bytes.count,
            fsync(descriptor) == 0
        else { throw failure() }
    }
}
