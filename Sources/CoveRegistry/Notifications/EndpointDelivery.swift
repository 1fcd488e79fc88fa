import CoveMetadata
import CoveOCI
import Foundation
import Logging

/// Delivers the outbox to one endpoint: one event after another, each tried until it is taken, so that order is kept. How
/// far it has come is in the store; after a crash, what was delivered in the last quarter of a second may be so again.
struct EndpointDelivery: Sendable {
    let endpoint: NotificationEndpoint
    let metadata: MetadataStore
    /// What tells this store's events from those of others.
    let store: String
    let includesReferences: Bool
    let sender: any EventSender
    let meter: EndpointMeter
    let clock: DeliveryClock
    let logger: Logger

    private static let page = 100
    /// What other nodes append is looked for so often.
    private static let interval = Duration.seconds(1)
    private static let saveInterval = Duration.milliseconds(250)
    /// A reader that has nothing to do says so often that it is there, or its place would be forgotten.
    private static let sign = Duration.seconds(3600)
    private static let reminder = Duration.seconds(300)

    /// Delivers until the task is cancelled, or until another node does.
    func run() async {
        while !Task.isCancelled {
            do {
                try await deliver()
                return
            } catch is CancellationError {
                return
            } catch {
                logger.warning(
                    "notifications wait for the metadata store",
                    metadata: ["endpoint": "\(endpoint.name)", "error": "\(error)"])
                guard (try? await clock.sleep(Self.interval)) != nil else { return }
            }
        }
    }

    private struct Progress {
        var position: OutboxPosition
        var saved: OutboxPosition
        var savedAt: Duration
        var breaker: DeliveryBreaker
        var complainedAt: Duration?
        /// The event up to which events have been counted as incoming.
        var counted: Int64
    }

    /// Another node has taken over.
    private struct Superseded: Error {}

    private func deliver() async throws {
        let (reader, position) = try await OutboxReader.takeOver(endpoint.reader, of: metadata)
        var progress = Progress(
            position: position, saved: position, savedAt: clock.now(),
            breaker: DeliveryBreaker(threshold: endpoint.threshold, backoff: endpoint.backoff), counted: position.event)
        do {
            while !Task.isCancelled {
                let generation = metadata.appended.generation
                guard let events = try await reader.events(after: progress.position, limit: Self.page) else { return }
                try await deliver(events, &progress, reader)
                try await saveIfDue(&progress, reader)
                guard events.isEmpty else { continue }
                let isSaved = progress.position == progress.saved
                await metadata.appended.wait(past: generation, atMost: isSaved ? Self.interval : Self.saveInterval)
            }
            try await save(&progress, reader)
        } catch is Superseded {
            return
        } catch {
            try? await save(&progress, reader)
            throw error
        }
    }

    /// Delivers a page, or its beginning when the endpoint does not take it: then the rest is to be read again, as it may
    /// have grown too old meanwhile.
    private func deliver(_ events: [RecordedEvent], _ progress: inout Progress, _ reader: OutboxReader) async throws {
        for recorded in events {
            let event = recorded.event
            if endpoint.wants(action: event.action.rawValue, mediaType: event.action == .delete ? nil : event.mediaType) {
                if recorded.id > progress.counted {
                    progress.counted = recorded.id
                    meter.change { $0.events += recorded.count }
                }
                let references = try await references(of: event)
                while progress.position.copies < recorded.count {
                    if Task.isCancelled { return }
                    let envelope = EventEnvelope(recorded, copy: progress.position.copies, of: store, references: references)
                    guard try await deliver(envelope.encoded(), &progress) else {
                        try await save(&progress, reader)
                        try await clock.sleep(progress.breaker.pause(at: clock.now()))
                        return
                    }
                    progress.position.copies += 1
                    try await saveIfDue(&progress, reader)
                }
            }
            progress.position = OutboxPosition(event: recorded.id)
        }
    }

    /// Tries once.
    private func deliver(_ envelope: Data, _ progress: inout Progress) async throws -> Bool {
        let outcome = await Self.finishing(within: .seconds(2)) { [sender, endpoint] in await sender.send(envelope, to: endpoint) }
        meter.change { metrics in
            switch outcome {
            case .answered(let status, let reason):
                metrics.statuses["\(status) \(reason)", default: 0] += 1
                if outcome.isSuccess { metrics.successes += 1 } else { metrics.failures += 1 }
            case .failed: metrics.errors += 1
            }
        }
        if outcome.isSuccess {
            if progress.complainedAt != nil {
                logger.info(
                    "notifications are delivered again",
                    metadata: ["endpoint": "\(endpoint.name)", "failures": "\(progress.breaker.failures)"])
            }
            progress.complainedAt = nil
            progress.breaker.succeed()
            return true
        }
        // One that was cut off at shutdown is no failure of the endpoint's.
        if Task.isCancelled { return false }
        progress.breaker.fail(at: clock.now())
        if progress.complainedAt.map({ clock.now() - $0 > Self.reminder }) ?? true {
            progress.complainedAt = clock.now()
            logger.warning(
                "a notification was not taken, and is tried again",
                metadata: [
                    "endpoint": "\(endpoint.name)", "failures": "\(progress.breaker.failures)", "reason": "\(Self.text(of: outcome))",
                ])
        }
        return false
    }

    private func saveIfDue(_ progress: inout Progress, _ reader: OutboxReader) async throws {
        let elapsed = clock.now() - progress.savedAt
        guard elapsed > (progress.position == progress.saved ? Self.sign : Self.saveInterval) else { return }
        progress.savedAt = clock.now()
        guard try await reader.save(progress.position) else { throw Superseded() }
        progress.saved = progress.position
    }

    private func save(_ progress: inout Progress, _ reader: OutboxReader) async throws {
        guard progress.position != progress.saved else { return }
        guard try await reader.save(progress.position) else { throw Superseded() }
        progress.saved = progress.position
        progress.savedAt = clock.now()
    }

    /// What a manifest refers to; nil when that is not to be said.
    private func references(of event: Event) async throws -> [EventReference]? {
        guard includesReferences, event.action != .delete, !event.isOfBlob, let digest = event.digest else { return nil }
        let payload = try await metadata.read { try $0.payload(ofToldManifest: digest, in: event.repository) }
        guard let payload else { return nil }
        let references = EventReference.all(in: payload)
        return references.isEmpty ? nil : references
    }

    private static func text(of outcome: DeliveryOutcome) -> String {
        switch outcome {
        case .answered(let status, let reason): "the answer was \(status) \(reason)"
        case .failed(let why): why
        }
    }

    /// Runs `body`; when the task is cancelled meanwhile, gives it some more time. What was sent should be heard of, or it
    /// is sent again.
    private static func finishing<T: Sendable>(within grace: Duration, _ body: @escaping @Sendable () async -> T) async -> T {
        let task = Task { await body() }
        return await withTaskCancellationHandler {
            await task.value
        } onCancel: {
            Task {
                try? await Task.sleep(for: grace)
                task.cancel()
            }
        }
    }
}
