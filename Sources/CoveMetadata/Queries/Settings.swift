extension MetadataTransaction {
    /// All that was ever set, by name.
    package func settings() throws -> [(name: String, value: String)] {
        try connection.rows("SELECT name, value FROM setting", []).map { (try $0.text(0), try $0.text(1)) }
    }

    package func saveSettings(_ settings: [(name: String, value: String)]) throws {
        for setting in settings {
            try connection.perform(
                """
                INSERT INTO setting (name, value, updated_at) VALUES ($1, $2, $3)
                ON CONFLICT (name) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at
                """, [.text(setting.name), .text(setting.value), .integer(now)])
        }
    }

    /// Whether there are users beside the one of that name.
    package func hasAccounts(besides name: String) throws -> Bool {
        try connection.row("SELECT 1 FROM account WHERE name_key <> $1 LIMIT 1", [.text(name.lowercased())]) != nil
    }
}
