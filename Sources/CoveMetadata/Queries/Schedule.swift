extension MetadataTransaction {
    /// Takes the next run of a chore that is done at intervals, on whichever node comes first.
    ///
    /// - Parameter interval: microseconds that have to lie between two runs.
    /// - Returns: false when somebody began one since.
    package func takeTurn(at chore: String, every interval: Int64) throws -> Bool {
        try connection.run(
            """
            INSERT INTO schedule (name, started_at) VALUES ($1, $2)
            ON CONFLICT (name) DO UPDATE SET started_at = excluded.started_at WHERE schedule.started_at <= $3
            """, [.text(chore), .integer(now), .integer(now - interval)]) > 0
    }
}
