extension Schema {
    /// What a project may hold, what may not change in it, and what is kept of it: quotas, immutable tags, retention.
    static let rules: [String] = [
        // -1: no limit. used_*: what is used, kept up to date only while something is limited (project.is_limited); each push
        // into a limited project locks this row after its repository's.
        """
        CREATE TABLE project_limit (
            project_id {integer} PRIMARY KEY REFERENCES project(id) ON DELETE CASCADE,
            storage {integer} NOT NULL DEFAULT -1,
            tags {integer} NOT NULL DEFAULT -1,
            used_storage {integer} NOT NULL DEFAULT 0,
            used_tags {integer} NOT NULL DEFAULT 0,
            created_at {integer} NOT NULL DEFAULT 0,
            updated_at {integer} NOT NULL DEFAULT 0
        )
        """,
        // On the rows that a push locks anyway, so that one into a project without limits asks for nothing more.
        "ALTER TABLE project ADD COLUMN is_limited {integer} NOT NULL DEFAULT 0",
        "ALTER TABLE repository ADD COLUMN is_limited {integer} NOT NULL DEFAULT 0",
        "CREATE INDEX repository_of_project ON repository(project_id)",
        // From here on created_at 0 means that no manifest of the repository needs the blob, which is what quotas leave out.
        """
        UPDATE repository_blob SET created_at = 1 WHERE created_at = 0 AND EXISTS (
            SELECT 1 FROM blob b JOIN manifest_reference mr ON mr.digest = b.digest JOIN manifest m ON m.id = mr.manifest_id
            WHERE b.id = repository_blob.blob_id AND m.repository_id = repository_blob.repository_id)
        """,
        // rule: JSON, a TagRule.
        """
        CREATE TABLE immutable_rule (
            id {id},
            project_id {integer} NOT NULL REFERENCES project(id) ON DELETE CASCADE,
            priority {integer} NOT NULL DEFAULT 0,
            is_disabled {integer} NOT NULL DEFAULT 0,
            rule TEXT NOT NULL,
            created_at {integer} NOT NULL,
            updated_at {integer} NOT NULL
        )
        """,
        "CREATE INDEX immutable_rule_project ON immutable_rule(project_id)",
        // rules: JSON, a list of TagRule. cron '' for one that runs only when it is told to.
        """
        CREATE TABLE retention_policy (
            id {id},
            project_id {integer} NOT NULL UNIQUE REFERENCES project(id) ON DELETE CASCADE,
            rules TEXT NOT NULL,
            cron TEXT NOT NULL DEFAULT '',
            created_at {integer} NOT NULL,
            updated_at {integer} NOT NULL
        )
        """,
    ]
}
