import Foundation

/// The metadata store: which repositories, manifests, tags and blobs exist, and who refers to whom.
///
/// Every statement of Cove is in this target. Callers compose the verbs of ``MetadataTransaction`` in ``read(_:)`` and
/// ``write(_:)``; a write that returned is durable.
package struct MetadataStore: Sendable {
    private let engine: any SQLEngine

    /// Opens the store and brings its schema up to date.
    ///
    /// - Throws: ``MetadataError``.
    package static func open(_ engine: any SQLEngine) async throws -> MetadataStore {
        let dialect = engine.dialect
        try await engine.write { connection in try migrate(connection, dialect) }
        return MetadataStore(engine: engine)
    }

    /// Runs `body` on a consistent snapshot.
    package func read<T: Sendable>(_ body: @escaping @Sendable (MetadataTransaction) throws -> T) async throws -> T {
        try await engine.read { try body(MetadataTransaction(connection: $0)) }
    }

    /// Runs `body` in a transaction: all of it or, when it throws, nothing.
    package func write<T: Sendable>(_ body: @escaping @Sendable (MetadataTransaction) throws -> T) async throws -> T {
        try await engine.write { try body(MetadataTransaction(connection: $0)) }
    }

    /// Whether the store answers.
    package func ping() async throws {
        _ = try await engine.read { try $0.rows("SELECT 1", []) }
    }

    package func close() async throws {
        try await engine.close()
    }

    private static func migrate(_ connection: any SQLConnection, _ dialect: SQLDialect) throws {
        try connection.run(
            dialect.render("CREATE TABLE IF NOT EXISTS schema_version (version {integer} NOT NULL)"), [])
        let done = Int(try connection.row("SELECT COALESCE(MAX(version), 0) FROM schema_version", [])?.integer(0) ?? 0)
        guard done <= Schema.steps.count else {
            throw MetadataError.newerSchema(found: done, supported: Schema.steps.count)
        }
        for (index, step) in Schema.steps.enumerated().dropFirst(done) {
            for statement in step { try connection.run(dialect.render(statement), []) }
            try connection.run("INSERT INTO schema_version (version) VALUES ($1)", [.integer(Int64(index + 1))])
        }
    }
}

/// One transaction or snapshot. Its verbs are in `Queries/`, a file a noun.
package struct MetadataTransaction {
    let connection: any SQLConnection
    /// The time of everything that this transaction writes, UTC microseconds since 1970.
    package let now: Int64

    init(connection: any SQLConnection) {
        self.connection = connection
        now = .nowMicroseconds
    }
}

extension Int64 {
    /// UTC microseconds since 1970.
    package static var nowMicroseconds: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000
    }
}
