import Crypto
import Foundation
import NIOCore
import NIOPosix
import Synchronization

/// Makes and checks slow hashes of passwords, on a thread pool and not too many at a time.
///
/// That a password fits a hash stays true for ever: it is remembered for ten minutes under a keyed hash of both, so that
/// who logs in again and again pays once. A changed password has another hash, and so nothing has to be forgotten.
package final class Passwords: Sendable {
    /// More wait to be checked than this node works off; nothing was checked. To be tried again.
    package struct Overload: Error, Sendable {}

    /// libcrypt knows neither yescrypt nor bcrypt.
    package struct Unavailable: Error, Sendable, CustomStringConvertible {
        package var description: String { "this system's libcrypt makes neither yescrypt nor bcrypt hashes" }
    }

    private struct State {
        var known = VerdictCache()
        /// Who waits for a check that runs already. Nil is an overload.
        var flights: [Data: [CheckedContinuation<Bool?, Never>]] = [:]
    }

    private enum Start { case known, join, lead }

    /// What nobody knows the password of, and takes as long to check as what ``hash(_:)`` makes.
    private static let dummy = "$y$j9T$......................$" + String(repeating: ".", count: 43)
    private static let lengths = 8...128

    private let threadPool: NIOThreadPool
    private let gate: JobGate
    private let secret = SymmetricKey(size: .bits256)
    private let state = Mutex(State())

    /// - Parameters:
    ///   - threadPool: started by the caller, who keeps it running.
    ///   - concurrent: the most checks at one time. The pool and the processors serve blobs as well.
    ///   - waiting: the most that wait for one of those.
    package init(threadPool: NIOThreadPool = .singleton, concurrent: Int = max(1, System.coreCount / 2), waiting: Int = 128) {
        self.threadPool = threadPool
        gate = JobGate(running: concurrent, waiting: waiting)
    }

    /// Whether something may be a password: 8 to 128 characters, with an upper-case letter, a lower-case letter and a digit.
    package static func check(_ password: String) throws(PasswordRefusal) {
        guard lengths.contains(password.count), password.utf8.count <= 512 else { throw .length(password.count) }
        guard !password.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) else { throw .unspeakable }
        guard password.contains(where: \.isUppercase), password.contains(where: \.isLowercase), password.contains(where: \.isNumber)
        else { throw .lacksKind }
    }

    /// A password that fits the rules and that nobody guesses: 24 characters, some 140 bits.
    package static func generate() -> String {
        let letters = Array("ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789")
        var generator = SystemRandomNumberGenerator()
        while true {
            let password = String((0..<24).map { _ in letters[Int.random(in: 0..<letters.count, using: &generator)] })
            if (try? check(password)) != nil { return password }
        }
    }

    /// A hash to be kept in place of a password or of a secret.
    ///
    /// - Throws: ``Overload``, ``Unavailable``.
    package func hash(_ password: String) async throws -> String {
        let made = await gate.run {
            try? await threadPool.runIfActive {
                // bcrypt looks at 72 bytes only.
                SlowHash.hash(password: password, method: "$y$", cost: 0)
                    ?? (password.utf8.count <= Bcrypt.longestPassword ? Bcrypt.hash(password: password, cost: 12) : nil)
            }
        }
        guard let made else { throw Overload() }
        guard let hash = made ?? nil else { throw Unavailable() }
        return hash
    }

    /// Whether the hash is the password's. Equal questions at one time share a check.
    ///
    /// - Parameter hash: nil for somebody who has none: takes as long, and is false.
    /// - Throws: ``Overload``.
    package func verify(_ password: String, against hash: String?) async throws -> Bool {
        let candidate = hash ?? Self.dummy
        guard let key = VerdictCache.key(user: candidate, password: password, secret: secret) else { return false }
        let verdict = await withCheckedContinuation { continuation in
            let start = state.withLock { state -> Start in
                if state.known.isVerified(key, at: .now) { return .known }
                if state.flights[key] != nil {
                    state.flights[key, default: []].append(continuation)
                    return .join
                }
                state.flights[key] = [continuation]
                return .lead
            }
            switch start {
            case .known: continuation.resume(returning: true)
            case .join: break
            case .lead: Task { await fly(key, password, candidate) }
            }
        }
        guard let verdict else { throw Overload() }
        return verdict && hash != nil
    }

    /// True for what was verified not long ago. False says nothing.
    package func isKnown(_ password: String, for hash: String) -> Bool {
        guard let key = VerdictCache.key(user: hash, password: password, secret: secret) else { return false }
        return state.withLock { $0.known.isVerified(key, at: .now) }
    }

    private func fly(_ key: Data, _ password: String, _ hash: String) async {
        let verdict = await gate.run {
            (try? await threadPool.runIfActive { SlowHash.matches(password: password, hash: hash) }) ?? false
        }
        let waiting = state.withLock { state in
            if verdict == true { state.known.insert(key, at: .now) }
            return state.flights.removeValue(forKey: key) ?? []
        }
        for continuation in waiting { continuation.resume(returning: verdict) }
    }
}
