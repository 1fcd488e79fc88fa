import CoveMetadata
import CoveOutbound
import Logging
import ServiceLifecycle

/// Tells endpoints what happens to content (Distribution's notifications), from the outbox: each event at least once, those
/// of a repository in order. Where nodes share the store, one of them does it for all.
package struct NotificationDispatcher: Service {
    package struct Options: Sendable {
        package var endpoints: [NotificationEndpoint] = []
        /// Names of endpoints that are switched off. On again, they begin anew.
        package var disabled: [String] = []
        package var includesReferences = false
        package var userAgent = "cove"
        /// Which proxy events go through.
        package var proxies = OutboundProxies.none

        package init() {}
    }

    /// How often a node asks whether it is its turn.
    private static let turn = Duration.seconds(2)

    private let metadata: MetadataStore
    private let options: Options
    private let meters: [EndpointMeter]
    private let makeSender: @Sendable () -> any EventSender
    private let clock: DeliveryClock
    private let logger: Logger

    package init(metadata: MetadataStore, options: Options, logger: Logger) {
        self.init(metadata: metadata, options: options, clock: .continuous(), logger: logger) {
            HTTPEventSender(userAgent: options.userAgent, proxies: options.proxies)
        }
    }

    init(
        metadata: MetadataStore, options: Options, clock: DeliveryClock, logger: Logger,
        makeSender: @escaping @Sendable () -> any EventSender
    ) {
        self.metadata = metadata
        self.options = options
        meters = options.endpoints.map { _ in EndpointMeter() }
        self.makeSender = makeSender
        self.clock = clock
        self.logger = logger
    }

    /// Lets endpoints that are new begin with what happens after this.
    ///
    /// - Throws: ``MetadataError``.
    package func prepare() async throws {
        try await metadata.forgetReaders(options.disabled.map(NotificationEndpoint.reader))
        try await metadata.beginReaders(options.endpoints.map(\.reader))
        for endpoint in options.endpoints {
            logger.info(
                "notifications",
                metadata: [
                    "endpoint": "\(endpoint.name)", "url": "\(endpoint.shownURL)", "timeout": "\(endpoint.timeout)",
                    "threshold": "\(endpoint.threshold)", "backoff": "\(endpoint.backoff)",
                    "headers": "\(endpoint.headers.map(\.name).joined(separator: ", "))",
                ])
            guard !endpoint.actions.isEmpty else { continue }
            logger.notice(
                "notifications: the endpoint's 'events' list, which registry:2 does not know, is taken to mean that it gets these and no others",
                metadata: ["endpoint": "\(endpoint.name)", "events": "\(endpoint.actions.joined(separator: ", "))"])
        }
    }

    package func run() async throws {
        await cancelWhenGracefulShutdown {
            let sender = makeSender()
            var isFailing = false
            while !Task.isCancelled {
                do {
                    try await metadata.exclusively("notifications") { try await deliver(by: sender) }
                    isFailing = false
                } catch {
                    if !isFailing, !Task.isCancelled { logger.warning("no notifications for now", metadata: ["error": "\(error)"]) }
                    isFailing = true
                }
                try? await clock.sleep(Self.turn)
            }
            await (sender as? HTTPEventSender)?.close()
        }
    }

    /// Delivers to every endpoint until the task is cancelled, or another node does.
    private func deliver(by sender: any EventSender) async throws {
        let store = try await metadata.identity()
        await withTaskGroup(of: Void.self) { group in
            for (endpoint, meter) in zip(options.endpoints, meters) {
                let delivery = EndpointDelivery(
                    endpoint: endpoint, metadata: metadata, store: store, includesReferences: options.includesReferences,
                    sender: sender, meter: meter, clock: clock, logger: logger)
                group.addTask { await delivery.run() }
            }
            // One that ends by itself has been taken over, and with it, soon, the others.
            await group.next()
            group.cancelAll()
        }
    }

    /// Every endpoint with what became of its events, for `/debug/vars`.
    package func state() async -> [EndpointState] {
        var states: [EndpointState] = []
        for (endpoint, meter) in zip(options.endpoints, meters) {
            var metrics = meter.metrics
            let pending = try? await metadata.read { try $0.pendingEvents(of: endpoint.reader) }
            metrics.pending = (pending ?? []).reduce(0) { sum, some in
                endpoint.wants(action: some.action, mediaType: some.action == "delete" ? nil : some.mediaType) ? sum + some.count : sum
            }
            states.append(EndpointState(endpoint, metrics))
        }
        return states
    }
}
