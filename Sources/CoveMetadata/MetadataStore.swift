import CoveOCI
import CoveTelemetry
import Foundation

/// The metadata store: which repositories, manifests, tags and blobs exist, and who refers to whom.
///
/// Every statement of Cove is in this target. Callers compose the verbs of ``MetadataTransaction`` in ``read(_:)`` and
/// ``write(_:)``; a write that returned is durable.
package struct MetadataStore: Sendable {
    private let engine: any SQLEngine
    /// Time of reads and of writes, waiting among it.
    package let reads = Histogram(.seconds, bounds: Histogram.shortTimes)
    package let writes = Histogram(.seconds, bounds: Histogram.shortTimes)
    /// Raised when a transaction of this process has appended events.
    package let appended = OutboxSignal()
    /// Whom events that this process appends come from.
    package var source: EventSource?
    /// What is recorded in the audit log; nil where there is none, as without accounts.
    package var audit: AuditPolicy?

    /// Opens the store and brings its schema up to date.
    ///
    /// - Throws: ``MetadataError``.
    package static func open(_ engine: any SQLEngine) async throws -> MetadataStore {
        try await engine.write(in: .migration) { try Schema.migrate($0) }
        return MetadataStore(engine: engine)
    }

    /// Whether other nodes read and write the same store.
    package var isShared: Bool { engine.isShared }

    package var statistics: EngineStatistics { engine.statistics }

    /// The connections to a server; nil without one.
    package var connections: PoolState? { engine.connections }

    /// Runs `body` on what is committed. Each of its statements sees one moment; where the store is shared, the next may
    /// see a later one.
    package func read<T: Sendable>(_ body: @escaping @Sendable (MetadataTransaction) throws -> T) async throws -> T {
        let start = ContinuousClock.now
        defer { reads.observe(since: start) }
        return try await Span.measure("metadata.read") {
            try await engine.read { try body(MetadataTransaction(connection: $0)) }
        }
    }

    /// For how long a node may give what it read, from before it asked for it, where nobody had given notice of a change.
    package static let lease = Duration.milliseconds(10)
    /// How long a change waits after its notice. It is longer by what two nodes' clocks may differ in their speed.
    private static let notice = Duration.milliseconds(11)
    /// Repositories of which one transaction may give notice, and runs that find their notice gone.
    private static let mostNotices = 100

    /// Runs `body` in a transaction: all of it or, when it throws, nothing. It is run more than once where something makes
    /// that necessary: a conflict, or a change of which others have to have notice.
    ///
    /// - Throws: ``WriteBan/Refusal`` where there is one.
    /// - Parameter lane: writes of one lane take turns and may share a commit.
    package func write<T: Sendable>(
        in lane: WriteLane = .other, _ body: @escaping @Sendable (MetadataTransaction) throws -> T
    ) async throws -> T {
        let start = ContinuousClock.now
        defer { writes.observe(since: start) }
        try WriteBan.current?.refuse()
        let trail = audit == nil ? nil : AuditTrail.current
        // Of a request's transactions the first that is committed tells of it.
        let isTeller = trail?.claim() ?? false
        do {
            let (value, hasEvents) = try await Span.measure("metadata.write") {
                try await writeWithNotice(in: lane) { store in
                    store.notes.isTrailed = trail != nil
                    guard isTeller, let trail else { return try body(store) }
                    try store.prepare(trail)
                    let value = try body(store)
                    try store.audit(trail.entry)
                    return value
                }
            }
            if isTeller { trail?.settle(recorded: true) }
            if hasEvents { appended.raise() }
            return value
        } catch {
            if isTeller { trail?.settle(recorded: false) }
            throw error
        }
    }

    /// Runs `body` until it has given notice of all that requires it. A notice is a row, seen by whoever reads the
    /// repository: from then on nobody may keep what is there. What was kept before has run out when the change is made,
    /// so all nodes see it at once. It takes its notice back; that of a node that ended meanwhile only keeps others from
    /// keeping, until it is pruned.
    private func writeWithNotice<T: Sendable>(
        in lane: WriteLane, _ body: @escaping @Sendable (MetadataTransaction) throws -> T
    ) async throws -> (T, hasEvents: Bool) {
        var notices: [Int64: Int64] = [:]
        do {
            for _ in 0..<Self.mostNotices {
                switch try await attempt(in: lane, notices, body) {
                case .success(let done): return done
                case .failure(let required):
                    notices[required.repositoryID] = try await engine.write(in: lane) {
                        try MetadataTransaction(connection: $0).giveNotice(of: required.repositoryID)
                    }
                    try await Task.sleep(for: Self.notice)
                }
            }
            throw MetadataError.unavailable("what is to be changed was itself changed again and again")
        } catch {
            if !notices.isEmpty {
                _ = try? await engine.write(in: lane) { [notices] in
                    try MetadataTransaction(connection: $0, notes: .init(notices: notices)).withdrawNotices()
                }
            }
            throw error
        }
    }

    private func attempt<T: Sendable>(
        in lane: WriteLane, _ notices: [Int64: Int64], _ body: @escaping @Sendable (MetadataTransaction) throws -> T
    ) async throws -> Result<(T, hasEvents: Bool), NoticeRequired> {
        do {
            return try await engine.write(in: lane) { [source, isShared, audit] connection in
                let notes = MetadataTransaction.Notes(source: source, isShared: isShared, notices: notices)
                notes.audit = audit
                let transaction = MetadataTransaction(connection: connection, notes: notes)
                let value: T
                do {
                    value = try body(transaction)
                } catch let required as NoticeRequired where required.isFirst {
                    return .failure(required)
                }
                try transaction.settleAccounts()
                try transaction.withdrawNotices()
                return .success((value, notes.hasEvents))
            }
        } catch let required as NoticeRequired {
            return .failure(required)
        }
    }

    /// Runs `body` unless it is running already, on this node or another.
    ///
    /// - Returns: false when `body` was not run.
    @discardableResult
    package func exclusively(_ name: String, _ body: () async throws -> Void) async throws -> Bool {
        try await engine.exclusively(name, body)
    }

    /// The schema's version, and the one that this program writes.
    ///
    /// - Returns: found 0 for an empty store.
    /// - Throws: ``MetadataError``, also when the schema is not up to date and the user may not change it.
    package static func schemaVersion(_ engine: any SQLEngine) async throws -> (found: Int, supported: Int) {
        let found = try await engine.read { connection in
            let names: String =
                switch connection.dialect {
                case .sqlite: "SELECT 1 FROM sqlite_master WHERE name = 'schema_version'"
                case .postgresql: "SELECT 1 WHERE to_regclass('schema_version') IS NOT NULL"
                }
            var found = 0
            if try connection.row(names, []) != nil {
                let state = try Schema.version(connection)
                guard state.oldest <= Schema.steps.count else {
                    throw MetadataError.newerSchema(found: state.version, supported: Schema.steps.count)
                }
                found = state.version
            }
            if found < Schema.steps.count { try Schema.checkMayMigrate(connection) }
            return found
        }
        return (found, Schema.steps.count)
    }

    /// What tells this store from others: the same for all nodes that share it, and for as long as it lives.
    package func identity() async throws -> String {
        try await engine.read { try $0.row("SELECT id FROM instance", [])?.text(0) ?? "" }
    }

    /// How many rows each table holds.
    package func counts() async throws -> [(table: String, rows: Int64)] {
        try await engine.snapshot { connection in
            try MetadataCopy.tables.map {
                ($0.name, try connection.row("SELECT COUNT(*) FROM \($0.name)", [])?.integer(0) ?? 0)
            }
        }
    }

    /// Whether the store answers.
    package func ping() async throws {
        _ = try await engine.read { try $0.rows("SELECT 1", []) }
    }

    package func close() async throws {
        try await engine.close()
    }
}

/// One transaction or snapshot. Its verbs are in `Queries/`, a file a noun.
package struct MetadataTransaction {
    let connection: any SQLConnection
    /// The time of everything that this transaction writes, UTC microseconds since 1970.
    package let now: Int64
    let notes: Notes

    /// What is said of the transaction as a whole.
    final class Notes {
        let source: EventSource?
        /// Whether other nodes read the same store.
        let isShared: Bool
        /// The rows of the notices that were given, by repository.
        let notices: [Int64: Int64]
        /// What nobody else can see yet.
        var newRepositories: Set<Int64> = []
        var hasEvents = false
        /// Of the repositories that were locked; nil for those whose project has no limits.
        var accounts: [Int64: ProjectAccount?] = [:]
        /// Blobs that a repository was found to hold without needing them (``MetadataTransaction/releaseBlobs(of:in:)``).
        var released: [Int64: Set<Digest>] = [:]
        var overridesRules = false
        var audit: AuditPolicy?
        /// Whether its events are those of a request that is recorded itself.
        var isTrailed = false
        /// What the tags that were set pointed at before; nil for those that are new.
        var tagsBefore: [Tag: Digest?] = [:]

        init(source: EventSource? = nil, isShared: Bool = false, notices: [Int64: Int64] = [:]) {
            self.source = source
            self.isShared = isShared
            self.notices = notices
        }
    }

    init(connection: any SQLConnection, notes: Notes = Notes()) {
        self.connection = connection
        now = .nowMicroseconds
        self.notes = notes
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
