import CoveJobs
import CoveMetadata
import CoveOCI
import Foundation
import Logging
import ServiceLifecycle

/// Makes deliveries of what happens to content, from the outbox: each event once, as how far it has come is written with them.
/// Where nodes share the store, one of them does it for all.
package struct WebhookDispatcher: Service {
    private static let reader = "webhooks"
    private static let page = 100
    /// How often a node asks whether it is its turn.
    private static let turn = Duration.seconds(2)
    /// What other nodes append is looked for so often.
    private static let interval = Duration.seconds(1)
    /// Harbor warns from this share of what a project may hold, in percent.
    private static let warningShare: Int64 = 85
    /// Of one row of the outbox, which may stand for many pulls.
    private static let mostCopies = 1000

    private let metadata: MetadataStore
    private let announcer: WebhookAnnouncer
    private let logger: Logger

    package init(metadata: MetadataStore, announcer: WebhookAnnouncer, logger: Logger) {
        self.metadata = metadata
        self.announcer = announcer
        self.logger = logger
    }

    /// Lets it begin with what happens after this, if it has never run.
    package func prepare() async throws { try await metadata.beginReaders([Self.reader]) }

    package func run() async throws {
        await cancelWhenGracefulShutdown {
            var isFailing = false
            while !Task.isCancelled {
                do {
                    try await metadata.exclusively("webhooks") { try await dispatch() }
                    isFailing = false
                } catch {
                    if !isFailing, !Task.isCancelled { logger.warning("no webhooks for now", metadata: ["error": "\(error)"]) }
                    isFailing = true
                }
                try? await Task.sleep(for: Self.turn)
            }
        }
    }

    /// Until the task is cancelled, or another node does it.
    func dispatch() async throws {
        var (reader, position) = try await OutboxReader.takeOver(Self.reader, of: metadata)
        while !Task.isCancelled {
            let generation = metadata.appended.generation
            guard let events = try await reader.events(after: position, limit: Self.page) else { return }
            guard let last = events.last else {
                await metadata.appended.wait(past: generation, atMost: Self.interval)
                continue
            }
            let whole = Self.whole(events, isFull: events.count == Self.page)
            let next = OutboxPosition(event: whole.last?.id ?? last.id)
            let isOurs = try await reader.save(
                next,
                with: { store in
                    guard announcer.isEnabled() else { return }
                    try announce(whole, in: store)
                })
            guard isOurs else { return }
            position = next
            announcer.queue.signal.raise()
        }
    }

    /// A deletion is followed by those of its tags: they are told of together, so what may go on in the next page waits for it.
    static func whole(_ events: [RecordedEvent], isFull: Bool) -> [RecordedEvent] {
        guard isFull, let last = events.last, last.event.action == .delete else { return events }
        let start = events.lastIndex { !($0.event.action == .delete && $0.event.digest == last.event.digest && $0.event.tag != nil) } ?? 0
        let isGroup = events[start].event.action == .delete && events[start].event.digest == last.event.digest
        let kept = events.prefix(isGroup ? start : events.count)
        return kept.isEmpty ? events : Array(kept)
    }

    private func announce(_ events: [RecordedEvent], in store: MetadataTransaction) throws {
        guard try store.hasEnabledWebhookPolicies() else { return }
        var known: [String: (project: ProjectRecord, policies: [WebhookPolicyRecord])?] = [:]
        var index = 0
        while index < events.count {
            let recorded = events[index]
            index += 1
            guard let type = Self.type(of: recorded.event) else { continue }
            var tags = recorded.event.tag.map { [$0] } ?? []
            if type == .deleteArtifact {
                while index < events.count, Self.isTag(events[index].event, goneWith: recorded.event) {
                    if let tag = events[index].event.tag { tags.append(tag) }
                    index += 1
                }
            }
            let name = recorded.event.repository.project
            let found: (project: ProjectRecord, policies: [WebhookPolicyRecord])?
            if let entry = known[name] {
                found = entry
            } else {
                found = try store.project(named: name).map { ($0, try store.enabledWebhookPolicies(ofProject: $0.id)) }
                known[name] = .some(found)
            }
            guard let (project, policies) = found, !policies.isEmpty else { continue }
            let occurrence = try Self.occurrence(type, recorded, tags, in: project, store)
            for _ in 0..<min(recorded.count, Self.mostCopies) { try announcer.announce(occurrence, to: policies, in: store) }
            if type == .pushArtifact, let warning = try Self.warning(after: occurrence, in: project, policies, store) {
                try announcer.announce(warning, to: policies, in: store)
            }
        }
    }

    /// Nil for what webhooks are not told of: blobs, tags that go without their artifact, looks without content.
    static func type(of event: Event) -> WebhookEventType? {
        guard event.mediaType != "application/octet-stream", !event.isLook else { return nil }
        return switch event.action {
        case .push: .pushArtifact
        case .pull: .pullArtifact
        case .delete: event.tag == nil ? .deleteArtifact : nil
        case .mount: nil
        }
    }

    private static func isTag(_ event: Event, goneWith deletion: Event) -> Bool {
        event.action == .delete && event.tag != nil && event.digest == deletion.digest && event.repository == deletion.repository
    }

    private static func occurrence(
        _ type: WebhookEventType, _ recorded: RecordedEvent, _ tags: [Tag], in project: ProjectRecord, _ store: MetadataTransaction
    ) throws -> WebhookOccurrence {
        let event = recorded.event
        let repository = WebhookOccurrence.Repository(
            event.repository, createdAt: try store.repository([event.repository], inProject: project.id)?.createdAt, in: project)
        let host =
            event.origin.baseURL.flatMap { base in base.range(of: "://").map { String(base[$0.upperBound...]) } } ?? event.origin.host
        func resource(_ tag: String?) -> WebhookOccurrence.Resource {
            WebhookOccurrence.Resource(event.repository.description, digest: event.digest, tag: tag, host: host)
        }
        return WebhookOccurrence(
            type, at: recorded.at, actor: event.origin.actor ?? "anonymous", requestID: event.origin.requestID ?? "",
            data: WebhookOccurrence.Details(
                resources: tags.isEmpty ? [resource(nil)] : tags.map { resource($0.description) }, repository: repository))
    }

    /// That the project holds nearly as much as it may.
    private static func warning(
        after push: WebhookOccurrence, in project: ProjectRecord, _ policies: [WebhookPolicyRecord], _ store: MetadataTransaction
    ) throws -> WebhookOccurrence? {
        guard policies.contains(where: { $0.eventTypes.contains(WebhookEventType.quotaWarning.rawValue) }) else { return nil }
        let limit = try store.limit(ofProject: project.id)
        guard limit.storage > 0 else { return nil }
        let usage = try store.usage(ofProject: project.id)
        guard Double(usage.storage) * 100 >= Double(limit.storage) * Double(warningShare) else { return nil }
        var warning = push
        warning.type = .quotaWarning
        warning.data.custom = [
            "Details":
                "quota usage reach \(warningShare)%: resource storage used \(QuotaExceeded.bytes(usage.storage)) of \(QuotaExceeded.bytes(limit.storage))"
        ]
        return warning
    }
}
