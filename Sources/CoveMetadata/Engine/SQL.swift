import CoveTelemetry
import Foundation
import Synchronization

/// A value that goes into or comes out of a statement: the types that every engine has.
package enum SQLValue: Sendable, Equatable {
    case null
    case integer(Int64)
    case text(String)
    case blob(Data)

    package static func optional(_ text: String?) -> SQLValue { text.map(SQLValue.text) ?? .null }
    package static func optional(_ number: Int64?) -> SQLValue { number.map(SQLValue.integer) ?? .null }
    package static func bytes(_ bytes: [UInt8]) -> SQLValue { .blob(Data(bytes)) }
}

/// One row of a result, its columns by position.
package struct SQLRow: Sendable {
    package let values: [SQLValue]

    /// - Throws: ``MetadataError/corrupt`` when the column is not of the type asked for: the schema is not what this
    ///   version wrote.
    package func integer(_ column: Int) throws -> Int64 {
        guard case .integer(let value) = values[column] else { throw mismatch(column, "an integer") }
        return value
    }

    package func text(_ column: Int) throws -> String {
        guard case .text(let value) = values[column] else { throw mismatch(column, "text") }
        return value
    }

    package func blob(_ column: Int) throws -> Data {
        guard case .blob(let value) = values[column] else { throw mismatch(column, "bytes") }
        return value
    }

    package func optionalText(_ column: Int) throws -> String? {
        values[column] == .null ? nil : try text(column)
    }

    package func optionalInteger(_ column: Int) throws -> Int64? {
        values[column] == .null ? nil : try integer(column)
    }

    private func mismatch(_ column: Int, _ expected: String) -> MetadataError {
        .corrupt("column \(column) is not \(expected)")
    }
}

/// One connection, used by one thread at a time. Statements have `$1`, `$2`… parameters, numbered in the order in which
/// they first appear, which both engines read alike.
package protocol SQLConnection {
    /// Runs a statement and returns its rows.
    func rows(_ sql: String, _ parameters: [SQLValue]) throws -> [SQLRow]
    /// Runs a statement for its effect and returns how many rows it changed.
    func run(_ sql: String, _ parameters: [SQLValue]) throws -> Int
    /// Runs a statement for its effect without waiting for it: when it fails, that may show with a later statement of
    /// the transaction, at the latest with its commit.
    func perform(_ sql: String, _ parameters: [SQLValue]) throws
    var dialect: SQLDialect { get }
}

extension SQLConnection {
    package func row(_ sql: String, _ parameters: [SQLValue]) throws -> SQLRow? {
        try rows(sql, parameters).first
    }
}

/// A database: reads run beside each other, writes are transactions whose return means that they are durable.
package protocol SQLEngine: Sendable {
    var dialect: SQLDialect { get }
    var statistics: EngineStatistics { get }
    /// Its connections; nil for an engine without any.
    var connections: PoolState? { get }
    func read<T: Sendable>(_ body: @escaping @Sendable (any SQLConnection) throws -> T) async throws -> T
    /// As ``read(_:)``; all of its statements see the same moment, however long it takes.
    func snapshot<T: Sendable>(_ body: @escaping @Sendable (any SQLConnection) throws -> T) async throws -> T
    /// Writes of one lane take turns and may share a commit; those of different lanes may run beside each other.
    func write<T: Sendable>(
        in lane: WriteLane, _ body: @escaping @Sendable (any SQLConnection) throws -> T
    ) async throws -> T
    /// Runs `body` unless somebody else, on any node, is running under this name.
    ///
    /// - Returns: false when `body` was not run.
    func exclusively(_ name: String, _ body: () async throws -> Void) async throws -> Bool
    func close() async throws
    /// Whether other processes write to the same database.
    var isShared: Bool { get }
}

/// Which writes have to take turns.
package enum WriteLane: Hashable, Sendable {
    /// What a repository holds. Everything in it is decided under a lock on its row.
    case repository(String)
    /// The progress of uploads.
    case uploads
    case pulls
    case upkeep
    /// The queue of jobs.
    case jobs
    /// What may take long: changes of the schema, copies of a whole store.
    case migration
    case other
}

/// The few words in which engines differ. Schema texts name them in braces.
package enum SQLDialect: Sendable {
    case sqlite
    case postgresql

    /// After a SELECT by key: keeps other transactions from changing the row, and from locking it so, until this one ends.
    /// SQLite lets in one writer at a time anyway.
    package var lockingRow: String { self == .postgresql ? " FOR NO KEY UPDATE" : "" }

    /// As ``lockingRow``, and keeps rows that refer to this one from being added, for it may be about to go.
    package var lockingRowEntirely: String { self == .postgresql ? " FOR UPDATE" : "" }

    /// As ``lockingRow``, but any number of transactions may hold it at once.
    package var lockingRowShared: String { self == .postgresql ? " FOR SHARE" : "" }

    /// As ``lockingRow``, for a SELECT of many: rows that somebody else has locked are left out.
    package var lockingFreeRows: String { self == .postgresql ? " FOR NO KEY UPDATE SKIP LOCKED" : "" }

    /// A statement of the schema in this dialect; nil for one that is only the other's, as `{sqlite}` or `{postgresql}` at its
    /// beginning says.
    package func statement(_ schema: String) -> String? {
        for (word, owner) in [("{sqlite}", SQLDialect.sqlite), ("{postgresql}", .postgresql)] where schema.hasPrefix(word) {
            return owner == self ? render(String(schema.dropFirst(word.count))) : nil
        }
        return render(schema)
    }

    /// Replaces `{id}` (an identity column), `{bytes}`, `{key}` (text that sorts by byte) and `{integer}` (64 bits).
    package func render(_ schema: String) -> String {
        let words: [(String, String)] =
            switch self {
            case .sqlite:
                [
                    ("{id}", "INTEGER PRIMARY KEY AUTOINCREMENT"), ("{bytes}", "BLOB"), ("{key}", "TEXT"),
                    ("{integer}", "INTEGER"),
                ]
            case .postgresql:
                [
                    ("{id}", "BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY"), ("{bytes}", "BYTEA"),
                    ("{key}", "TEXT COLLATE \"C\""), ("{integer}", "BIGINT"),
                ]
            }
        return words.reduce(schema) { $0.replacingOccurrences(of: $1.0, with: $1.1) }
    }
}

/// What the metadata store can fail with.
package enum MetadataError: Error, Equatable, Sendable {
    /// The disk under the store is full. Nothing was written.
    case full
    /// The store cannot be reached or did not answer in time. Nothing was written; try again.
    case unavailable(String)
    /// The store holds what this version did not write.
    case corrupt(String)
    /// The store was written by a newer version.
    case newerSchema(found: Int, supported: Int)
}

/// Carries a caller's result from an engine's thread to its continuation.
final class Outcome<T: Sendable>: Sendable {
    let value = Mutex<T?>(nil)

    func resume(_ continuation: CheckedContinuation<T, any Error>, _ error: (any Error)?) {
        if let error {
            continuation.resume(throwing: error)
        } else if let value = value.withLock({ $0 }) {
            continuation.resume(returning: value)
        } else {
            continuation.resume(throwing: MetadataError.unavailable("a transaction ended without a result"))
        }
    }
}
