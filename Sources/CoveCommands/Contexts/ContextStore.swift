import Foundation

/// The file of contexts: `$COVE_CONFIG`, or `cove/config.json` in `$XDG_CONFIG_HOME` or `~/.config`. Only its owner can read it.
package struct ContextStore: Sendable {
    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    package let path: String

    package init(path: String) { self.path = path }

    package init(environment: [String: String]) {
        func value(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        let base = value("XDG_CONFIG_HOME") ?? (value("HOME") ?? NSHomeDirectory()) + "/.config"
        path = value("COVE_CONFIG") ?? base + "/cove/config.json"
    }

    /// What the file holds; nothing when there is none.
    package func load() throws(Failure) -> ContextList {
        guard FileManager.default.fileExists(atPath: path) else { return ContextList() }
        guard let data = FileManager.default.contents(atPath: path) else {
            throw Failure(description: "'\(path)' cannot be read; see to its permissions")
        }
        guard let list = try? JSONDecoder().decode(ContextList.self, from: data) else {
            throw Failure(description: "'\(path)' is no file of contexts; repair it or move it away, and log in again")
        }
        return list
    }

    /// Changes the file. Two who do so at once do it one after the other; who reads it sees the old or the new one, whole.
    package func change(_ body: (inout ContextList) -> Void) throws(Failure) {
        let url = URL(fileURLWithPath: path).resolvingSymlinksInPath()
        let directory = url.deletingLastPathComponent().path
        do {
            try FileManager.default.createDirectory(
                atPath: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw Failure(description: "the directory '\(directory)' cannot be made; set COVE_CONFIG to a file that can be written")
        }
        let lock = open(url.path + ".lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard lock >= 0 else { throw failure(url.path) }
        defer { close(lock) }
        guard flock(lock, LOCK_EX) == 0 else { throw failure(url.path) }
        var list = try load()
        body(&list)
        try write(list, to: url.path)
    }

    private func write(_ list: ContextList, to path: String) throws(Failure) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(list) else { throw failure(path) }
        let temporary = "\(path).\(getpid())"
        // Of its mode from the first moment, whatever the umask is.
        let file = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw failure(path) }
        let handle = FileHandle(fileDescriptor: file, closeOnDealloc: true)
        do {
            guard fchmod(file, 0o600) == 0 else { throw failure(path) }
            try handle.write(contentsOf: data)
            try handle.synchronize()
            try handle.close()
            guard rename(temporary, path) == 0 else { throw failure(path) }
        } catch {
            unlink(temporary)
            throw failure(path)
        }
    }

    private func failure(_ path: String) -> Failure {
        Failure(description: "'\(path)' cannot be written: \(String(cString: strerror(errno)))")
    }
}
