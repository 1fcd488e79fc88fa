extension Schema {
    /// What an event's envelope says beside what happened, and how far each reader of the outbox has come.
    static let outbox: [String] = [
        "ALTER TABLE event ADD COLUMN base_url TEXT",
        "ALTER TABLE event ADD COLUMN source_address TEXT",
        "ALTER TABLE event ADD COLUMN source_instance TEXT",
        // event_id: all up to this one are done, and of the next so many of its count as copies says. term: raised by
        // whoever takes over, so that the one before notices.
        """
        CREATE TABLE outbox_reader (
            name {key} PRIMARY KEY,
            event_id {integer} NOT NULL,
            copies {integer} NOT NULL DEFAULT 0,
            term {integer} NOT NULL DEFAULT 0,
            updated_at {integer} NOT NULL
        )
        """,
        // What readers of the outbox may still ask for when it is gone.
        """
        CREATE TABLE deleted_manifest (
            repository {key} NOT NULL,
            digest {bytes} NOT NULL,
            payload {bytes} NOT NULL,
            deleted_at {integer} NOT NULL,
            PRIMARY KEY (repository, digest)
        )
        """,
    ]
}
