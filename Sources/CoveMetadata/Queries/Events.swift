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
        /// The client's IP address.
        package var address: String?
        /// The client's port, when it is known; kept with the address, as `address:port`.
        package var port: Int?
        package var userAgent: String?
        /// What URLs of content begin with, as the client sees this server: `https://registry.example.org/prefix`.
        package var baseURL: String?

        package init(
            actor: String? = nil, requestID: String? = nil, method: String? = nil, host: String? = nil,
            address: String? = nil, port: Int? = nil, userAgent: String? = nil, baseURL: String? = nil
        ) {
            self.actor = actor
            self.requestID = requestID
            self.method = method
            self.host = host
            self.address = address
            self.port = port
            self.userAgent = userAgent
            self.baseURL = baseURL
        }

        /// Address and port in one.
        fileprivate var endpoint: String? {
            guard let address, let port else { return address }
            return address.contains(":") ? "[\(address)]:\(port)" : "\(address):\(port)"
        }
    }

    /// A pull that asked for no content (HEAD). It is told to who wants to know, and not counted.
    package var isLook: Bool { action == .pull && origin.method == "HEAD" }

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
    ///
    /// Call it under the lock on the repository's row: events of a repository are read in the order of this.
    package func append(_ event: Event, count: Int = 1) throws {
        notes.hasEvents = true
        try audit(event, count: count)
        try connection.perform(
            """
            INSERT INTO event (at, action, repository, digest, media_type, size, tag, from_repository, actor,
                request_id, method, host, address, user_agent, count, base_url, source_address, source_instance)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)
            """,
            [
                .integer(now), .text(event.action.rawValue), .text(event.repository.description),
                event.digest.map { .bytes($0.storageKey) } ?? .null, .optional(event.mediaType),
                .optional(event.size), .optional(event.tag?.description),
                .optional(event.fromRepository?.description), .optional(event.origin.actor),
                .optional(event.origin.requestID), .optional(event.origin.method),
                .optional(event.origin.host), .optional(event.origin.endpoint),
                .optional(event.origin.userAgent), .integer(Int64(count)), .optional(event.origin.baseURL),
                .optional(notes.source?.address), .optional(notes.source?.instance),
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
