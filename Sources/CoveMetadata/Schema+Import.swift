extension Schema {
    /// What an import of registry:2's files has to remember, and what a command asks of the server that has the store open.
    static let imports: [String] = [
        // Manifests that an import has brought: one that is deleted afterwards must not come back with the next.
        """
        CREATE TABLE import_manifest (
            digest {bytes} NOT NULL,
            repository_id {integer} NOT NULL REFERENCES repository(id),
            PRIMARY KEY (digest, repository_id)
        )
        """,
        // finished_at null: it was interrupted, and goes on with the next start.
        """
        CREATE TABLE import (
            source {key} PRIMARY KEY,
            started_at {integer} NOT NULL,
            finished_at {integer}
        )
        """,
        // state 0: waiting for a server. 1: at work. 2: done. 3: failed.
        """
        CREATE TABLE errand (
            id {key} PRIMARY KEY,
            kind TEXT NOT NULL,
            arguments TEXT NOT NULL,
            state {integer} NOT NULL DEFAULT 0,
            outcome TEXT,
            created_at {integer} NOT NULL,
            updated_at {integer} NOT NULL
        )
        """,
        """
        CREATE TABLE errand_line (
            errand_id {key} NOT NULL REFERENCES errand(id) ON DELETE CASCADE,
            number {integer} NOT NULL,
            text TEXT NOT NULL,
            PRIMARY KEY (errand_id, number)
        )
        """,
    ]
}
