import Foundation
import Synchronization

/// A `redis-server` of a test's own, on a free port of 127.0.0.1, that keeps nothing. It ends with this value.
package final class RedisServer: Sendable {
    package struct DidNotStart: Error {
        package let output: String
    }

    /// Nil where there is none: tests that need it are skipped then.
    package static let binary = ["/usr/bin/redis-server", "/usr/local/bin/redis-server", "/opt/homebrew/bin/redis-server"]
        .first { FileManager.default.isExecutableFile(atPath: $0) }
    package static let absence = "there is no redis-server here (Debian: apt-get install redis-server)"

    package let port: Int
    private let arguments: [String]
    private let directory: TemporaryDirectory
    private let process = Mutex<Process?>(nil)

    /// - Parameters:
    ///   - port: nil for a free one.
    ///   - sentinelOf: lines of the configuration file of a sentinel; nil for a server.
    package init(_ arguments: [String] = [], port: Int? = nil, sentinelOf: [String]? = nil) async throws {
        let port = try port ?? Self.freePort()
        self.port = port
        directory = try TemporaryDirectory()
        if let sentinelOf {
            let lines = ["port \(port)", "bind 127.0.0.1", "dir \(directory.path)"] + sentinelOf
            self.arguments = [try directory.write(lines.joined(separator: "\n") + "\n", to: "sentinel.conf"), "--sentinel"]
        } else {
            // The port may be among the arguments as that of TLS.
            let plain = arguments.contains("--tls-port") ? [] : ["--port", "\(port)"]
            self.arguments =
                plain + [
                    "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", directory.path,
                    "--repl-diskless-sync-delay", "0",
                ] + arguments
        }
        try await start()
    }

    deinit { process.withLock { $0.map { signal(SIGKILL, $0) } } }

    /// Starts it, again after ``kill()``, on the same port, and waits until it takes connections.
    package func start() async throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: Self.binary ?? "")
        process.arguments = arguments
        let log = try directory.write("", to: "log")
        let output = FileHandle(forWritingAtPath: log)
        process.standardOutput = output
        process.standardError = output
        try process.run()
        self.process.withLock { $0 = process }
        for _ in 0..<400 {
            let lines = (try? String(contentsOfFile: log, encoding: .utf8)) ?? ""
            if lines.contains("Ready to accept connections") || lines.contains("Sentinel ID is") { return }
            guard process.isRunning else { throw DidNotStart(output: lines) }
            try await Task.sleep(for: .milliseconds(25))
        }
        await kill()
        throw DidNotStart(output: "nothing within ten seconds")
    }

    /// Ends it as a crash does.
    package func kill() async {
        guard let process = process.withLock({ $0.take() }) else { return }
        signal(SIGKILL, process)
        while process.isRunning { try? await Task.sleep(for: .milliseconds(5)) }
    }

    /// Keeps it from doing anything: connections stay open, and nothing is answered.
    package func stall() { process.withLock { $0.map { signal(SIGSTOP, $0) } } }

    package func resume() { process.withLock { $0.map { signal(SIGCONT, $0) } } }

    private func signal(_ number: Int32, _ process: Process) {
        #if canImport(Darwin)
            Darwin.kill(process.processIdentifier, number)
        #else
            Glibc.kill(process.processIdentifier, number)
        #endif
    }

    // MARK: - Ports

    /// Ports that were given out: what is free now may be so because its user has not started yet.
    private static let given = Mutex<Set<Int>>([])

    package static func freePort() throws -> Int {
        while true {
            let port = try unusedPort()
            if given.withLock({ $0.insert(port).inserted }) { return port }
        }
    }

    private static func unusedPort() throws -> Int {
        #if canImport(Darwin)
            let descriptor = socket(AF_INET, SOCK_STREAM, 0)
        #else
            let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        #endif
        guard descriptor >= 0 else { throw POSIXError(.EMFILE) }
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                bind(descriptor, pointer, length) | getsockname(descriptor, pointer, &length)
            }
        }
        guard status == 0 else { throw POSIXError(.EADDRINUSE) }
        return Int(UInt16(bigEndian: address.sin_port))
    }
}
