import CoveConfiguration
import CoveIdentity
import CoveJobs
import CoveMetadata
import CoveOCI
import CoveOutbound
import CoveWebhooks
import Logging

/// What projects' webhooks stand on.
struct Webhooks: Sendable {
    let announcer: WebhookAnnouncer
    let addresses: AddressGuard
    private let sender: WebhookSender
    private let settings: WebhookSettings

    /// - Throws: ``ServeError`` for an entry of `webhooks.allow` that is none.
    init(_ configuration: Configuration, _ values: Settings, _ queue: JobQueue) throws {
        settings = configuration.webhooks
        do throws(AddressGuard.Malformed) {
            addresses = try AddressGuard(allowed: settings.allowed)
        } catch {
            throw ServeError("webhooks.allow: \(error)")
        }
        announcer = WebhookAnnouncer(queue: queue, isEnabled: { values.boolean(.notificationEnable) })
        sender = WebhookSender(
            addresses: addresses, proxies: try configuration.outboundProxies(), timeout: settings.timeout,
            userAgent: "cove/\(Version.current)")
    }

    /// Those who deliver.
    func handlers(_ metadata: MetadataStore) -> [any JobHandler] {
        WebhookTarget.Kind.allCases.map {
            WebhookJob($0, metadata: metadata, sender: sender, retries: settings.maxRetry, backoff: settings.backoff)
        }
    }

    /// Who makes deliveries of what happens to content.
    func dispatcher(_ metadata: MetadataStore, _ logger: Logger) async throws -> WebhookDispatcher {
        let dispatcher = WebhookDispatcher(metadata: metadata, announcer: announcer, logger: logger)
        try await dispatcher.prepare()
        return dispatcher
    }

    /// Tells of a push that was refused, as its project would have held more than it may.
    func quotaExceeded(_ exchange: Exchange, _ refusal: QuotaExceeded) async throws {
        guard let repository = exchange.repository.flatMap({ try? OCIResponder.name($0) }) else { return }
        var tag: String?
        if case .manifest(_, let reference) = exchange.route, !reference.contains(":") { tag = reference }
        let (actor, requestID) = (exchange.grant.user ?? "anonymous", exchange.requestID)
        try await announcer.announce(inProject: repository.project) { [tag] project, store in
            WebhookOccurrence(
                .quotaExceed, at: store.now, actor: actor, requestID: requestID,
                data: WebhookOccurrence.Details(
                    resources: tag.map { [WebhookOccurrence.Resource(repository.description, digest: nil, tag: $0, host: nil)] },
                    repository: WebhookOccurrence.Repository(
                        repository, createdAt: try store.repository([repository], inProject: project.id)?.createdAt, in: project),
                    custom: ["Details": refusal.description]))
        }
    }
}
