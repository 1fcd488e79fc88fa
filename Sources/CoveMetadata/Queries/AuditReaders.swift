/// How far readers of the audit log have come (``AuditReader``).
extension MetadataTransaction {
    func takeOverAuditReader(_ name: String) throws -> (position: Int64, term: Int64) {
        try connection.perform(
            """
            INSERT INTO audit_reader (name, entry_id, updated_at) VALUES ($1, $2, $3) ON CONFLICT (name) DO NOTHING
            """, [.text(name), .integer(try lastAuditID()), .integer(now)])
        let row = try connection.row(
            "UPDATE audit_reader SET term = term + 1, updated_at = $1 WHERE name = $2 RETURNING entry_id, term",
            [.integer(now), .text(name)])
        guard let row else { throw MetadataError.corrupt("there is no reader '\(name)' of the audit log") }
        return (try row.integer(0), try row.integer(1))
    }

    func saveAuditReader(_ name: String, at position: Int64, term: Int64) throws -> Bool {
        try connection.run(
            "UPDATE audit_reader SET entry_id = $1, updated_at = $2 WHERE name = $3 AND term = $4",
            [.integer(position), .integer(now), .text(name), .integer(term)]) > 0
    }

    func term(ofAuditReader name: String) throws -> Int64? {
        try connection.row("SELECT term FROM audit_reader WHERE name = $1", [.text(name)])?.integer(0)
    }

    func forgetAudit(through id: Int64) throws {
        try connection.perform("DELETE FROM audit_log WHERE id <= $1", [.integer(id)])
    }

    package func hasAuditReader(_ name: String) throws -> Bool { try term(ofAuditReader: name) != nil }

    /// Forgets how far a reader of the audit log has come: under the same name, one begins anew.
    package func forgetAuditReader(_ name: String) throws {
        try connection.perform("DELETE FROM audit_reader WHERE name = $1", [.text(name)])
    }
}
