import Dispatch

/// A lock that one process in the whole cluster holds, kept by a connection of its own: when the process or its network
/// dies, the server releases it.
final class PostgreSQLLock: Sendable {
    private let queue = DispatchQueue(label: "cove.metadata.lock")
    private let options: PostgreSQLOptions
    private let name: String
    /// Used on ``queue`` only.
    private nonisolated(unsafe) var connection: PostgreSQLConnection?

    init(_ options: PostgreSQLOptions, name: String) {
        self.options = options
        self.name = name
    }

    /// - Returns: false when somebody holds it.
    func acquire() async throws(MetadataError) -> Bool {
        let result = await withCheckedContinuation { continuation in
            queue.async { continuation.resume(returning: Result { () throws(MetadataError) in try self.tryLock() }) }
        }
        return try result.get()
    }

    func release() async {
        await withCheckedContinuation { continuation in
            queue.async {
                // Said and answered: the server notices the end of a connection some time after it, and whoever comes next
                // would find the lock held by nobody. Where it cannot be said, the end of the connection does it.
                _ = try? self.connection?.rows("SELECT pg_advisory_unlock_all()", [])
                self.connection = nil
                continuation.resume()
            }
        }
    }

    private func tryLock() throws(MetadataError) -> Bool {
        do {
            let connection = try PostgreSQLConnection(options)
            let row = try connection.row(
                "SELECT pg_try_advisory_lock(\(PostgreSQLEngine.lockKey("$1")))", [.text(name)])
            guard try row?.integer(0) == 1 else { return false }
            self.connection = connection
            return true
        } catch let error as PostgreSQLFailure {
            throw error.asMetadataError
        } catch {
            throw (error as? MetadataError) ?? .unavailable("\(error)")
        }
    }
}
