/// A receiver of events, as the configuration has it.
package struct NotificationEndpoint: Sendable {
    /// What tells it from others, also after a restart.
    package var name: String
    package var url: String
    /// The URL without secrets, for logs and for ``EndpointState``.
    package var shownURL: String
    /// Added to each request, in this order.
    package var headers: [(name: String, values: [String])] = []
    /// For one request and its answer.
    package var timeout = Duration.seconds(1)
    /// Failures in a row before there is a pause between tries.
    package var threshold = 10
    package var backoff = Duration.seconds(1)
    /// `ignoredmediatypes`, apart from those of ``ignore`` only in what ``EndpointState`` shows.
    package var ignoredMediaTypes: [String] = []
    package var ignore = Ignore()
    /// The only actions that are sent; empty for all.
    package var actions: [String] = []

    package struct Ignore: Sendable {
        package var mediaTypes: [String] = []
        package var actions: [String] = []

        package init() {}
    }

    package init(name: String, url: String, shownURL: String) {
        self.name = name
        self.url = url
        self.shownURL = shownURL
    }

    /// Whether it gets events of this action whose target has this media type. Deletions name none.
    package func wants(action: String, mediaType: String?) -> Bool {
        guard actions.isEmpty || actions.contains(action), !ignore.actions.contains(action) else { return false }
        guard let mediaType else { return true }
        return !ignoredMediaTypes.contains(mediaType) && !ignore.mediaTypes.contains(mediaType)
    }

    /// Whether it gets any events of pulls.
    package var wantsPulls: Bool { wants(action: "pull", mediaType: nil) }

    /// The name that it reads the outbox under.
    var reader: String { Self.reader(name) }

    static func reader(_ name: String) -> String { "notifications/\(name)" }
}
