import CoveMetadata
import Foundation

/// A database for one test: SQLite in memory, or a schema of its own on the PostgreSQL server that
/// `COVE_TEST_POSTGRESQL` names (`scripts/with-postgresql`), so that the same tests run on both.
package enum TestDatabase {
    /// The server's URL, when there is one.
    package static let url = ProcessInfo.processInfo.environment["COVE_TEST_POSTGRESQL"]

    package static func engine() async throws -> any SQLEngine {
        guard let url else { return try SQLiteEngine(.memory) }
        return try await postgresql(url)
    }

    /// - Returns: engines on one fresh schema: as many nodes.
    package static func nodes(_ count: Int, on url: String) async throws -> [PostgreSQLEngine] {
        let first = try await postgresql(url)
        return [first] + (1..<count).map { _ in PostgreSQLEngine(first.options) }
    }

    package static func postgresql(_ url: String) async throws -> PostgreSQLEngine {
        var options = PostgreSQLOptions(url: url)
        options.maximumConnections = 1
        let schema = "t" + String(UInt64.random(in: 0...(.max)), radix: 16)
        let administrator = PostgreSQLEngine(options)
        try await administrator.write(in: .other) { try $0.perform("CREATE SCHEMA \(schema)", []) }
        options.maximumConnections = 4
        options.url += (url.contains("?") ? "&" : "?") + "options=-csearch_path%3D\(schema)"
        return PostgreSQLEngine(options)
    }
}
