/// A row of the outbox.
package struct RecordedEvent: Sendable, Equatable {
    /// Later events of a repository have higher numbers; some numbers are never given.
    package let id: Int64
    /// UTC microseconds since 1970.
    package let at: Int64
    package let event: Event
    /// How many equal events it stands for.
    package let count: Int
    package let source: EventSource?

    package init(id: Int64, at: Int64, event: Event, count: Int = 1, source: EventSource? = nil) {
        self.id = id
        self.at = at
        self.event = event
        self.count = count
        self.source = source
    }
}

/// The process that an event comes from.
package struct EventSource: Sendable, Equatable {
    /// `host:port` of the node.
    package let address: String
    /// A UUID of the node's own, another after each start.
    package let instance: String

    package init(address: String, instance: String) {
        self.address = address
        self.instance = instance
    }
}

/// How far a reader of the outbox has come.
package struct OutboxPosition: Sendable, Equatable {
    /// Every event up to this one is done.
    package var event: Int64
    /// So many of those that the next event stands for are done.
    package var copies: Int

    package init(event: Int64, copies: Int = 0) {
        self.event = event
        self.copies = copies
    }
}
