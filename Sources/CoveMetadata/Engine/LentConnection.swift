import Dispatch
import Synchronization

/// A connection that is used from another thread than its own: each query is run by the owner's thread, which waits in
/// ``serve(from:)``, while the borrower's waits for the answer.
final class LentConnection: SQLConnection, Sendable {
    private struct Query: Sendable {
        let sql: String
        let parameters: [SQLValue]
    }

    let dialect: SQLDialect
    private let query = Mutex<Query?>(nil)
    private let answer = Mutex<Result<[SQLRow], any Error>?>(nil)
    private let asked = DispatchSemaphore(value: 0)
    private let answered = DispatchSemaphore(value: 0)

    init(dialect: SQLDialect) {
        self.dialect = dialect
    }

    /// Runs what the borrower asks for, on the calling thread, until it gives the connection back.
    func serve(from connection: any SQLConnection) {
        while true {
            asked.wait()
            guard let query = query.withLock({ $0.take() }) else { return }
            let result = Result { try connection.rows(query.sql, query.parameters) }
            answer.withLock { $0 = result }
            answered.signal()
        }
    }

    func giveBack() { asked.signal() }

    func rows(_ sql: String, _ parameters: [SQLValue]) throws -> [SQLRow] {
        query.withLock { $0 = Query(sql: sql, parameters: parameters) }
        asked.signal()
        answered.wait()
        return try answer.withLock { $0.take() }?.get() ?? []
    }

    func run(_ sql: String, _ parameters: [SQLValue]) throws -> Int { try rows(sql, parameters).count }

    func perform(_ sql: String, _ parameters: [SQLValue]) throws { _ = try rows(sql, parameters) }
}
