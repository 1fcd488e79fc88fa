import Foundation

extension MetadataTransaction {
    /// - Returns: those of the entries that there are.
    package func vaultEntries(_ names: [String]) throws -> [String: [UInt8]] {
        var found: [String: [UInt8]] = [:]
        for name in names {
            let row = try connection.row("SELECT value FROM vault_entry WHERE name = $1", [.text(name)])
            if let row { found[name] = Array(try row.blob(0)) }
        }
        return found
    }

    /// Leaves one that is there as it is.
    package func insertVaultEntry(_ name: String, _ value: [UInt8]) throws {
        try connection.perform(
            "INSERT INTO vault_entry (name, value, updated_at) VALUES ($1, $2, $3) ON CONFLICT (name) DO NOTHING",
            [.text(name), .bytes(value), .integer(now)])
    }

    package func saveVaultEntry(_ name: String, _ value: [UInt8]) throws {
        try connection.perform(
            """
            INSERT INTO vault_entry (name, value, updated_at) VALUES ($1, $2, $3)
            ON CONFLICT (name) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at
            """, [.text(name), .bytes(value), .integer(now)])
    }

    package func removeVaultEntry(_ name: String) throws {
        try connection.perform("DELETE FROM vault_entry WHERE name = $1", [.text(name)])
    }
}
