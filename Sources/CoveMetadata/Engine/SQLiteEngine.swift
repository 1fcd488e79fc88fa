import CoveTelemetry
import Foundation
import GRDB
import Synchronization

/// SQLite, in a file or in memory. Readers see a snapshot and never wait; writers share commits (``GroupCommitter``).
package final class SQLiteEngine: SQLEngine {
    package enum Location: Sendable {
        /// A database file; `synchronous` false trades the last commits before a power cut for speed.
        case file(path: String, synchronous: Bool)
        case memory
    }

    package let dialect = SQLDialect.sqlite
    /// One process at a time uses the file.
    package let isShared = false
    package let statistics = EngineStatistics()
    package let connections: PoolState? = nil
    private let database: any DatabaseWriter
    private let committer: GroupCommitter
    private let running = Mutex<Set<String>>([])

    /// - Throws: ``MetadataError/unavailable(_:)`` naming the file when it cannot be opened.
    package init(_ location: Location) throws(MetadataError) {
        var configuration = GRDB.Configuration()
        configuration.label = "cove.metadata"
        configuration.maximumReaderCount = 4
        configuration.busyMode = .timeout(10)
        configuration.prepareDatabase { connection in
            // 1 MiB of page cache a connection: hot rows live in Cove's own caches.
            try connection.execute(sql: "PRAGMA cache_size = -1024; PRAGMA temp_store = MEMORY")
        }
        do {
            switch location {
            case .memory:
                database = try DatabaseQueue(configuration: configuration)
            case .file(let path, let synchronous):
                let pool = try DatabasePool(path: path, configuration: configuration)
                // In WAL mode FULL syncs the log at each commit; GRDB sets NORMAL, which does not.
                try pool.writeWithoutTransaction { connection in
                    try connection.execute(
                        sql: "PRAGMA synchronous = \(synchronous ? "FULL" : "NORMAL"); PRAGMA wal_autocheckpoint = 2000")
                }
                database = pool
            }
        } catch {
            throw .unavailable("cannot open the metadata database \(location): \(error)")
        }
        committer = GroupCommitter(database: database, statistics: statistics)
    }

    package func read<T: Sendable>(_ body: @escaping @Sendable (any SQLConnection) throws -> T) async throws -> T {
        // Not GRDB's own `await read`: that one throws in a cancelled task, and a client that went away must not keep
        // its upload from being put in order.
        try await withCheckedThrowingContinuation { continuation in
            database.asyncRead { access in
                continuation.resume(
                    with: Result {
                        do {
                            return try body(SQLiteConnection(database: try access.get()))
                        } catch let error as DatabaseError {
                            throw MetadataError(error)
                        }
                    })
            }
        }
    }

    package func snapshot<T: Sendable>(_ body: @escaping @Sendable (any SQLConnection) throws -> T) async throws -> T {
        try await read(body)
    }

    package func write<T: Sendable>(
        in lane: WriteLane, _ body: @escaping @Sendable (any SQLConnection) throws -> T
    ) async throws -> T {
        try await committer.write(body)
    }

    package func exclusively(_ name: String, _ body: () async throws -> Void) async throws -> Bool {
        guard running.withLock({ $0.insert(name).inserted }) else { return false }
        defer { running.withLock { _ = $0.remove(name) } }
        try await body()
        return true
    }

    package func close() async throws {
        try database.close()
    }
}

/// A GRDB connection seen through ``SQLConnection``. Statements are prepared once a connection.
struct SQLiteConnection: SQLConnection {
    let dialect = SQLDialect.sqlite
    let database: Database

    func rows(_ sql: String, _ parameters: [SQLValue]) throws -> [SQLRow] {
        let statement = try database.cachedStatement(sql: sql)
        let cursor = try Row.fetchCursor(statement, arguments: StatementArguments(parameters))
        var rows: [SQLRow] = []
        while let row = try cursor.next() {
            rows.append(SQLRow(values: row.databaseValues.map(SQLValue.init)))
        }
        return rows
    }

    func run(_ sql: String, _ parameters: [SQLValue]) throws -> Int {
        let statement = try database.cachedStatement(sql: sql)
        try statement.execute(arguments: StatementArguments(parameters))
        return database.changesCount
    }

    func perform(_ sql: String, _ parameters: [SQLValue]) throws {
        try database.cachedStatement(sql: sql).execute(arguments: StatementArguments(parameters))
    }
}

extension SQLValue: DatabaseValueConvertible {
    package var databaseValue: DatabaseValue {
        switch self {
        case .null: .null
        case .integer(let number): number.databaseValue
        case .text(let text): text.databaseValue
        case .blob(let data): data.databaseValue
        }
    }

    package static func fromDatabaseValue(_ value: DatabaseValue) -> SQLValue? { SQLValue(value) }

    init(_ value: DatabaseValue) {
        switch value.storage {
        case .null: self = .null
        case .int64(let number): self = .integer(number)
        case .double(let number): self = .integer(Int64(number))
        case .string(let text): self = .text(text)
        case .blob(let data): self = .blob(data)
        }
    }
}

extension MetadataError {
    init(_ error: DatabaseError) {
        switch error.resultCode {
        case .SQLITE_FULL: self = .full
        // A failed write to the log surfaces as an I/O error; on a full disk that is ENOSPC under another name.
        case .SQLITE_IOERR where errno == ENOSPC: self = .full
        case .SQLITE_CORRUPT, .SQLITE_NOTADB: self = .corrupt(error.message ?? "the database file is damaged")
        default: self = .unavailable("\(error)")
        }
    }
}
