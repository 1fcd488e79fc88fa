import Synchronization

/// Copies a metadata store into an empty one, of the same kind or another. The source may be in use: what is copied is
/// one moment of it. All of it arrives, and is counted again at the end, or nothing does.
package struct MetadataCopy: Sendable {
    /// How far a copy has come.
    package struct Progress: Sendable {
        package let table: String
        /// Rows of all tables.
        package let done: Int64
        package let total: Int64
    }

    /// A table as the copy sees it. The key orders its rows and finds the next page.
    struct Table: Sendable {
        let name: String
        let key: [String]
        let columns: [String]
        /// Rows read at once: few where they may be large.
        var page = 500
    }

    private let source: any SQLEngine
    private let target: any SQLEngine

    package init(from source: any SQLEngine, to target: any SQLEngine) {
        self.source = source
        self.target = target
    }

    /// Copies everything.
    ///
    /// - Returns: the rows of each table, in the order of copying.
    /// - Throws: ``MetadataError``; ``NotEmpty`` when the target holds something.
    package func run(_ report: @escaping @Sendable (Progress) -> Void) async throws -> [(table: String, rows: Int64)] {
        let target = self.target
        _ = try await MetadataStore.open(target)
        return try await source.snapshot { source in
            guard try Schema.version(source).version == Schema.steps.count else {
                throw MetadataError.corrupt("the source has another schema; run 'cove metadata migrate' with its configuration first")
            }
            let lent = LentConnection(dialect: source.dialect)
            let outcome = Outcome<Result<[(table: String, rows: Int64)], any Error>>()
            Task {
                do {
                    let counts = try await target.write(in: .migration) { try Self.copyAll(lent, $0, report) }
                    outcome.value.withLock { $0 = .success(counts) }
                } catch {
                    outcome.value.withLock { $0 = .failure(error) }
                }
                lent.giveBack()
            }
            lent.serve(from: source)
            return try outcome.value.withLock { $0 }?.get() ?? []
        }
    }

    /// The target holds rows already.
    package struct NotEmpty: Error, Sendable {
        package let table: String
        package let rows: Int64
    }

    private static func copyAll(
        _ source: any SQLConnection, _ target: any SQLConnection, _ report: (Progress) -> Void
    ) throws -> [(table: String, rows: Int64)] {
        var totals: [(table: String, rows: Int64)] = []
        for table in tables {
            let there = try count(table, target)
            guard there == 0 else { throw NotEmpty(table: table.name, rows: there) }
            totals.append((table.name, try count(table, source)))
        }
        let total = totals.reduce(0) { $0 + $1.rows }
        var done: Int64 = 0
        for table in tables {
            try copy(table, source, target) { rows in
                done += Int64(rows)
                report(Progress(table: table.name, done: done, total: total))
            }
            try continueNumbers(of: table, target)
        }
        for (table, expected) in zip(tables, totals) {
            let arrived = try count(table, target)
            guard arrived == expected.rows else {
                throw MetadataError.corrupt("\(table.name): \(arrived) of \(expected.rows) rows arrived; nothing was kept")
            }
        }
        return totals
    }

    private static func count(_ table: Table, _ connection: any SQLConnection) throws -> Int64 {
        try connection.row("SELECT COUNT(*) FROM \(table.name)", [])?.integer(0) ?? 0
    }

    private static func copy(
        _ table: Table, _ source: any SQLConnection, _ target: any SQLConnection, _ report: (Int) -> Void
    ) throws {
        let columns = table.columns.joined(separator: ", ")
        let key = table.key.joined(separator: ", ")
        let order = "ORDER BY \(key) LIMIT \(table.page)"
        let after = "(\(key)) > (\((1...table.key.count).map { "$\($0)" }.joined(separator: ", ")))"
        var last: [SQLValue] = []
        while true {
            let rows = try page(of: source, "SELECT \(columns) FROM \(table.name)", last, after, order)
            for batch in Batch.all(of: rows) {
                let width = table.columns.count
                let values = batch.items.indices.map { row in
                    "(\((1...width).map { "$\(row * width + $0)" }.joined(separator: ", ")))"
                }
                try target.perform(
                    "INSERT INTO \(table.name) (\(columns)) VALUES \(values.joined(separator: ", "))",
                    batch.items.flatMap(\.values))
            }
            report(rows.count)
            guard rows.count == table.page, let end = rows.last else { return }
            last = table.key.compactMap { name in table.columns.firstIndex(of: name).map { end.values[$0] } }
        }
    }

    private static func page(
        of source: any SQLConnection, _ select: String, _ last: [SQLValue], _ after: String, _ order: String
    ) throws -> [SQLRow] {
        last.isEmpty ? try source.rows("\(select) \(order)", []) : try source.rows("\(select) WHERE \(after) \(order)", last)
    }

    /// Lets new rows be numbered after those that were copied. SQLite does so by itself.
    private static func continueNumbers(of table: Table, _ target: any SQLConnection) throws {
        guard target.dialect == .postgresql, table.key == ["id"] else { return }
        // Of a table whose ids are texts there is no sequence.
        let sequence = try target.row("SELECT pg_get_serial_sequence('\(table.name)', 'id')", [])?.optionalText(0)
        guard let sequence else { return }
        _ = try target.rows(
            "SELECT setval('\(sequence)', (SELECT MAX(id) FROM \(table.name))) WHERE EXISTS (SELECT 1 FROM \(table.name))", [])
    }
}
