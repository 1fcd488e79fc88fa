/// What a command asks of a server that has the same store open: a row, which the server takes and answers.
package struct Errand: Sendable, Equatable {
    package enum State: Int64, Sendable {
        case waiting = 0
        case atWork = 1
        case done = 2
        case failed = 3
    }

    package let id: String
    package let kind: String
    /// JSON.
    package let arguments: String
    package let state: State
    /// JSON when it was done, what went wrong when it failed.
    package let outcome: String?
    /// When the server last said that it is at work; UTC microseconds since 1970.
    package let updatedAt: Int64
}

extension MetadataTransaction {
    package func postErrand(_ id: String, kind: String, arguments: String) throws {
        try connection.perform(
            "INSERT INTO errand (id, kind, arguments, created_at, updated_at) VALUES ($1, $2, $3, $4, $5)",
            [.text(id), .text(kind), .text(arguments), .integer(now), .integer(now)])
    }

    package func errand(_ id: String) throws -> Errand? {
        try connection.row("SELECT id, kind, arguments, state, outcome, updated_at FROM errand WHERE id = $1", [.text(id)]).map(errand)
    }

    /// The errand that has waited longest.
    package func waitingErrand() throws -> Errand? {
        try connection.row(
            "SELECT id, kind, arguments, state, outcome, updated_at FROM errand WHERE state = 0 ORDER BY created_at, id LIMIT 1", []
        ).map(errand)
    }

    /// Takes an errand, or withdraws it.
    ///
    /// - Returns: false when somebody else did so before.
    package func takeErrand(_ id: String) throws -> Bool {
        try connection.run("UPDATE errand SET state = 1, updated_at = $1 WHERE id = $2 AND state = 0", [.integer(now), .text(id)]) > 0
    }

    package func withdrawErrand(_ id: String) throws -> Bool {
        try connection.run("DELETE FROM errand WHERE id = $1 AND state = 0", [.text(id)]) > 0
    }

    /// Adds lines for the command to print, and says that the server is at work.
    package func report(_ lines: [String], from first: Int, of id: String) throws {
        for batch in Batch.all(of: Array(lines.enumerated())) {
            try connection.perform(
                "INSERT INTO errand_line (errand_id, number, text) VALUES \(tuples(batch.items.count, of: 3))",
                batch.items.flatMap { [.text(id), .integer(Int64(first + $0.offset)), .text($0.element)] })
        }
        try connection.perform("UPDATE errand SET updated_at = $1 WHERE id = $2", [.integer(now), .text(id)])
    }

    package func lines(of id: String, after last: Int, limit: Int) throws -> [(number: Int, text: String)] {
        try connection.rows(
            "SELECT number, text FROM errand_line WHERE errand_id = $1 AND number > $2 ORDER BY number LIMIT $3",
            [.text(id), .integer(Int64(last)), .integer(Int64(limit))]
        ).map { (Int(try $0.integer(0)), try $0.text(1)) }
    }

    package func finishErrand(_ id: String, as state: Errand.State, outcome: String) throws {
        try connection.perform(
            "UPDATE errand SET state = $1, outcome = $2, updated_at = $3 WHERE id = $4",
            [.integer(state.rawValue), .text(outcome), .integer(now), .text(id)])
    }

    package func removeErrand(_ id: String) throws {
        try connection.perform("DELETE FROM errand_line WHERE errand_id = $1", [.text(id)])
        try connection.perform("DELETE FROM errand WHERE id = $1", [.text(id)])
    }

    /// Removes errands in which nothing has happened since `cutoff`.
    package func removeErrands(idleSince cutoff: Int64) throws {
        for row in try connection.rows("SELECT id FROM errand WHERE updated_at < $1", [.integer(cutoff)]) {
            try removeErrand(row.text(0))
        }
    }

    private func errand(_ row: SQLRow) throws -> Errand {
        guard let state = Errand.State(rawValue: try row.integer(3)) else {
            throw MetadataError.corrupt("errand \(try row.text(0)) has an unknown state")
        }
        return Errand(
            id: try row.text(0), kind: try row.text(1), arguments: try row.text(2), state: state, outcome: try row.optionalText(4),
            updatedAt: try row.integer(5))
    }
}
