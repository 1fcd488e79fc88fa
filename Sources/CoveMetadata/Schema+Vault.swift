extension Schema {
    /// Certificates of an ACME server with their keys, its account's key, and challenges under way, where nodes share them.
    static let vault: [String] = [
        "CREATE TABLE vault_entry (name {key} PRIMARY KEY, value {bytes} NOT NULL, updated_at {integer} NOT NULL)"
    ]
}
