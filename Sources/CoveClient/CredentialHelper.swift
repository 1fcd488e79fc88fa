import Foundation
import NIOPosix

/// A program that gives the login for a registry, by the protocol of Docker's credential helpers: it is run as
/// `command get`, reads the registry's name, and writes `{"Username": …, "Secret": …}`.
///
/// Run without a shell. What it writes is never logged.
package actor CredentialHelper {
    private let command: String
    private let server: String
    private let lifetime: Duration?
    private let timeout: Duration
    private var known: (login: Login, until: ContinuousClock.Instant?)?
    private var running: Task<Result<Login, ClientError>, Never>?

    /// - Parameters:
    ///   - command: a path, or a name to be looked for in `PATH`.
    ///   - server: what the program is asked for.
    ///   - lifetime: how long a login is used again; nil for ever, 0 for once.
    package init(command: String, server: String, lifetime: Duration?, timeout: Duration = .seconds(30)) {
        self.command = command
        self.server = server
        self.lifetime = lifetime
        self.timeout = timeout
    }

    /// Those who ask at once get what one run gives.
    ///
    /// - Parameter refused: a login that was not taken, and so has ended before its time.
    func login(unless refused: Login? = nil) async throws(ClientError) -> Login {
        if let known, known.login != refused, known.until.map({ $0 > .now }) ?? true { return known.login }
        if let running { return try await running.value.get() }
        let (command, server, timeout) = (command, server, timeout)
        let task = Task {
            await withCheckedContinuation { (continuation: CheckedContinuation<Result<Login, ClientError>, Never>) in
                NIOThreadPool.singleton.submit { _ in
                    continuation.resume(returning: Self.run(command, server, timeout))
                }
            }
        }
        running = task
        let result = await task.value
        running = nil
        let login = try result.get()
        known = lifetime == .zero ? nil : (login, lifetime.map { .now + $0 })
        return login
    }

    private static let mostOutput = 64 * 1024

    private static func run(_ command: String, _ server: String, _ timeout: Duration) -> Result<Login, ClientError> {
        guard let path = find(command) else {
            return .failure(.login("there is no credential helper '\(command)'; give its path, or put it into PATH"))
        }
        let (input, output) = (Pipe(), Pipe())
        let process = Process()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = ["get"]
        process.standardInput = input
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        // Before it is run: the text fits into the pipe, and a program that does not read it cannot break it.
        input.fileHandleForWriting.write(Data((server + "\n").utf8))
        try? input.fileHandleForWriting.close()
        do {
            try process.run()
        } catch {
            return .failure(.login("the credential helper '\(command)' cannot be run"))
        }
        try? output.fileHandleForWriting.close()
        let text = collect(output.fileHandleForReading.fileDescriptor, until: .now + timeout)
        if text == nil { kill(process.processIdentifier, SIGKILL) }
        process.waitUntilExit()
        guard let text else {
            return .failure(.login("the credential helper '\(command)' did not end within \(timeout.components.seconds) s"))
        }
        guard process.terminationReason == .exit, process.terminationStatus == 0 else {
            return .failure(.login("the credential helper '\(command)' ended with status \(process.terminationStatus)"))
        }
        struct Answer: Decodable {
            let Username: String
            let Secret: String
        }
        guard let answer = try? JSONDecoder().decode(Answer.self, from: text) else {
            return .failure(.login("the credential helper '\(command)' did not write {\"Username\": …, \"Secret\": …}"))
        }
        guard answer.Username != "<token>" else {
            return .failure(.login("the credential helper '\(command)' gives an identity token; it must give a user name and a password"))
        }
        return .success(Login(user: answer.Username, password: answer.Secret))
    }

    /// What is written until the other end is closed; nil when that is too late or too much.
    private static func collect(_ descriptor: Int32, until deadline: ContinuousClock.Instant) -> Data? {
        var data = Data()
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let left = (deadline - .now).nanoseconds / 1_000_000
            guard left > 0 else { return nil }
            var poller = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            let ready = poll(&poller, 1, Int32(clamping: left))
            if ready < 0, errno == EINTR { continue }
            guard ready > 0 else { return nil }
            let count = read(descriptor, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return data }
            data.append(contentsOf: buffer.prefix(count))
            guard data.count <= mostOutput else { return nil }
        }
    }

    private static func find(_ command: String) -> String? {
        let directories = (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin").split(separator: ":")
        let candidates = command.contains("/") ? [command] : directories.map { "\($0)/\(command)" }
        return candidates.first { FileManager.default.isExecutableFile(atPath: $0) }
    }
}
