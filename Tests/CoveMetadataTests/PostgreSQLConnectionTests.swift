import Foundation
import TestSupport
import Testing

@testable import CoveMetadata

@Suite("PostgreSQL: a connection", .enabled(if: TestDatabase.url != nil, "needs scripts/with-postgresql"))
struct PostgreSQLConnectionTests {
    private let connection: PostgreSQLConnection

    init() throws {
        connection = try PostgreSQLConnection(PostgreSQLOptions(url: #require(TestDatabase.url)))
        try connection.perform("CREATE TEMPORARY TABLE entry (number BIGINT UNIQUE DEFERRABLE INITIALLY DEFERRED)", [])
    }

    private func insert(_ number: Int64) throws {
        try connection.perform("INSERT INTO entry VALUES ($1)", [.integer(number)])
    }

    private var count: Int64? { get throws { try connection.row("SELECT COUNT(*) FROM entry", [])?.integer(0) } }

    private static let wrong = ["SELECT 1 / ($1 - $1)", "SELECT * FROM nowhere WHERE x = $1", "SELEKT $1"]

    @Test("a wrong statement among those sent ahead is told of, and the connection goes on", arguments: wrong, 0..<6)
    func wrongStatement(sql: String, position: Int) throws {
        for _ in 0..<3 {
            try connection.begin()
            #expect(throws: PostgreSQLFailure.self) {
                for index in 0..<6 {
                    if index == position { try connection.perform(sql, [.integer(1)]) }
                    try insert(Int64(index))
                }
                _ = try count
            }
            connection.rollback()
            #expect(connection.isUsable)
            #expect(try count == 0)
        }
        try connection.begin()
        try insert(7)
        try connection.commit()
        #expect(try count == 1)
    }

    @Test("a wrong statement that is waited for is told of at once, whatever came before", arguments: wrong, 0..<4)
    func wrongWaitedFor(sql: String, ahead: Int) throws {
        try connection.begin()
        for index in 0..<ahead { try insert(Int64(index)) }
        #expect(throws: PostgreSQLFailure.self) { try connection.rows(sql, [.integer(1)]) }
        connection.rollback()
        #expect(connection.isUsable)
        #expect(throws: PostgreSQLFailure.self) { try connection.rows(sql, [.integer(1)]) }
        #expect(try count == 0)
    }

    @Test("a commit that fails says so, and nothing of it is there", arguments: 0..<4)
    func failingCommit(ahead: Int) throws {
        try connection.begin()
        for index in 0..<ahead { try insert(Int64(index)) }
        try insert(100)
        try insert(100)
        #expect(throws: PostgreSQLFailure.self) { try connection.commit() }
        connection.rollback()
        #expect(connection.isUsable)
        #expect(try count == 0)
    }

    @Test("a commit after a wrong statement nobody waited for fails, and the next transaction is a new one", arguments: wrong, 0..<4)
    func commitAfterWrong(sql: String, after: Int) throws {
        for _ in 0..<3 {
            try connection.begin()
            try connection.perform(sql, [.integer(1)])
            for index in 0..<after { try insert(Int64(index)) }
            #expect(throws: PostgreSQLFailure.self) { try connection.commit() }
            connection.rollback()
            #expect(connection.isUsable)
            try connection.begin()
            #expect(try count == 0)
            try connection.commit()
        }
    }

    @Test("a transaction given up after a wrong statement nobody waited for leaves a connection that can be used")
    func givenUpAfterWrong() throws {
        try connection.begin()
        try connection.perform("SELECT 1 / ($1 - $1)", [.integer(1)])
        connection.rollback()
        #expect(connection.isUsable)
        #expect(try count == 0)
    }

    @Test("a transaction that is given up leaves nothing, with or without an answer awaited", arguments: 0..<3)
    func givenUp(waits: Int) throws {
        try connection.begin()
        try insert(1)
        if waits > 0 { #expect(try count == 1) }
        if waits > 1 { try insert(2) }
        connection.rollback()
        connection.rollback()
        #expect(connection.isUsable)
        #expect(try count == 0)
    }

    @Test("more statements than may be sent ahead, with large values, all arrive")
    func manyAhead() throws {
        try connection.perform("CREATE TEMPORARY TABLE large (bytes BYTEA)", [])
        try connection.begin()
        for number in 0..<300 { try insert(Int64(number)) }
        for _ in 0..<4 {
            try connection.perform("INSERT INTO large VALUES ($1)", [.blob(Data(repeating: 7, count: 4 << 20))])
        }
        #expect(try connection.row("SELECT SUM(length(bytes))::BIGINT FROM large", [])?.integer(0) == 16 << 20)
        try connection.commit()
        #expect(try count == 300)
    }

    @Test("rows that were changed are counted")
    func counted() throws {
        for number in 0..<5 { try insert(Int64(number)) }
        #expect(try connection.run("DELETE FROM entry WHERE number > $1", [.integer(1)]) == 3)
        #expect(try connection.run("DELETE FROM entry WHERE number > $1", [.integer(1)]) == 0)
    }

    @Test("a connection that the server ended is of no more use")
    func ended() throws {
        let other = try PostgreSQLConnection(PostgreSQLOptions(url: #require(TestDatabase.url)))
        let process = try other.row("SELECT pg_backend_pid()", [])?.integer(0) ?? 0
        _ = try connection.rows("SELECT pg_terminate_backend($1::INTEGER)", [.integer(process)])
        #expect { _ = try other.rows("SELECT 1", []) } throws: { ($0 as? PostgreSQLFailure)?.kind == .connectionLost }
        #expect(!other.isUsable)
    }

    @Test(
        "what goes wrong is told apart",
        arguments: [
            ("40001", PostgreSQLFailure.Kind.conflict), ("40P01", .conflict), ("23505", .conflict), ("53100", .full),
            ("57014", .timedOut), ("55P03", .timedOut), ("57P01", .connectionLost), ("08006", .connectionLost),
            ("53300", .unreachable), ("42P01", .refused), ("23503", .conflict),
        ])
    func kinds(state: String, kind: PostgreSQLFailure.Kind) {
        let failure = PostgreSQLFailure(state: state, message: "why")
        #expect(failure.kind == kind)
        #expect(failure.message == "why (SQLSTATE \(state))")
    }

    @Test(
        "no message shows the password",
        arguments: ["postgresql://u:s3cr@t:x@h/d", "postgresql://u:s3cr@t:x@127.0.0.1:1/d?connect_timeout=2", "postgres://u:s3cr@t:x@[::1"])
    func password(url: String) {
        #expect {
            _ = try PostgreSQLConnection(PostgreSQLOptions(url: url))
        } throws: { error in
            guard let failure = error as? PostgreSQLFailure else { return false }
            return failure.kind == .unreachable && !failure.message.contains("s3cr") && !failure.message.isEmpty
        }
    }
}
