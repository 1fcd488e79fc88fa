import Foundation
import Logging
import NIOCore
import NIOPosix
import Synchronization

/// Asks Redis, and leaves it alone for a while when it fails: so a Redis that is dead or stalled costs one command one
/// timeout now and then, and the others nothing. Connections are made as they are needed; nothing blocks a thread.
///
/// Of an outage the log gets one line when it begins and one when it ends.
package final class RedisClient: Sendable {
    private struct State {
        var breaker = CircuitBreaker()
        var pool: ConnectionPool
        var lastOutageEnd: Int64 = 0
        /// Refusals that were logged: each command and code once.
        var reported: Set<String> = []
    }

    private let dialer: RedisDialer
    /// Whether another server may be the master.
    private let hasAlternatives: Bool
    private let group: any EventLoopGroup
    private let logger: Logger
    private let state: Mutex<State>

    /// Reads the certificates. Does not connect yet: a Redis that is down does not keep anybody from starting.
    ///
    /// - Throws: ``RedisError/badTLS(_:)`` naming the file.
    package init(
        _ options: RedisOptions, logger: Logger, on group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton
    ) throws(RedisError) {
        dialer = try RedisDialer(options, on: group)
        hasAlternatives = options.mustCheckRole
        self.group = group
        self.logger = logger
        state = Mutex(State(pool: ConnectionPool(size: options.poolSize)))
    }

    /// When Redis came back last, in UTC seconds since 1970; 0 when it was never seen to fail. What is older may lack changes
    /// that nobody could tell it.
    package var lastOutageEnd: Int64 { state.withLock { $0.lastOutageEnd } }

    /// Whether commands are sent: not for a while after Redis failed.
    package var isInService: Bool { state.withLock { $0.breaker.isClosed } }

    /// Connections that are open, or being made.
    package var connections: Int { state.withLock { $0.pool.count } }

    /// Closes the connections. A command that comes later makes a new one.
    package func close() {
        drop(state.withLock { $0.pool.removeAll() })
    }

    func send(_ command: RedisCommand) async throws(RedisError) -> RedisReply {
        guard let permit = state.withLock({ $0.breaker.permit(at: .now) }) else { throw .outOfService }
        do throws(RedisError) {
            let reply = try await exchange(command)
            succeeded(permit)
            return reply
        } catch {
            if error.concernsServer {
                failed(permit, error)
            } else {
                succeeded(permit)
                report(error)
            }
            throw error
        }
    }

    /// Sends a command on a connection of the pool. One that the server ended since its last use is not the end: each
    /// turn takes such a connection away, so the last is a new one.
    private func exchange(_ command: RedisCommand) async throws(RedisError) -> RedisReply {
        while true {
            let (slot, isNew) = state.withLock { state in state.pool.lease { ConnectionPool.Slot(group.any()) } }
            defer { state.withLock { $0.pool.release(slot) } }
            if isNew { await connect(slot) }
            do throws(RedisError) {
                return try await connection(of: slot).send(command)
            } catch {
                guard case .disconnected = error, !isNew, state.withLock({ $0.breaker.isClosed }) else {
                    if case .refused(_, "READONLY") = error, hasAlternatives { drop([slot]) }
                    throw error
                }
                drop([slot])
            }
        }
    }

    private func connect(_ slot: ConnectionPool.Slot) async {
        do throws(RedisError) {
            let connection = try await dialer.connect()
            slot.connection.succeed(connection)
            connection.whenClosed { [weak self] in _ = self?.state.withLock { $0.pool.remove(slot) } }
            // Everything was dropped while it was made.
            if !state.withLock({ $0.pool.contains(slot) }) { connection.close() }
        } catch {
            state.withLock { _ = $0.pool.remove(slot) }
            slot.connection.fail(error)
        }
    }

    private func connection(of slot: ConnectionPool.Slot) async throws(RedisError) -> RedisConnection {
        do {
            return try await slot.connection.futureResult.get()
        } catch let error as RedisError {
            throw error
        } catch {
            throw .noMaster("\(error)")
        }
    }

    private func drop(_ slots: [ConnectionPool.Slot]) {
        state.withLock { state in for slot in slots { state.pool.remove(slot) } }
        for slot in slots { slot.connection.futureResult.whenSuccess { $0.close() } }
    }

    private func succeeded(_ permit: CircuitBreaker.Permit) {
        let isBack = state.withLock { state in
            guard state.breaker.succeeded(permit) else { return false }
            state.lastOutageEnd = Int64(Date().timeIntervalSince1970)
            return true
        }
        if isBack { logger.info("Redis answers again") }
    }

    /// After a failure no connection is trusted: the next one goes to whoever is the master then.
    private func failed(_ permit: CircuitBreaker.Permit, _ error: RedisError) {
        let (isNews, slots) = state.withLock { state in
            let isNews = state.breaker.isClosed
            return (isNews, state.breaker.failed(permit, at: .now) ? state.pool.removeAll() : [])
        }
        drop(slots)
        if isNews { logger.warning("Redis fails; going on without it", metadata: ["error": "\(error)"]) }
    }

    private func report(_ error: RedisError) {
        guard state.withLock({ $0.reported.count < 32 && $0.reported.insert(error.description).inserted }) else { return }
        logger.warning("Redis refuses a command; this is not said again", metadata: ["error": "\(error)"])
    }
}
