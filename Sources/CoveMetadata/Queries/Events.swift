import CoveOCI

/// Something that happened to content: one row of the outbox that notifications, webhooks and audit read.
package struct Event: Sendable, Hashable {
    package enum Action: String, Sendable {
        case push, pull, mount, delete
    }

    package var action: Action
    package var repository: RepositoryName
    package var digest: Digest?
    package var mediaType: String?
    /// Bytes of the content.
    package var size: Int64?
    package var tag: Tag?
    /// The repository that a blob was mounted from.
    package var fromRepository: RepositoryName?
    package var origin: Origin

    /// Who asked, and by which request.
    package struct Origin: Sendable, Hashable {
        package var actor: String?
        package var requestID: String?
        package var method: String?
        /// The host that the client asked for.
        package var host: String?
        package var address: String?
        package var userAgent: String?

        package init(
            actor: String? = nil, requestID: String? = nil, method: String? = nil, host: String? = nil,
            address: String? = nil, userAgent: String? = nil
        ) {
            self.actor = actor
            self.requestID = requestID
            self.method = method
            self.host = host
            self.address = address
            self.userAgent = userAgent
        }
    }

    package init(
        _ action: Action, repository: RepositoryName, digest: Digest? = nil, mediaType: String? = nil,
        size: Int64? = nil, tag: Tag? = nil, fromRepository: RepositoryName? = nil, origin: Origin
    ) {
        self.action = action
        self.repository = repository
        self.digest = digest
        self.mediaType = mediaType
        self.size = size
        self.tag = tag
        self.fromRepository = fromRepository
        self.origin = origin
    }
}

extension MetadataTransaction {
    /// Appends to the outbox. `count` above 1 stands for so many equal events within one flush.
    package func append(_ event: Event, count: Int = 1) throws {
        try connection.perform(
            """
            INSERT INTO event (at, action, repository, digest, media_type, size, tag, from_repository, actor,
                request_id, method, host, address, user_agent, count)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
            """,
            [
                .integer(now), .text(event.action.rawValue), .text(event.repository.description),
                event.digest.map { .bytes($0.storageKey) } ?? .null, .optional(event.mediaType),
                .optional(event.size), .optional(event.tag?.description),
                .optional(event.fromRepository?.description), .optional(event.origin.actor),
                .optional(event.origin.requestID), .optional(event.origin.method),
                .optional(event.origin.host), .optional(event.origin.address),
                .optional(event.origin.userAgent), .integer(Int64(count)),
            ])
    }

    /// Removes up to `limit` events older than `cutoff`.
    ///
    /// - Returns: how many went.
    package func pruneEvents(before cutoff: Int64, limit: Int) throws -> Int {
        try connection.run(
            "DELETE FROM event WHERE id IN (SELECT id FROM event WHERE at < $1 ORDER BY at LIMIT $2)",
            [.integer(cutoff), .integer(Int64(limit))])
    }
}
