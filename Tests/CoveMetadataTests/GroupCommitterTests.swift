import Dispatch
import GRDB
import TestSupport
import Testing

@testable import CoveMetadata

@Suite("GroupCommitter")
struct GroupCommitterTests {
    private struct Refused: Error, Equatable {
        let number: Int
    }

    private let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory()
    }

    private static func engine(_ directory: TemporaryDirectory) async throws -> SQLiteEngine {
        let engine = try SQLiteEngine(.file(path: directory.file("test.db"), synchronous: true))
        try await engine.write(in: .other) { _ = try $0.run("CREATE TABLE IF NOT EXISTS entry (number INTEGER PRIMARY KEY)", []) }
        return engine
    }

    private static func numbers(_ engine: SQLiteEngine) async throws -> [Int64] {
        try await engine.read { try $0.rows("SELECT number FROM entry ORDER BY number", []).map { try $0.integer(0) } }
    }

    @Test("many writers at once each get their own result, and their rows are there when the file is opened again")
    func manyWriters() async throws {
        do {
            let engine = try await Self.engine(directory)
            try await withThrowingTaskGroup(of: Bool.self) { group in
                for number in 0..<300 {
                    group.addTask {
                        let got = try await engine.write(in: .other) { connection in
                            try connection.row("INSERT INTO entry VALUES ($1) RETURNING number * 2", [.integer(Int64(number))])
                        }
                        return got?.values == [.integer(Int64(number * 2))]
                    }
                }
                for try await isRight in group { #expect(isRight) }
            }
            try await engine.close()
        }
        #expect(try await Self.numbers(Self.engine(directory)) == Array(0..<300))
    }

    @Test("a writer that fails among others takes only itself back", arguments: [2, 7])
    func failuresAreAlone(every: Int) async throws {
        let engine = try await Self.engine(directory)
        let refused = Shared<[Int]>([])
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<200 {
                group.addTask {
                    do {
                        try await engine.write(in: .other) { connection in
                            try connection.perform("INSERT INTO entry VALUES ($1)", [.integer(Int64(number))])
                            if number % every == 0 { throw Refused(number: number) }
                        }
                    } catch {
                        refused.change { $0.append((error as? Refused)?.number ?? -1) }
                    }
                }
            }
        }
        #expect(refused.value.sorted() == Array(stride(from: 0, to: 200, by: every)))
        #expect(try await Self.numbers(engine) == (0..<200).filter { $0 % every != 0 }.map(Int64.init))
    }

    @Test("a lone writer that fails leaves nothing, and the next one goes on")
    func loneFailure() async throws {
        let engine = try await Self.engine(directory)
        await #expect(throws: Refused(number: 1)) {
            try await engine.write(in: .other) { connection in
                try connection.perform("INSERT INTO entry VALUES (1)", [])
                throw Refused(number: 1)
            }
        }
        #expect(try await Self.numbers(engine) == [])
        try await engine.write(in: .other) { _ = try $0.run("INSERT INTO entry VALUES (2)", []) }
        #expect(try await Self.numbers(engine) == [2])
    }

    @Test("a statement that SQLite refuses is the store's error, and only that writer's")
    func constraint() async throws {
        let engine = try await Self.engine(directory)
        let outcomes = try await withThrowingTaskGroup(of: Bool.self) { group in
            for _ in 0..<20 {
                group.addTask {
                    do {
                        try await engine.write(in: .other) { _ = try $0.run("INSERT INTO entry VALUES (5)", []) }
                        return true
                    } catch MetadataError.unavailable(let why) {
                        #expect(why.contains("UNIQUE"))
                        return false
                    }
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(outcomes.filter { $0 }.count == 1)
        #expect(try await Self.numbers(engine) == [5])
    }

    @Test("when the commit itself fails, nobody is told that it worked")
    func failedCommit() async throws {
        let engine = try await Self.engine(directory)
        try await engine.write(in: .other) {
            _ = try $0.run(
                "CREATE TABLE late (number INTEGER REFERENCES entry(number) DEFERRABLE INITIALLY DEFERRED)", [])
        }
        await #expect(throws: MetadataError.self) {
            try await engine.write(in: .other) { _ = try $0.run("INSERT INTO late VALUES (99)", []) }
        }
        try await engine.write(in: .other) { _ = try $0.run("INSERT INTO entry VALUES (1)", []) }
        #expect(try await engine.read { try $0.rows("SELECT * FROM late", []).count } == 0)
        #expect(try await Self.numbers(engine) == [1])
    }

    @Test("writers that wait while another commits share the next commit")
    func sharedCommits() async throws {
        let database = try DatabasePool(path: directory.file("test.db"))
        try await database.write { try $0.execute(sql: "CREATE TABLE entry (number INTEGER PRIMARY KEY)") }
        let commits = Commits()
        database.add(transactionObserver: commits, extent: .databaseLifetime)
        let committer = GroupCommitter(database: database)
        let everybodyHasCome = DispatchSemaphore(value: 0)
        let arrived = Shared(0)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try await committer.write { connection in
                    everybodyHasCome.wait()
                    _ = try connection.run("INSERT INTO entry VALUES (0)", [])
                }
            }
            for number in 1...100 {
                group.addTask {
                    let count = arrived.change { $0 += 1 }
                    if count == 100 { everybodyHasCome.signal() }
                    try await committer.write { _ = try $0.run("INSERT INTO entry VALUES ($1)", [.integer(Int64(number))]) }
                }
            }
            try await group.waitForAll()
        }
        #expect(try await database.read { try Int.fetchOne($0, sql: "SELECT COUNT(*) FROM entry") } == 101)
        #expect(commits.count.value < 50)
    }
}

private final class Commits: TransactionObserver, Sendable {
    let count = Shared(0)

    func observes(eventsOfKind eventKind: DatabaseEventKind) -> Bool { true }
    func databaseDidChange(with event: DatabaseEvent) {}
    func databaseDidCommit(_ db: Database) { count.change { $0 += 1 } }
    func databaseDidRollback(_ db: Database) {}
}
