/// Reads the audit log under a name, from where whoever read under that name before was done: each entry at least once.
///
/// As with ``OutboxReader``, one process reads under a name at a time, and the callers see to that.
package struct AuditReader: Sendable {
    package let name: String
    private let metadata: MetadataStore
    private let term: Int64

    private static let pause = Duration.milliseconds(5)
    private static let longestWait = Duration.seconds(30)

    /// Takes over from whoever reads under this name. A name that is new begins at the end.
    package static func takeOver(_ name: String, of metadata: MetadataStore) async throws -> (reader: AuditReader, position: Int64) {
        let (position, term) = try await metadata.write { try $0.takeOverAuditReader(name) }
        return (AuditReader(name: name, metadata: metadata, term: term), position)
    }

    /// The next entries, at most `limit`; none at the end, and nil when somebody else reads under this name now.
    ///
    /// - Throws: ``MetadataError``; ``OutboxReader/Stalled`` when a transaction that may have written before the page's end does
    ///   not end.
    package func records(after position: Int64, limit: Int) async throws -> [AuditRecord]? {
        let end = try await metadata.read { store in
            try store.term(ofAuditReader: name) == term ? try store.lastAuditID() : nil
        }
        guard let end else { return nil }
        guard end > position else { return [] }
        try await outlastAppends()
        return try await metadata.read { try $0.auditRecords(after: position, through: end, limit: limit) }
    }

    /// Notes that everything up to `position` is done.
    ///
    /// - Parameter forgetting: whether what is done is to be removed from the log.
    /// - Returns: false when somebody else reads under this name now.
    package func save(_ position: Int64, forgetting: Bool = false) async throws -> Bool {
        try await metadata.write { store in
            guard try store.saveAuditReader(name, at: position, term: term) else { return false }
            if forgetting { try store.forgetAudit(through: position) }
            return true
        }
    }

    /// As for the outbox: PostgreSQL numbers a row when it is written, not when it is committed.
    private func outlastAppends() async throws {
        guard metadata.isShared else { return }
        var unfinished = try await metadata.read { try $0.unfinishedAppends(to: "audit_log") }
        let began = ContinuousClock.now
        while !unfinished.isEmpty {
            guard ContinuousClock.now - began < Self.longestWait else { throw OutboxReader.Stalled() }
            try await Task.sleep(for: Self.pause)
            unfinished.formIntersection(try await metadata.read { try $0.unfinishedAppends(to: "audit_log") })
        }
    }
}
