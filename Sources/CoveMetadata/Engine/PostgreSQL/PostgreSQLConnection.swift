import CLibPQ
import Foundation

/// One connection to a server, used by one thread at a time.
///
/// It is always in pipeline mode: statements whose result nobody waits for (``perform(_:_:)``) are only sent, and their
/// outcome is learnt together with that of the next statement that is waited for, at the latest with the commit. So a
/// transaction of fifteen statements takes a handful of round trips. Statements are prepared once a connection.
final class PostgreSQLConnection: SQLConnection {
    /// What the server still owes an answer to, in order.
    private enum Awaited {
        case preparation(of: String)
        case statement
        case synchronization
    }

    /// Statements sent ahead at most: what they send back must fit the socket's buffers.
    private static let mostAhead = 128

    let dialect = SQLDialect.postgresql
    /// Whether the connection can be used for more.
    private(set) var isUsable = true

    private let handle: OpaquePointer
    /// How long the server may take to answer. Longer than its own limit for a statement: then it is the network.
    private var patience: Duration
    private var names: [String: String] = [:]
    private var prepared = 0
    private var awaited: [Awaited] = []
    private var isInTransaction = false

    /// Connects.
    ///
    /// - Throws: ``PostgreSQLFailure`` of kind unreachable.
    init(_ options: PostgreSQLOptions) throws(PostgreSQLFailure) {
        patience = options.statementTimeout + .seconds(2)
        let settings: [(String, String)] = [
            // What stands before `dbname` may be set otherwise in the URL.
            ("application_name", "cove"), ("connect_timeout", String(max(2, options.connectTimeout.components.seconds))),
            ("keepalives_idle", "10"), ("keepalives_interval", "5"), ("keepalives_count", "3"), ("tcp_user_timeout", "15000"),
            ("dbname", options.url), ("client_encoding", "UTF8"),
        ]
        var keys = settings.map { UnsafePointer(strdup($0.0)) } + [nil]
        var values = settings.map { UnsafePointer(strdup($0.1)) } + [nil]
        defer { for pointer in keys + values { free(UnsafeMutableRawPointer(mutating: pointer)) } }
        guard let handle = PQconnectdbParams(&keys, &values, 1) else { throw PostgreSQLFailure(.unreachable, "out of memory") }
        self.handle = handle
        guard PQstatus(handle) == CONNECTION_OK else {
            throw PostgreSQLFailure(.unreachable, options.withoutPassword(Self.text(PQerrorMessage(handle))))
        }
        guard PQserverVersion(handle) >= 130_000 else {
            throw PostgreSQLFailure(.unreachable, "the server is older than PostgreSQL 13")
        }
        PQsetNoticeProcessor(handle, { _, _ in }, nil)
        guard PQsetnonblocking(handle, 1) == 0, PQenterPipelineMode(handle) == 1 else {
            throw PostgreSQLFailure(.unreachable, Self.text(PQerrorMessage(handle)))
        }
        do {
            try set("statement_timeout", options.statementTimeout)
            try set("lock_timeout", options.lockTimeout)
            try set("idle_in_transaction_session_timeout", patience)
            if !options.synchronous { _ = try rows("SELECT set_config('synchronous_commit', 'off', false)", []) }
        } catch {
            throw (error as? PostgreSQLFailure) ?? PostgreSQLFailure(.unreachable, "\(error)")
        }
    }

    deinit { PQfinish(handle) }

    private func set(_ name: String, _ value: Duration) throws {
        let milliseconds = value.components.seconds * 1000 + value.components.attoseconds / 1_000_000_000_000_000
        _ = try rows("SELECT set_config($1, $2, false)", [.text(name), .text(String(milliseconds))])
    }

    /// Looks whether the server has ended the connection while nobody used it. What would otherwise only show with the
    /// answer to a commit, when it cannot be told any more whether that took place, shows before anything is sent.
    func checkWhileIdle() {
        guard isUsable, awaited.isEmpty else { return }
        var descriptor = pollfd(fd: PQsocket(handle), events: Int16(POLLIN), revents: 0)
        // A server that speaks without being asked says goodbye. It may also tell of a setting that changed, rarely.
        if poll(&descriptor, 1, 0) > 0 { isUsable = false }
    }

    // MARK: - Statements

    func rows(_ sql: String, _ parameters: [SQLValue]) throws -> [SQLRow] {
        try send(sql, parameters)
        return try answer().rows
    }

    @discardableResult func run(_ sql: String, _ parameters: [SQLValue]) throws -> Int {
        try send(sql, parameters)
        return try answer().changed
    }

    func perform(_ sql: String, _ parameters: [SQLValue]) throws {
        try send(sql, parameters)
        // Outside of a transaction each statement is one of its own.
        if !isInTransaction || awaited.count >= Self.mostAhead { _ = try answer() }
    }

    // MARK: - Transactions

    func begin(_ statement: String = "BEGIN") throws {
        isInTransaction = true
        try send(statement, [])
    }

    /// As ``begin(_:)``, for a transaction whose statements may take as long as they need.
    func beginWithoutLimits() throws {
        patience = .seconds(24 * 3600)
        try begin()
        for name in ["statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"] {
            try perform("SELECT set_config('\(name)', '0', true)", [])
        }
    }

    /// One that fails leaves the transaction to ``rollback()``: where a statement sent ahead was refused, the server
    /// has skipped the commit and still waits for the end of the transaction.
    ///
    /// - Throws: ``PostgreSQLFailure``; of kind connectionLost when it cannot be told whether the commit took place.
    func commit() throws {
        try send("COMMIT", [])
        // The synchronization that ends a transaction comes with the answer.
        isInTransaction = false
        do {
            let outcome = try answer()
            guard outcome.tag == "COMMIT" else {
                throw PostgreSQLFailure(.refused, "the transaction was rolled back: \(outcome.tag)")
            }
        } catch {
            isInTransaction = true
            throw error
        }
    }

    /// Ends a transaction without a trace. Never fails: a connection that cannot do it is of no use any more.
    func rollback() {
        guard isInTransaction else { return }
        isInTransaction = false
        // The first is skipped like a commit when something sent ahead of it was refused, but not the second.
        for _ in 0..<2 where isUsable {
            if (try? send("ROLLBACK", [])) != nil, (try? answer()) != nil { return }
        }
        isUsable = false
    }

    // MARK: - The wire

    private struct Outcome {
        var rows: [SQLRow] = []
        var changed = 0
        /// What the server says was done, such as `COMMIT`.
        var tag = ""
    }

    private func send(_ sql: String, _ parameters: [SQLValue]) throws {
        guard isUsable else { throw PostgreSQLFailure(.connectionLost, "the connection is closed") }
        let name = try names[sql] ?? prepare(sql, parameters)
        let values = parameters.map(\.wire)
        let sent = Self.withPointers(to: values) { pointers in
            PQsendQueryPrepared(
                handle, name, Int32(values.count), pointers, values.map { Int32($0?.count ?? 0) },
                [Int32](repeating: 1, count: values.count), 1)
        }
        guard sent == 1 else { throw lost() }
        awaited.append(.statement)
    }

    private func prepare(_ sql: String, _ parameters: [SQLValue]) throws -> String {
        prepared += 1
        let name = "cove\(prepared)"
        guard PQsendPrepare(handle, name, sql, Int32(parameters.count), parameters.map(\.typeNumber)) == 1 else { throw lost() }
        names[sql] = name
        awaited.append(.preparation(of: sql))
        return name
    }

    /// Waits for everything sent so far; the outcome is that of the last statement.
    private func answer() throws -> Outcome {
        // Within a transaction a flush will do; else the synchronization is what ends the implicit one.
        guard isInTransaction ? PQsendFlushRequest(handle) == 1 : synchronize() else { throw lost() }
        let deadline = ContinuousClock.now + patience
        var outcome = Outcome()
        var failure: PostgreSQLFailure?
        while !awaited.isEmpty {
            let next = awaited.removeFirst()
            let result = try nextResult(deadline)
            defer { PQclear(result) }
            if case .synchronization = next {
                guard PQresultStatus(result) == PGRES_PIPELINE_SYNC else { throw lost() }
                continue
            }
            // Each statement's results end with a nil.
            if let extra = try nextResult(deadline, orNone: true) { PQclear(extra) }
            switch PQresultStatus(result) {
            case PGRES_COMMAND_OK, PGRES_TUPLES_OK:
                if case .statement = next { outcome = try Self.outcome(of: result) }
            case let status:
                // A statement that could not be prepared is unknown to the server.
                if case .preparation(let sql) = next { names[sql] = nil }
                if failure == nil, status != PGRES_PIPELINE_ABORTED { failure = self.failure(result) }
                // The server skips everything up to a synchronization.
                if !awaited.contains(where: { if case .synchronization = $0 { true } else { false } }) {
                    guard synchronize() else { throw lost() }
                }
            }
        }
        if let failure {
            if failure.kind == .connectionLost { isUsable = false }
            throw failure
        }
        return outcome
    }

    private func synchronize() -> Bool {
        guard PQpipelineSync(handle) == 1 else { return false }
        awaited.append(.synchronization)
        return true
    }

    private func nextResult(_ deadline: ContinuousClock.Instant) throws -> OpaquePointer {
        guard let result = try nextResult(deadline, orNone: true) else { throw lost() }
        return result
    }

    private func nextResult(_ deadline: ContinuousClock.Instant, orNone: Bool) throws -> OpaquePointer? {
        while true {
            let unsent = PQflush(handle)
            guard unsent >= 0 else { throw lost() }
            if unsent == 0, PQisBusy(handle) == 0 { return PQgetResult(handle) }
            try wait(toSend: unsent == 1, deadline)
            guard PQconsumeInput(handle) == 1 else { throw lost() }
        }
    }

    private func wait(toSend: Bool, _ deadline: ContinuousClock.Instant) throws {
        var descriptor = pollfd(fd: PQsocket(handle), events: Int16(POLLIN) | (toSend ? Int16(POLLOUT) : 0), revents: 0)
        while true {
            let left = ContinuousClock.now.duration(to: deadline)
            guard left > .zero else {
                isUsable = false
                throw PostgreSQLFailure(.connectionLost, "the server did not answer within \(patience)")
            }
            let ready = poll(&descriptor, 1, Int32(clamping: left.components.seconds * 1000 + 1000))
            if ready > 0 { return }
            if ready < 0, errno != EINTR { throw lost() }
        }
    }

    private func lost() -> PostgreSQLFailure {
        isUsable = false
        return PostgreSQLFailure(.connectionLost, Self.text(PQerrorMessage(handle)))
    }

    private func failure(_ result: OpaquePointer?) -> PostgreSQLFailure {
        let state = PQresultErrorField(result, Int32(cove_pg_sqlstate)).map { String(cString: $0) }
        if state == nil { isUsable = false }
        let message = PQresultErrorField(result, Int32(cove_pg_message)).map { String(cString: $0) }
        return PostgreSQLFailure(state: state, message: message ?? Self.text(PQerrorMessage(handle)))
    }

    private static func outcome(of result: OpaquePointer?) throws -> Outcome {
        var outcome = Outcome()
        outcome.tag = text(PQcmdStatus(result))
        outcome.changed = Int(text(PQcmdTuples(result))) ?? 0
        let columns = PQnfields(result)
        for row in 0..<PQntuples(result) {
            outcome.rows.append(SQLRow(values: try (0..<columns).map { try value(of: result, row, $0) }))
        }
        return outcome
    }

    private static func value(of result: OpaquePointer?, _ row: Int32, _ column: Int32) throws -> SQLValue {
        if PQgetisnull(result, row, column) == 1 { return .null }
        let bytes = UnsafeRawBufferPointer(
            start: PQgetvalue(result, row, column), count: Int(PQgetlength(result, row, column)))
        guard let value = SQLValue(wire: bytes, typeNumber: PQftype(result, column)) else {
            throw MetadataError.corrupt("column \(column) is of a type that is not used (\(PQftype(result, column)))")
        }
        return value
    }

    private static func text(_ pointer: UnsafePointer<CChar>?) -> String {
        guard let pointer else { return "" }
        return String(cString: pointer).trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// Lends out values as libpq wants them: an array of pointers, nil for null.
    private static func withPointers<T>(to values: [Data?], _ body: ([UnsafePointer<CChar>?]) -> T) -> T {
        // A byte more, so that an empty value has an address as well: without one it would be a null.
        let joined = values.reduce(into: Data()) { $0 += $1 ?? Data() } + [0]
        return joined.withUnsafeBytes { bytes in
            var offset = 0
            return body(
                values.map { value in
                    guard let value else { return nil }
                    defer { offset += value.count }
                    return bytes.baseAddress?.advanced(by: offset).assumingMemoryBound(to: CChar.self)
                })
        }
    }
}
