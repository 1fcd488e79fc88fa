/// Vulnerabilities that are put up with: in a project, or everywhere.
package struct CVEAllowlistRecord: Sendable, Equatable {
    /// Nil for that of the system.
    package let projectID: Int64?
    package let names: [String]
    /// Seconds since 1970; nil: for ever.
    package let expiresAt: Int64?
    /// Microseconds since 1970; 0 for a list that nobody has written.
    package let createdAt: Int64
    package let updatedAt: Int64
}

extension MetadataTransaction {
    /// That of a project, or of the system; empty when nobody has written any.
    package func cveAllowlist(ofProject projectID: Int64?) throws -> CVEAllowlistRecord {
        let row = try connection.row(
            "SELECT names, expires_at, created_at, updated_at FROM cve_allowlist WHERE project_id = $1", [.integer(projectID ?? 0)])
        guard let row else { return CVEAllowlistRecord(projectID: projectID, names: [], expiresAt: nil, createdAt: 0, updatedAt: 0) }
        return CVEAllowlistRecord(
            projectID: projectID, names: try row.text(0).split(separator: "\n").map(String.init), expiresAt: try row.optionalInteger(1),
            createdAt: try row.integer(2), updatedAt: try row.integer(3))
    }

    /// - Parameter expiresAt: seconds since 1970; nil: never.
    package func setCVEAllowlist(_ names: [String], expiresAt: Int64?, ofProject projectID: Int64?) throws {
        try connection.perform(
            """
            INSERT INTO cve_allowlist (project_id, names, expires_at, created_at, updated_at) VALUES ($1, $2, $3, $4, $4)
            ON CONFLICT (project_id) DO UPDATE SET names = excluded.names, expires_at = excluded.expires_at,
                updated_at = excluded.updated_at
            """, [.integer(projectID ?? 0), .text(names.joined(separator: "\n")), .optional(expiresAt), .integer(now)])
    }
}
