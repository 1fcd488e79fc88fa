import CoveConfiguration
import CoveMetadata
import CoveRegistry
import Foundation

extension Configuration {
    /// What events say of the node they come from, as Distribution has it: the host's name with the port of `http.addr`, and
    /// an id of this run.
    var eventSource: EventSource {
        var name = [CChar](repeating: 0, count: 256)
        let found = gethostname(&name, name.count - 1) == 0
        let host = String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let port = http.net == .tcp ? http.addr.split(separator: ":").last.flatMap { Int($0) } : nil
        return EventSource(
            address: found && !host.isEmpty ? port.map { "\(host):\($0)" } ?? host : http.addr, instance: UUID().uuidString.lowercased())
    }
}

extension Configuration.Notifications {
    var options: NotificationDispatcher.Options {
        var options = NotificationDispatcher.Options()
        options.endpoints = endpoints.filter { !$0.disabled }.map(\.endpoint)
        let enabled = Set(options.endpoints.map(\.name))
        options.disabled = endpoints.map(\.name).filter { !enabled.contains($0) }
        options.includesReferences = includeReferences
        options.userAgent = "cove/\(Version.current)"
        return options
    }
}

extension Configuration.Notifications.Endpoint {
    fileprivate var endpoint: NotificationEndpoint {
        var endpoint = NotificationEndpoint(name: name, url: url, shownURL: shownURL)
        endpoint.headers = headers.map { ($0.name, $0.values) }
        endpoint.timeout = timeout
        endpoint.threshold = threshold
        endpoint.backoff = backoff
        endpoint.ignoredMediaTypes = ignoredMediaTypes
        endpoint.ignore.mediaTypes = ignore.mediaTypes
        endpoint.ignore.actions = ignore.actions
        endpoint.actions = actions
        return endpoint
    }
}
