import CoveOCI
import Foundation

/// What readers of the outbox ask of the store (``OutboxReader``).
extension MetadataTransaction {
    /// Makes the rows of readers that have none, at the outbox's end.
    func beginReaders(_ names: [String]) throws {
        let end = try lastEventID()
        // Where every event was pruned, a copy of the store numbers new ones from the start.
        try connection.perform("UPDATE outbox_reader SET event_id = $1, copies = 0 WHERE event_id > $1", [.integer(end)])
        for name in names.sorted() {
            try connection.perform(
                """
                INSERT INTO outbox_reader (name, event_id, updated_at) VALUES ($1, $2, $3)
                ON CONFLICT (name) DO UPDATE SET updated_at = excluded.updated_at
                """, [.text(name), .integer(end), .integer(now)])
        }
    }

    func takeOverReader(_ name: String) throws -> (position: OutboxPosition, term: Int64) {
        let row = try connection.row(
            """
            UPDATE outbox_reader SET term = term + 1, updated_at = $1 WHERE name = $2 RETURNING event_id, copies, term
            """, [.integer(now), .text(name)])
        guard let row else { throw MetadataError.corrupt("there is no reader '\(name)' of the outbox") }
        return (OutboxPosition(event: try row.integer(0), copies: Int(try row.integer(1))), try row.integer(2))
    }

    func saveReader(_ name: String, at position: OutboxPosition, term: Int64) throws -> Bool {
        try connection.run(
            "UPDATE outbox_reader SET event_id = $1, copies = $2, updated_at = $3 WHERE name = $4 AND term = $5",
            [.integer(position.event), .integer(Int64(position.copies)), .integer(now), .text(name), .integer(term)]) > 0
    }

    /// Which takeover of the reader was the last; nil when there is no such reader.
    func term(ofReader name: String) throws -> Int64? {
        try connection.row("SELECT term FROM outbox_reader WHERE name = $1", [.text(name)])?.integer(0)
    }

    func forgetReaders(_ names: [String]) throws {
        for name in names.sorted() { try connection.perform("DELETE FROM outbox_reader WHERE name = $1", [.text(name)]) }
    }

    /// The highest number of an event that is there, 0 for none.
    func lastEventID() throws -> Int64 {
        try connection.row("SELECT COALESCE(MAX(id), 0) FROM event", [])?.integer(0) ?? 0
    }

    /// Events numbered above `first` and up to `last`, in order, at most `limit`.
    func events(after first: Int64, through last: Int64, limit: Int) throws -> [RecordedEvent] {
        try connection.rows(
            """
            SELECT id, at, action, repository, digest, media_type, size, tag, from_repository, actor, request_id, method, host,
                address, user_agent, base_url, count, source_address, source_instance
            FROM event WHERE id > $1 AND id <= $2 ORDER BY id LIMIT $3
            """, [.integer(first), .integer(last), .integer(Int64(limit))]
        ).map(Self.event)
    }

    /// The transactions that have written to the outbox and have not ended, wherever they run. Whoever writes to a table
    /// holds a lock on it from before it gets its first number until its rows can be seen (PostgreSQL, "Table-Level Locks").
    func unfinishedAppends(to table: String = "event") throws -> Set<String> {
        guard connection.dialect == .postgresql else { return [] }
        return Set(
            try connection.rows(
                """
                SELECT virtualtransaction FROM pg_locks
                WHERE locktype = 'relation' AND relation = '\(table)'::regclass AND mode = 'RowExclusiveLock' AND granted
                AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
                """, []
            ).map { try $0.text(0) })
    }

    /// How many events a reader has before it, of each action and media type; of many, the first ones.
    package func pendingEvents(of name: String) throws -> [(action: String, mediaType: String?, count: Int)] {
        try connection.rows(
            """
            SELECT action, media_type, CAST(SUM(count) AS BIGINT) FROM (
                SELECT e.action, e.media_type, e.count FROM outbox_reader r JOIN event e ON e.id > r.event_id
                WHERE r.name = $1 ORDER BY e.id LIMIT 100000
            ) pending GROUP BY action, media_type
            """, [.text(name)]
        ).map { (try $0.text(0), try $0.optionalText(1), Int(try $0.integer(2))) }
    }

    /// The readers that are at work and have not come as far as to the events from before `cutoff`, with how many those are.
    package func readersBehind(_ cutoff: Int64, activeSince start: Int64) throws -> [(name: String, events: Int)] {
        try connection.rows(
            """
            SELECT r.name, COUNT(*) FROM outbox_reader r JOIN event e ON e.id > r.event_id
            WHERE e.at < $1 AND r.updated_at >= $2 GROUP BY r.name ORDER BY r.name
            """, [.integer(cutoff), .integer(start)]
        ).map { (try $0.text(0), Int(try $0.integer(1))) }
    }

    /// Forgets readers that nobody has read under since `cutoff`, and manifests that have been deleted for so long.
    package func pruneReaders(idleSince cutoff: Int64) throws {
        try connection.perform("DELETE FROM outbox_reader WHERE updated_at < $1", [.integer(cutoff)])
        try connection.perform("DELETE FROM deleted_manifest WHERE deleted_at < $1", [.integer(cutoff)])
    }

    /// The exact bytes of a manifest that an event is about, also when it was deleted since.
    package func payload(ofToldManifest digest: Digest, in repository: RepositoryName) throws -> Data? {
        // In this order: one that is deleted in between is found by the second.
        if let payload = try manifest(.digest(digest), in: repository)?.payload { return payload }
        return try connection.row(
            "SELECT payload FROM deleted_manifest WHERE repository = $1 AND digest = $2",
            [.text(repository.description), .bytes(digest.storageKey)]
        )?.blob(0)
    }

    /// Keeps a manifest that is about to be deleted for events that were not read yet, if anybody reads them.
    func keepForReaders(_ manifestID: Int64) throws {
        try connection.perform(
            """
            INSERT INTO deleted_manifest (repository, digest, payload, deleted_at)
            SELECT r.name, m.digest, m.payload, $1 FROM manifest m JOIN repository r ON r.id = m.repository_id
            WHERE m.id = $2 AND EXISTS (SELECT 1 FROM outbox_reader)
            ON CONFLICT (repository, digest) DO UPDATE SET deleted_at = excluded.deleted_at
            """, [.integer(now), .integer(manifestID)])
    }

    private static func event(_ row: SQLRow) throws -> RecordedEvent {
        let id = try row.integer(0)
        guard let action = Event.Action(rawValue: try row.text(2)), let repository = try? RepositoryName(parsing: row.text(3)) else {
            throw MetadataError.corrupt("event \(id) has an unknown action or no repository")
        }
        let origin = Event.Origin(
            actor: try row.optionalText(9), requestID: try row.optionalText(10), method: try row.optionalText(11),
            host: try row.optionalText(12), address: try row.optionalText(13), userAgent: try row.optionalText(14),
            baseURL: try row.optionalText(15))
        let event = Event(
            action, repository: repository, digest: row.values[4] == .null ? nil : Digest(storageKey: try row.blob(4)),
            mediaType: try row.optionalText(5), size: try row.optionalInteger(6),
            tag: try row.optionalText(7).flatMap { try? Tag(parsing: $0) },
            fromRepository: try row.optionalText(8).flatMap { try? RepositoryName(parsing: $0) }, origin: origin)
        var source: EventSource?
        if let address = try row.optionalText(17), let instance = try row.optionalText(18) {
            source = EventSource(address: address, instance: instance)
        }
        return RecordedEvent(
            id: id, at: try row.integer(1), event: event, count: Int(try row.integer(16)), source: source)
    }
}
