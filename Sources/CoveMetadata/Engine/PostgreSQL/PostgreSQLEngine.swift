import CoveTelemetry
import Synchronization

/// PostgreSQL 13 or newer, shared with other nodes.
///
/// Transactions run at READ COMMITTED; what must not change under a transaction it locks (``SQLDialect/lockingRow``). One
/// that meets a deadlock or a conflict is run again. A read's statements each see one moment, but not all the same.
package final class PostgreSQLEngine: SQLEngine {
    package let dialect = SQLDialect.postgresql
    package let isShared = true

    package let options: PostgreSQLOptions
    package let statistics = EngineStatistics()
    private let pool: PostgreSQLPool

    package var connections: PoolState? { pool.load }

    package init(_ options: PostgreSQLOptions) {
        self.options = options
        pool = PostgreSQLPool(options, statistics: statistics)
    }

    deinit { pool.close() }

    package func read<T: Sendable>(_ body: @escaping @Sendable (any SQLConnection) throws -> T) async throws -> T {
        try await answer(body) { pool.read($0) }
    }

    package func snapshot<T: Sendable>(_ body: @escaping @Sendable (any SQLConnection) throws -> T) async throws -> T {
        try await answer({ connection in
            guard let connection = connection as? PostgreSQLConnection else { return try body(connection) }
            defer { connection.rollback() }
            try connection.begin("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            return try body(connection)
        }) { pool.read($0) }
    }

    package func write<T: Sendable>(
        in lane: WriteLane, _ body: @escaping @Sendable (any SQLConnection) throws -> T
    ) async throws -> T {
        try await answer(body) { pool.write($0, in: lane) }
    }

    package func exclusively(_ name: String, _ body: () async throws -> Void) async throws -> Bool {
        let lock = PostgreSQLLock(options, name: name)
        guard try await lock.acquire() else { return false }
        do {
            try await body()
        } catch {
            await lock.release()
            throw error
        }
        await lock.release()
        return true
    }

    package func close() async throws {
        pool.close()
    }

    /// The number of an advisory lock as an SQL expression; stores in other schemas of one database have others.
    static func lockKey(_ name: String) -> String {
        "hashtextextended(current_schema() || ':cove:' || \(name), 0)"
    }

    private func answer<T: Sendable>(
        _ body: @escaping @Sendable (any SQLConnection) throws -> T, _ enqueue: (PostgreSQLPool.Job) -> Void
    ) async throws -> T {
        try await withCheckedThrowingContinuation { continuation in
            let outcome = Outcome<T>()
            enqueue(
                PostgreSQLPool.Job { connection in
                    let value = try body(connection)
                    outcome.value.withLock { $0 = value }
                } finish: { error in
                    outcome.resume(continuation, error)
                })
        }
    }
}
