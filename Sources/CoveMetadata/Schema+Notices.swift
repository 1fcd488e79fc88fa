extension Schema {
    /// Changes of what nodes may have in memory, from a moment before they take place until they have
    /// (``MetadataStore/lease``).
    static let notices: [String] = [
        "CREATE TABLE change_notice (id {id}, repository_id {integer} NOT NULL, at {integer} NOT NULL)",
        "CREATE INDEX change_notice_repository ON change_notice (repository_id)",
    ]
}
