extension Schema {
    /// Who did what, to which, from where, with what result.
    static let audit: [String] = [
        // project_id: of a project that may be gone; no row of another table holds one back, or goes with one. result: 1 for done,
        // 0 for refused or failed. status: of HTTP, 0 where none was given.
        """
        CREATE TABLE audit_log (
            id {id},
            at {integer} NOT NULL,
            project_id {integer},
            project {key} NOT NULL DEFAULT '',
            operator {key} NOT NULL,
            operation {key} NOT NULL,
            resource_type {key} NOT NULL,
            resource {key} NOT NULL,
            result {integer} NOT NULL,
            status {integer} NOT NULL DEFAULT 0,
            description TEXT NOT NULL DEFAULT '',
            address TEXT,
            user_agent TEXT,
            request_id TEXT
        )
        """,
        // Each ends with the order of every list, so that a page is read from where it begins and nothing is sorted.
        "CREATE INDEX audit_log_at ON audit_log(at, id)",
        "CREATE INDEX audit_log_project ON audit_log(project_id, at, id)",
        "CREATE INDEX audit_log_operator ON audit_log(operator, at, id)",
        "CREATE INDEX audit_log_project_operator ON audit_log(project_id, operator, at, id)",
        "CREATE INDEX audit_log_resource ON audit_log(resource, at, id)",
        "CREATE INDEX audit_log_operation ON audit_log(operation, at, id)",
        // What is written stays as it is until it is purged.
        """
        {sqlite}CREATE TRIGGER audit_log_fixed BEFORE UPDATE ON audit_log
        BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END
        """,
        """
        {postgresql}CREATE FUNCTION audit_log_refuse() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'the audit log is append-only'; END $$
        """,
        """
        {postgresql}CREATE TRIGGER audit_log_fixed BEFORE UPDATE ON audit_log
        FOR EACH ROW EXECUTE FUNCTION audit_log_refuse()
        """,
        // How far each reader has come, such as the forwarding to syslog; term as in outbox_reader.
        """
        CREATE TABLE audit_reader (
            name {key} PRIMARY KEY,
            entry_id {integer} NOT NULL,
            term {integer} NOT NULL DEFAULT 0,
            updated_at {integer} NOT NULL
        )
        """,
    ]
}
