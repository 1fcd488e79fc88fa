/// The numbered steps that build the schema. Forward only; a step that was released is never changed.
///
/// Times are UTC microseconds since 1970. Digests are `Digest.storageKey`: a tag byte for the algorithm, then the hash.
enum Schema {
    struct Step: Sendable {
        let statements: [String]
        /// The oldest version of the schema whose programs can work with this one: nodes are replaced one after another,
        /// so a step only adds what they can do without (docs/architecture.md, "Changing the schema").
        let oldest: Int
    }

    static let steps = [
        Step(statements: core, oldest: 1), Step(statements: cluster, oldest: 2), Step(statements: outbox, oldest: 2),
        Step(statements: imports, oldest: 2), Step(statements: vault, oldest: 2),
        // A node without it would neither give notice nor heed it. None was released, so nobody's nodes are replaced across this.
        Step(statements: notices, oldest: 6),
        // Nodes without it would charge no quota, heed no rule and ask for no right.
        Step(statements: accounts + jobs + webhooks + audit + rules + catalogue + logins, oldest: 7),
    ]

    /// Brings the schema up to date. Of nodes that start at once, one does it and the others wait.
    ///
    /// - Throws: ``MetadataError/newerSchema(found:supported:)`` when what is there needs a newer program.
    static func migrate(_ connection: any SQLConnection) throws {
        let dialect = connection.dialect
        if dialect == .postgresql {
            _ = try connection.rows("SELECT pg_advisory_xact_lock(\(PostgreSQLEngine.lockKey("'migrate'")))", [])
        }
        try connection.perform(
            dialect.render("CREATE TABLE IF NOT EXISTS schema_version (version {integer} NOT NULL)"), [])
        let state = try version(connection)
        guard state.oldest <= steps.count else { throw MetadataError.newerSchema(found: state.version, supported: steps.count) }
        for (index, step) in steps.enumerated().dropFirst(state.version) {
            for statement in step.statements.compactMap(dialect.statement) { try connection.perform(statement, []) }
            if index == 0 {
                try connection.perform("INSERT INTO schema_version (version) VALUES (1)", [])
            } else {
                try connection.perform(
                    "INSERT INTO schema_version (version, oldest) VALUES ($1, $2)",
                    [.integer(Int64(index + 1)), .integer(Int64(step.oldest))])
            }
        }
        try connection.perform(
            "INSERT INTO instance (id) SELECT $1 WHERE NOT EXISTS (SELECT 1 FROM instance)",
            [.text(String(UInt64.random(in: 0...(.max)), radix: 36))])
    }

    /// Whether the user of the connection may make tables.
    ///
    /// - Throws: ``MetadataError/unavailable(_:)`` when not.
    static func checkMayMigrate(_ connection: any SQLConnection) throws {
        guard connection.dialect == .postgresql else { return }
        let may = try connection.row(
            "SELECT COALESCE(current_schema(), ''), COALESCE(has_schema_privilege(current_schema(), 'CREATE'), FALSE)", [])
        guard let may, try may.integer(1) == 1 else {
            throw MetadataError.unavailable("permission denied for schema \(try may?.text(0) ?? ""): its user may not make tables")
        }
    }

    /// The version of the schema that is there, and the oldest whose programs can work with it; 0 for an empty store.
    static func version(_ connection: any SQLConnection) throws -> (version: Int, oldest: Int) {
        let version = Int(try connection.row("SELECT COALESCE(MAX(version), 0) FROM schema_version", [])?.integer(0) ?? 0)
        // The column came with the second step.
        guard version > 1 else { return (version, version) }
        let row = try connection.row("SELECT oldest FROM schema_version WHERE version = $1", [.integer(Int64(version))])
        return (version, Int(try row?.integer(0) ?? Int64(version)))
    }

    private static let core: [String] = [
        """
        CREATE TABLE project (
            id {id},
            name {key} NOT NULL UNIQUE,
            created_at {integer} NOT NULL
        )
        """,
        """
        CREATE TABLE repository (
            id {id},
            project_id {integer} NOT NULL REFERENCES project(id),
            name {key} NOT NULL UNIQUE,
            created_at {integer} NOT NULL
        )
        """,
        // state 0: live. 1: the collector is deleting the bytes; nobody sees the row any more, and a push of the same
        // content makes a new row with bytes of its own.
        """
        CREATE TABLE blob (
            id {id},
            digest {bytes} NOT NULL,
            size {integer} NOT NULL,
            location {key} NOT NULL UNIQUE,
            state {integer} NOT NULL DEFAULT 0,
            created_at {integer} NOT NULL,
            unreferenced_since {integer}
        )
        """,
        "CREATE UNIQUE INDEX blob_live ON blob(digest) WHERE state = 0",
        "CREATE INDEX blob_unreferenced ON blob(unreferenced_since) WHERE unreferenced_since IS NOT NULL",
        """
        CREATE TABLE repository_blob (
            repository_id {integer} NOT NULL REFERENCES repository(id),
            blob_id {integer} NOT NULL REFERENCES blob(id),
            created_at {integer} NOT NULL,
            PRIMARY KEY (repository_id, blob_id)
        )
        """,
        "CREATE INDEX repository_blob_blob ON repository_blob(blob_id)",
        """
        CREATE TABLE manifest (
            id {id},
            repository_id {integer} NOT NULL REFERENCES repository(id),
            digest {bytes} NOT NULL,
            media_type TEXT NOT NULL,
            artifact_type TEXT,
            subject {bytes},
            annotations TEXT,
            annotations_size {integer} NOT NULL,
            size {integer} NOT NULL,
            created_at {integer} NOT NULL,
            created_by TEXT,
            pulled_at {integer},
            pull_count {integer} NOT NULL DEFAULT 0,
            payload {bytes} NOT NULL,
            UNIQUE (repository_id, digest)
        )
        """,
        "CREATE INDEX manifest_subject ON manifest(repository_id, subject, digest) WHERE subject IS NOT NULL",
        // role: config, layer, child. By digest, not by row: the content may go and come back as another row.
        """
        CREATE TABLE manifest_reference (
            manifest_id {integer} NOT NULL REFERENCES manifest(id) ON DELETE CASCADE,
            position {integer} NOT NULL,
            role TEXT NOT NULL,
            digest {bytes} NOT NULL,
            size {integer} NOT NULL,
            media_type TEXT NOT NULL,
            PRIMARY KEY (manifest_id, position)
        )
        """,
        "CREATE INDEX manifest_reference_digest ON manifest_reference(digest)",
        """
        CREATE TABLE tag (
            repository_id {integer} NOT NULL REFERENCES repository(id),
            name {key} NOT NULL,
            manifest_id {integer} NOT NULL REFERENCES manifest(id),
            created_at {integer} NOT NULL,
            updated_at {integer} NOT NULL,
            updated_by TEXT,
            pulled_at {integer},
            pull_count {integer} NOT NULL DEFAULT 0,
            PRIMARY KEY (repository_id, name)
        )
        """,
        "CREATE INDEX tag_manifest ON tag(manifest_id)",
        // digest null: the tag was deleted.
        """
        CREATE TABLE tag_history (
            id {id},
            repository_id {integer} NOT NULL REFERENCES repository(id),
            name {key} NOT NULL,
            digest {bytes},
            at {integer} NOT NULL,
            actor TEXT
        )
        """,
        "CREATE INDEX tag_history_tag ON tag_history(repository_id, name, id)",
        """
        CREATE TABLE upload (
            id {key} PRIMARY KEY,
            repository {key} NOT NULL,
            algorithm TEXT NOT NULL,
            received {integer} NOT NULL,
            created_at {integer} NOT NULL,
            updated_at {integer} NOT NULL
        )
        """,
        "CREATE INDEX upload_updated ON upload(updated_at)",
        """
        CREATE TABLE event (
            id {id},
            at {integer} NOT NULL,
            action TEXT NOT NULL,
            repository {key} NOT NULL,
            digest {bytes},
            media_type TEXT,
            size {integer},
            tag TEXT,
            from_repository TEXT,
            actor TEXT,
            request_id TEXT,
            method TEXT,
            host TEXT,
            address TEXT,
            user_agent TEXT,
            count {integer} NOT NULL DEFAULT 1
        )
        """,
        "CREATE INDEX event_at ON event(at)",
    ]

    /// What another node needs to go on with an upload (without a hash state the bytes are read again), and what several
    /// nodes do by turns.
    private static let cluster: [String] = [
        "ALTER TABLE schema_version ADD COLUMN oldest {integer} NOT NULL DEFAULT 1",
        "ALTER TABLE upload ADD COLUMN mark TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE upload ADD COLUMN hash_state {bytes} NOT NULL DEFAULT ''",
        // What tells this store from others: one row.
        "CREATE TABLE instance (id {key} PRIMARY KEY)",
        "CREATE TABLE schedule (name {key} PRIMARY KEY, started_at {integer} NOT NULL)",
        // Beside what they count: a pull must not rewrite a manifest's row, nor wait for a push that holds a tag's.
        """
        CREATE TABLE manifest_pull (
            manifest_id {integer} PRIMARY KEY REFERENCES manifest(id) ON DELETE CASCADE,
            count {integer} NOT NULL,
            last_at {integer} NOT NULL
        )
        """,
        """
        CREATE TABLE tag_pull (
            repository_id {integer} NOT NULL,
            name {key} NOT NULL,
            count {integer} NOT NULL,
            last_at {integer} NOT NULL,
            PRIMARY KEY (repository_id, name),
            FOREIGN KEY (repository_id, name) REFERENCES tag(repository_id, name) ON DELETE CASCADE
        )
        """,
        "INSERT INTO manifest_pull SELECT id, pull_count, pulled_at FROM manifest WHERE pulled_at IS NOT NULL",
        "INSERT INTO tag_pull SELECT repository_id, name, pull_count, pulled_at FROM tag WHERE pulled_at IS NOT NULL",
        "ALTER TABLE manifest DROP COLUMN pull_count",
        "ALTER TABLE manifest DROP COLUMN pulled_at",
        "ALTER TABLE tag DROP COLUMN pull_count",
        "ALTER TABLE tag DROP COLUMN pulled_at",
    ]
}
