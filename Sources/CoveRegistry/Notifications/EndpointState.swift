import Synchronization

/// An endpoint as Distribution shows it under `registry.notifications.endpoints` of `/debug/vars`, in the same JSON. Header
/// values are hidden, and so is what may be secret in the URL.
package struct EndpointState: Sendable, Encodable, Equatable {
    package struct Ignore: Sendable, Encodable, Equatable {
        package var mediaTypes: [String]
        package var actions: [String]

        enum CodingKeys: String, CodingKey {
            case mediaTypes = "MediaTypes"
            case actions = "Actions"
        }
    }

    /// Numbers of events. All but the pending ones are of this process since its start.
    package struct Metrics: Sendable, Encodable, Equatable {
        /// Not delivered yet, by whichever node.
        package var pending = 0
        /// That were to be delivered.
        package var events = 0
        package var successes = 0
        /// Tries that the receiver refused.
        package var failures = 0
        /// Tries that it did not answer.
        package var errors = 0
        /// How often it answered what, such as `200 OK`.
        package var statuses: [String: Int] = [:]

        enum CodingKeys: String, CodingKey {
            case pending = "Pending"
            case events = "Events"
            case successes = "Successes"
            case failures = "Failures"
            case errors = "Errors"
            case statuses = "Statuses"
        }
    }

    package var name: String
    package var url: String
    package var headers: [String: [String]]
    /// Nanoseconds.
    package var timeout: Int64
    package var threshold: Int
    /// Nanoseconds.
    package var backoff: Int64
    package var ignoredMediaTypes: [String]
    package var ignore: Ignore
    package var metrics: Metrics

    enum CodingKeys: String, CodingKey {
        case name, url
        case headers = "Headers"
        case timeout = "Timeout"
        case threshold = "Threshold"
        case backoff = "Backoff"
        case ignoredMediaTypes = "IgnoredMediaTypes"
        case ignore = "Ignore"
        case metrics = "Metrics"
    }

    init(_ endpoint: NotificationEndpoint, _ metrics: Metrics) {
        name = endpoint.name
        url = endpoint.shownURL
        headers = Dictionary(endpoint.headers.map { ($0.name, $0.values.map { _ in "<hidden>" }) }, uniquingKeysWith: +)
        timeout = endpoint.timeout.microseconds * 1000
        threshold = endpoint.threshold
        backoff = endpoint.backoff.microseconds * 1000
        ignoredMediaTypes = endpoint.ignoredMediaTypes
        ignore = Ignore(mediaTypes: endpoint.ignore.mediaTypes, actions: endpoint.ignore.actions)
        self.metrics = metrics
    }
}

/// Counts what becomes of an endpoint's events.
final class EndpointMeter: Sendable {
    private let counts = Mutex(EndpointState.Metrics())

    var metrics: EndpointState.Metrics { counts.withLock { $0 } }

    func change(_ body: (inout EndpointState.Metrics) -> Void) {
        counts.withLock { body(&$0) }
    }
}
