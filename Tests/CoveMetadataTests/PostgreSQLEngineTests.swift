import CoveOCI
import Foundation
import TestSupport
import Testing

@testable import CoveMetadata

@Suite("PostgreSQL: nodes on one store", .enabled(if: TestDatabase.url != nil, "needs scripts/with-postgresql"))
struct PostgreSQLEngineTests {
    private static func nodes(_ count: Int) async throws -> [PostgreSQLEngine] {
        try await TestDatabase.nodes(count, on: #require(TestDatabase.url))
    }

    @Test("nodes that start at once on an empty database all come up, and the schema is made once")
    func migrateAtOnce() async throws {
        let engines = try await Self.nodes(6)
        let stores = try await withThrowingTaskGroup(of: MetadataStore.self) { group in
            for engine in engines { group.addTask { try await MetadataStore.open(engine) } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        let versions = (1...Schema.steps.count).map { [SQLValue.integer(Int64($0))] }
        #expect(try await stores[0].rows("SELECT version FROM schema_version ORDER BY version") == versions)
    }

    @Test("a transaction that meets a deadlock is run again: both of two that lock crosswise succeed")
    func deadlock() async throws {
        let engine = try await Self.nodes(1)[0]
        try await engine.write(in: .other) {
            try $0.perform("CREATE TABLE entry (id BIGINT PRIMARY KEY, number BIGINT NOT NULL)", [])
            try $0.perform("INSERT INTO entry VALUES (1, 0), (2, 0)", [])
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (lane, order) in [(WriteLane.uploads, [Int64(1), 2]), (.pulls, [2, 1])] {
                group.addTask {
                    try await engine.write(in: lane) { connection in
                        for id in order {
                            _ = try connection.run("UPDATE entry SET number = number + 1 WHERE id = $1", [.integer(id)])
                            Thread.sleep(forTimeInterval: 0.1)
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(try await engine.read { try $0.rows("SELECT number FROM entry", []).map(\.values) } == [[.integer(2)], [.integer(2)]])
    }

    @Test("a conflict that only shows with the commit has the transaction run again", arguments: [1, 20])
    func conflictAtCommit(writers: Int) async throws {
        let engine = try await Self.nodes(1)[0]
        try await engine.write(in: .other) {
            try $0.perform("CREATE TABLE entry (id BIGINT PRIMARY KEY)", [])
            try $0.perform("INSERT INTO entry VALUES (0)", [])
        }
        let runs = Shared(0)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for id in 1...writers {
                group.addTask {
                    try await engine.write(in: .repository("r")) { connection in
                        // Nobody waits for the answer to this.
                        let isFirst = runs.change { $0 += 1 } == 1
                        try connection.perform("INSERT INTO entry VALUES ($1)", [.integer(isFirst ? 0 : Int64(id))])
                    }
                }
            }
            try await group.waitForAll()
        }
        let count = try await engine.read { try $0.row("SELECT COUNT(*) FROM entry", [])?.integer(0) }
        #expect(count == Int64(writers + 1))
    }

    @Test("writers of one repository share commits, and one that is refused takes only itself back")
    func sharedCommits() async throws {
        struct Refused: Error {}
        let engine = try await Self.nodes(1)[0]
        try await engine.write(in: .other) { try $0.perform("CREATE TABLE entry (id BIGINT, transaction TEXT)", []) }
        let refused = Shared(0)
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<200 {
                group.addTask {
                    do {
                        try await engine.write(in: .repository("r")) { connection in
                            try connection.perform(
                                "INSERT INTO entry VALUES ($1, pg_current_xact_id()::TEXT)", [.integer(Int64(number))])
                            if number == 77 { throw Refused() }
                        }
                    } catch {
                        refused.change { $0 += error is Refused ? 1 : 100 }
                    }
                }
            }
        }
        #expect(refused.value == 1)
        let counts = try await engine.read {
            try $0.row("SELECT COUNT(*), COUNT(DISTINCT id), COUNT(DISTINCT transaction) FROM entry", [])?.values
        }
        guard case .integer(let transactions)? = counts?.last else { throw Refused() }
        #expect(counts?.prefix(2) == [.integer(199), .integer(199)])
        #expect(transactions < 150)
    }

    @Test("a chore that one node does is left to it by the others, until it is done")
    func exclusively() async throws {
        let engines = try await Self.nodes(2)
        let ran = try await engines[0].exclusively("sweep") {
            let again = try await engines[1].exclusively("sweep") { Issue.record("ran twice") }
            let another = try await engines[1].exclusively("another") {}
            #expect(!again && another)
        }
        #expect(ran)
        let later = try await engines[1].exclusively("sweep") {}
        #expect(later)
        for turn in 0..<40 {
            let isFree = try await engines[turn % 2].exclusively("sweep") {}
            #expect(isFree, "turn \(turn): it is released before whoever held it goes on")
        }
    }

    @Test("a chore at intervals is done once in each, whoever asks")
    func turns() async throws {
        let store = try await StoreFixture.make()
        #expect(try await store.write { try $0.takeTurn(at: "sweep", every: 60_000_000) })
        #expect(try await !store.write { try $0.takeTurn(at: "sweep", every: 60_000_000) })
        #expect(try await store.write { try $0.takeTurn(at: "other", every: 60_000_000) })
        #expect(try await store.write { try $0.takeTurn(at: "sweep", every: 0) })
    }

    @Test("a server that is not there is an error each time, not a hang")
    func unreachable() async throws {
        let engine = PostgreSQLEngine(PostgreSQLOptions(url: "postgresql://u@127.0.0.1:1/d"))
        for _ in 0..<20 {
            await #expect(throws: MetadataError.self) { try await engine.read { try $0.rows("SELECT 1", []) } }
        }
    }

    @Test("connections that the server ended are replaced without anybody noticing")
    func reconnects() async throws {
        let engines = try await Self.nodes(2)
        try await engines[0].write(in: .other) { try $0.perform("CREATE TABLE entry (id BIGINT)", []) }
        for round in 0..<5 {
            let process = try await engines[0].read { try $0.row("SELECT pg_backend_pid()", [])?.integer(0) ?? 0 }
            _ = try await engines[1].read { try $0.rows("SELECT pg_terminate_backend($1::INTEGER)", [.integer(process)]) }
            while try await engines[1].read({
                try $0.row("SELECT 1 FROM pg_stat_activity WHERE pid = $1", [.integer(process)])
            }) != nil {}
            try await engines[0].write(in: .other) { try $0.perform("INSERT INTO entry VALUES ($1)", [.integer(Int64(round))]) }
        }
        #expect(try await engines[0].read { try $0.row("SELECT COUNT(*) FROM entry", [])?.integer(0) } == 5)
    }

    @Test("a statement that waits too long for another transaction is ended, with the reason")
    func lockTimeout() async throws {
        let first = try await Self.nodes(1)[0]
        var options = first.options
        options.lockTimeout = .milliseconds(200)
        let second = PostgreSQLEngine(options)
        try await first.write(in: .other) {
            try $0.perform("CREATE TABLE entry (id BIGINT PRIMARY KEY)", [])
            try $0.perform("INSERT INTO entry VALUES (1)", [])
        }
        try await first.write(in: .other) { connection in
            _ = try connection.rows("SELECT id FROM entry WHERE id = 1 FOR UPDATE", [])
            let done = DispatchSemaphore(value: 0)
            let failure = Shared<String?>(nil)
            Task {
                do {
                    try await second.write(in: .other) { _ = try $0.run("DELETE FROM entry", []) }
                } catch {
                    failure.change { $0 = "\(error)" }
                }
                done.signal()
            }
            done.wait()
            #expect(failure.value?.contains("55P03") == true)
        }
    }
}
