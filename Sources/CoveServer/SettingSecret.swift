import CoveConfiguration
import CoveIdentity
import CoveMetadata
import Foundation
import Logging

/// Where the key is that settings are sealed with: in the configuration, or beside the file of SQLite, or, for want of a better
/// place, among what nodes share in the metadata store. It is a text, so that it can be moved from one of these to another.
struct SettingSecret {
    private static let entry = "setting-key"
    private static let lengths = 16...1024

    let configured: String?
    let location: MetadataSource.Location
    let metadata: MetadataStore
    let logger: Logger

    /// - Throws: ``ServeError`` that names the file, `MetadataError`.
    func cipher() async throws -> SettingCipher {
        SettingCipher(secret: Data(try await text().utf8))
    }

    private func text() async throws -> String {
        if let configured { return configured }
        switch location {
        case .memory: return Self.make()
        case .sqlite(let path): return try Self.file("\(path).key")
        case .postgresql:
            logger.notice(
                "secrets of settings are sealed with a key that is in the metadata store beside them; set auth.accounts.secretkey to the same text on every node to keep it elsewhere"
            )
            return try await shared()
        }
    }

    /// 256 random bits in base64url.
    private static func make() -> String { RandomToken.make() }

    /// The key of a file that only this user can read, made if need be.
    private static func file(_ path: String) throws(ServeError) -> String {
        let what = "'\(path)', the key of settings that are secrets,"
        if FileManager.default.fileExists(atPath: path) {
            let found = FileManager.default.contents(atPath: path).flatMap { String(data: $0, encoding: .utf8) }
            guard let found else { throw ServeError("\(what) cannot be read") }
            let text = found.trimmingCharacters(in: .whitespacesAndNewlines)
            guard lengths.contains(text.utf8.count) else {
                throw ServeError("\(what) is not whole; restore it, or delete it and set those settings again")
            }
            return text
        }
        let text = make()
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw ServeError("\(what) cannot be made: \(String(cString: strerror(errno)))") }
        let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        do {
            try handle.write(contentsOf: Data("\(text)\n".utf8))
            try handle.synchronize()
            try handle.close()
        } catch {
            throw ServeError("\(what) cannot be written: \(error)")
        }
        return text
    }

    /// Of nodes that start at once, one makes it.
    private func shared() async throws -> String {
        let made = Self.make()
        return try await metadata.write { store in
            try store.insertVaultEntry(Self.entry, Array(made.utf8))
            return String(decoding: try store.vaultEntries([Self.entry])[Self.entry] ?? Array(made.utf8), as: UTF8.self)
        }
    }
}
