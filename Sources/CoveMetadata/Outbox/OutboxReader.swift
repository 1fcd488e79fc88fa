/// Reads the outbox under a name, from where whoever read under that name before was done: each event at least once, and
/// those of a repository in order.
///
/// One process reads under a name at a time. It is for the callers to see to that (``MetadataStore/exclusively(_:_:)``);
/// where it fails, as a lock is lost with its connection, the reader that has been taken over is told with its next call.
package struct OutboxReader: Sendable {
    package let name: String
    private let metadata: MetadataStore
    private let term: Int64

    /// How long to wait for a writer before it is looked for again.
    private static let pause = Duration.milliseconds(5)
    /// A page is given up after this, and read again.
    private static let longestWait = Duration.seconds(30)

    /// Takes over from whoever reads under this name. A name that is new begins at the end.
    package static func takeOver(
        _ name: String, of metadata: MetadataStore
    ) async throws -> (reader: OutboxReader, position: OutboxPosition) {
        let (position, term) = try await metadata.write { store in
            try store.beginReaders([name])
            return try store.takeOverReader(name)
        }
        return (OutboxReader(name: name, metadata: metadata, term: term), position)
    }

    /// The next events, at most `limit`; none at the end, and nil when somebody else reads under this name now.
    ///
    /// - Throws: ``MetadataError``; ``Stalled`` when a transaction that may have appended before the page's end does not end.
    package func events(after position: OutboxPosition, limit: Int) async throws -> [RecordedEvent]? {
        let end = try await metadata.read { store in
            try store.term(ofReader: name) == term ? try store.lastEventID() : nil
        }
        guard let end else { return nil }
        guard end > position.event else { return [] }
        try await outlastAppends()
        return try await metadata.read { try $0.events(after: position.event, through: end, limit: limit) }
    }

    /// Notes that everything up to `position` is done. Durable on return.
    ///
    /// - Returns: false when somebody else reads under this name now.
    package func save(_ position: OutboxPosition) async throws -> Bool {
        try await metadata.write { try $0.saveReader(name, at: position, term: term) }
    }

    /// As ``save(_:)``, in one transaction with what is made of those events.
    package func save(
        _ position: OutboxPosition, with body: @escaping @Sendable (MetadataTransaction) throws -> Void
    ) async throws -> Bool {
        try await metadata.write(in: .jobs) { store in
            guard try store.saveReader(name, at: position, term: term) else { return false }
            try body(store)
            return true
        }
    }

    /// An append that has not ended for long.
    package struct Stalled: Error, CustomStringConvertible {
        package var description: String {
            "a transaction that writes to the table event has not ended for \(OutboxReader.longestWait); end it in PostgreSQL"
        }
    }

    /// Waits for those that were appending when this was called. PostgreSQL numbers an event when it is written, not when it
    /// is committed: one with a lower number than what can be seen may still be on its way.
    private func outlastAppends() async throws {
        guard metadata.isShared else { return }
        var unfinished = try await metadata.read { try $0.unfinishedAppends() }
        let began = ContinuousClock.now
        while !unfinished.isEmpty {
            guard ContinuousClock.now - began < Self.longestWait else { throw Stalled() }
            try await Task.sleep(for: Self.pause)
            unfinished.formIntersection(try await metadata.read { try $0.unfinishedAppends() })
        }
    }
}

extension MetadataStore {
    /// Lets readers under these names begin at what is appended from now on; those that have begun go on where they are.
    package func beginReaders(_ names: [String]) async throws {
        try await write { try $0.beginReaders(names) }
    }

    /// Forgets how far readers have come: under the same name, one begins anew.
    package func forgetReaders(_ names: [String]) async throws {
        try await write { try $0.forgetReaders(names) }
    }
}
