/// How much a registry holds.
package struct Inventory: Sendable, Equatable {
    package var repositories: Int64
    package var manifests: Int64
    package var tags: Int64
    /// Uploads that are neither finished nor given up.
    package var uploads: Int64
    /// Events in the outbox.
    package var events: Int64
    package var blobs: Int64
    /// Of all blobs.
    package var bytes: Int64
}

extension MetadataTransaction {
    /// Counts what is there. Reads whole tables, so it is for the background.
    package func inventory() throws -> Inventory {
        let row = try connection.row(
            """
            SELECT (SELECT COUNT(*) FROM repository), (SELECT COUNT(*) FROM manifest), (SELECT COUNT(*) FROM tag),
                (SELECT COUNT(*) FROM upload), (SELECT COUNT(*) FROM event), COUNT(*),
                CAST(COALESCE(SUM(size), 0) AS BIGINT)
            FROM blob WHERE state = 0
            """, [])
        guard let row else { throw MetadataError.corrupt("the tables cannot be counted") }
        return Inventory(
            repositories: try row.integer(0), manifests: try row.integer(1), tags: try row.integer(2),
            uploads: try row.integer(3), events: try row.integer(4), blobs: try row.integer(5), bytes: try row.integer(6))
    }
}
