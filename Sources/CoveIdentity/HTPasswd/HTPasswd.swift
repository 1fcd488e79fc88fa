import Crypto
import Foundation
import Logging
import NIOCore
import NIOPosix
import Synchronization

/// Verifies users against an Apache htpasswd file of bcrypt hashes.
///
/// The file is looked at again once a second at most. When it changed it is read anew; when it cannot be used, the old
/// users stay and an error is logged. bcrypt and file calls run on the thread pool.
package final class HTPasswd: Sendable {
    /// What became of a login.
    package enum Verdict: Sendable, Equatable {
        case accepted, rejected
        /// Nothing was checked: more logins wait than this node works off. To be tried again.
        case overloaded
    }

    private struct State {
        var file: HTPasswdFile
        var stamp: FileStamp?
        var checked: ContinuousClock.Instant
        /// Counts the files read, so that a verdict over an old one is not kept for a new one.
        var generation = 0
        var cache = VerdictCache()
        /// Who waits for a bcrypt that runs already.
        var flights: [Flight: [CheckedContinuation<Verdict, Never>]] = [:]
    }

    private struct Flight: Hashable {
        let generation: Int
        let key: VerdictCache.Key
    }

    private enum Start {
        case known, join
        case lead(HTPasswdFile, Flight)
    }

    private static let checkInterval = Duration.seconds(1)

    private let path: String
    private let threadPool: NIOThreadPool
    private let logger: Logger
    private let gate: JobGate
    private let now: @Sendable () -> ContinuousClock.Instant
    private let secret = SymmetricKey(size: .bits256)
    private let state: Mutex<State>

    /// Reads the file, blocking: for the start of the process.
    ///
    /// - Parameters:
    ///   - threadPool: where bcrypt runs; started by the caller, who keeps it running.
    ///   - concurrent: the most bcrypts at one time, by default half of the cores. The pool and the processors serve
    ///     blobs as well.
    ///   - waiting: the most logins that wait for one of those.
    ///   - now: the clock, for tests.
    /// - Throws: ``HTPasswdError`` naming the file and the line.
    package init(
        path: String, threadPool: NIOThreadPool, logger: Logger, concurrent: Int = max(1, System.coreCount / 2),
        waiting: Int = 128, now: @escaping @Sendable () -> ContinuousClock.Instant = { ContinuousClock.now }
    ) throws(HTPasswdError) {
        self.path = path
        self.threadPool = threadPool
        self.logger = logger
        self.now = now
        gate = JobGate(running: concurrent, waiting: waiting)
        // Taken before the file is read: a change in between is noticed at the next look.
        let stamp = FileStamp(path)
        let file: HTPasswdFile
        if Self.isDirectory(path) {
            logger.warning(
                "auth.htpasswd.path is a directory, so nobody can log in; name a file of user:hash lines", metadata: ["path": "\(path)"])
            file = .nobody
        } else {
            file = try HTPasswdFile.read(path)
        }
        state = Mutex(State(file: file, stamp: stamp, checked: now()))
    }

    /// Whether the path is a directory's, as in the file of Debian's docker-registry, which starts with it all the same.
    package static func isDirectory(_ path: String) -> Bool {
        var isDirectory: ObjCBool = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) && isDirectory.boolValue
    }

    /// True for a login that was verified within ten minutes. Nil says nothing: ask ``verdict(user:password:)``. Does
    /// not block, and so is nil when the file is due to be looked at.
    package func cachedVerdict(user: String, password: String) -> Bool? {
        guard let key = VerdictCache.key(user: user, password: password, secret: secret) else { return nil }
        let now = now()
        return state.withLock { state in
            guard now - state.checked < Self.checkInterval else { return nil }
            return state.cache.isVerified(key, at: now) ? true : nil
        }
    }

    /// Whether this is the user's password. Equal logins share one bcrypt; a user who does not exist takes as long as
    /// one who does.
    package func verdict(user: String, password: String) async -> Verdict {
        guard let key = VerdictCache.key(user: user, password: password, secret: secret) else { return .rejected }
        await readAgainIfChanged()
        let now = now()
        return await withCheckedContinuation { continuation in
            let start = state.withLock { state -> Start in
                if state.cache.isVerified(key, at: now) { return .known }
                let flight = Flight(generation: state.generation, key: key)
                if state.flights[flight] != nil {
                    state.flights[flight, default: []].append(continuation)
                    return .join
                }
                state.flights[flight] = [continuation]
                return .lead(state.file, flight)
            }
            switch start {
            case .known: continuation.resume(returning: .accepted)
            case .join: break
            case .lead(let file, let flight): Task { await fly(flight, user: user, password: password, file: file) }
            }
        }
    }

    /// A line for a password file. Blocks for as long as the cost demands.
    ///
    /// - Parameter cost: bcrypt's cost, 4 to 31; each step doubles the time.
    /// - Throws: ``HTPasswdError/unusable(_:)`` for what no line can hold.
    package static func line(user: String, password: String, cost: Int = 10) throws(HTPasswdError) -> String {
        guard !user.isEmpty, user.utf8.count <= 255, !user.hasPrefix("#"),
            !user.unicodeScalars.contains(where: { $0 == ":" || $0.properties.generalCategory == .control }),
            // Line separators are not control characters, but end a line of the file.
            !user.contains(where: \.isNewline),
            user.trimmingCharacters(in: .whitespaces) == user
        else {
            throw .unusable(
                "a user name has 1 to 255 bytes, no colon, no control character, no '#' in front and no space around it")
        }
        guard Bcrypt.costs.contains(cost) else { throw .unusable("the cost must be from 4 to 31, not \(cost)") }
        guard !password.isEmpty, password.utf8.count <= Bcrypt.longestPassword, !password.utf8.contains(0) else {
            throw .unusable(
                "a password has 1 to \(Bcrypt.longestPassword) bytes, none of them NUL: bcrypt ignores what is beyond")
        }
        guard let hash = Bcrypt.hash(password: password, cost: cost) else {
            throw .unusable("this system's libcrypt cannot make bcrypt hashes")
        }
        return "\(user):\(hash)"
    }

    /// Runs the one bcrypt of a login and tells everybody who waits for it.
    private func fly(_ flight: Flight, user: String, password: String, file: HTPasswdFile) async {
        let hash = file.hashes[user]
        let candidate = hash ?? Bcrypt.dummy(cost: file.usualCost)
        let matches = await gate.run {
            (try? await threadPool.runIfActive { Bcrypt.matches(password: password, hash: candidate) }) ?? false
        }
        let verdict: Verdict = matches.map { $0 && hash != nil ? .accepted : .rejected } ?? .overloaded
        let now = now()
        let waiting = state.withLock { state in
            if verdict == .accepted, state.generation == flight.generation { state.cache.insert(flight.key, at: now) }
            return state.flights.removeValue(forKey: flight) ?? []
        }
        for continuation in waiting { continuation.resume(returning: verdict) }
    }

    /// Looks at the file now.
    package func readAgain() async {
        let now = now()
        state.withLock { $0.checked = now - Self.checkInterval }
        await readAgainIfChanged()
    }

    /// Looks at the file when that is due. Those that come while another looks go on with what is known.
    private func readAgainIfChanged() async {
        let now = now()
        let known = state.withLock { state -> FileStamp?? in
            guard now - state.checked >= Self.checkInterval else { return nil }
            state.checked = now
            return .some(state.stamp)
        }
        guard let known else { return }
        let path = path
        let changed = try? await threadPool.runIfActive { () -> (FileStamp?, Result<HTPasswdFile, HTPasswdError>)? in
            let stamp = FileStamp(path)
            guard stamp != known else { return nil }
            return (stamp, Result { () throws(HTPasswdError) in try HTPasswdFile.read(path) })
        }
        guard case let (stamp, result)? = changed ?? nil else { return }
        switch result {
        case .success(let file):
            state.withLock { state in
                state.file = file
                state.stamp = stamp
                state.generation += 1
                state.cache.removeAll()
            }
            logger.info("read the changed password file", metadata: ["path": "\(path)", "users": "\(file.hashes.count)"])
        case .failure(let error):
            state.withLock { $0.stamp = stamp }
            logger.error("the changed password file is not used", metadata: ["error": "\(error)"])
        }
    }
}
