import CoveJobs
import CoveMetadata
import CoveOCI
import Foundation
import TestSupport
import Testing

@testable import CoveWebhooks

@Suite("WebhookDispatcher")
struct WebhookDispatcherTests {
    private static let origin = Event.Origin(actor: "ann", requestID: "r1", method: "PUT", host: "registry.example.org")

    private static func event(
        _ action: Event.Action, tag: String? = nil, of content: String = "m",
        mediaType: String = "application/vnd.oci.image.manifest.v1+json"
    ) throws -> Event {
        try Event(
            action, repository: RepositoryName(parsing: "team/app"), digest: Digest.of(content.utf8), mediaType: mediaType, size: 9,
            tag: tag.map { try Tag(parsing: $0) }, origin: origin)
    }

    private static func append(_ fixture: WebhookFixture, _ events: Event..., count: Int = 1) async throws {
        try await fixture.metadata.write { store in for event in events { try store.append(event, count: count) } }
    }

    /// Lets nodes dispatch until a webhook has so many deliveries, and then a little longer.
    private static func dispatch(
        _ fixture: WebhookFixture, _ policy: Int64, until count: Int, _ dispatchers: [WebhookDispatcher]
    ) async throws -> [WebhookJob.Parameters] {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for dispatcher in dispatchers { group.addTask { try? await dispatcher.dispatch() } }
            _ = try await WebhookFixture.wait { try await fixture.deliveries(policy).count >= count }
            group.cancelAll()
        }
        return try await fixture.deliveries(policy)
    }

    private static func dispatcher(_ fixture: WebhookFixture, isEnabled: Bool = true) async throws -> WebhookDispatcher {
        let dispatcher = WebhookDispatcher(
            metadata: fixture.metadata, announcer: fixture.announcer(isEnabled: isEnabled), logger: WebhookFixture.logger)
        try await dispatcher.prepare()
        return dispatcher
    }

    @Test("Of what happens, each webhook is told what it wants, once")
    func events() async throws {
        let fixture = try await WebhookFixture.make()
        let everything = try await fixture.webhook(named: "all", [.pushArtifact, .pullArtifact, .deleteArtifact])
        let pulls = try await fixture.webhook(named: "pulls", [.pullArtifact])
        let off = try await fixture.webhook(named: "off", [.pushArtifact], isEnabled: false)
        let dispatcher = try await Self.dispatcher(fixture)
        try await Self.append(
            fixture, Self.event(.push, tag: "1"), Self.event(.push, mediaType: "application/octet-stream"),
            Self.event(.mount, mediaType: "application/octet-stream"), Self.event(.delete, tag: "alone", of: "other"))
        try await Self.append(fixture, Self.event(.pull, tag: "1"), count: 3)
        try await Self.append(fixture, Self.event(.delete), Self.event(.delete, tag: "1"), Self.event(.delete, tag: "2"))
        let told = try await Self.dispatch(fixture, everything, until: 5, [dispatcher])
        #expect(
            told.map(\.eventType) == ["PUSH_ARTIFACT", "PULL_ARTIFACT", "PULL_ARTIFACT", "PULL_ARTIFACT", "DELETE_ARTIFACT"])
        // An artifact that goes is told of with all of its tags.
        #expect(told.last?.body.contains("team/app:1\"") == true && told.last?.body.contains("team/app:2\"") == true)
        #expect(told.first?.body.contains(#""resource_url":"registry.example.org/team/app:1""#) == true)
        #expect(try await fixture.deliveries(pulls).count == 3)
        #expect(try await fixture.deliveries(off).isEmpty)
        // One that begins again goes on after what is dispatched.
        try await Self.append(fixture, Self.event(.push, tag: "3"))
        #expect(try await Self.dispatch(fixture, everything, until: 6, [Self.dispatcher(fixture)]).count == 6)
        let triggers = try await fixture.metadata.read { try $0.webhookTriggers(ofProject: fixture.project) }
        #expect(
            Set(triggers.filter { $0.policyID == everything }.map(\.eventType)) == ["PUSH_ARTIFACT", "PULL_ARTIFACT", "DELETE_ARTIFACT"])
    }

    @Test("Nodes that share a store do not deliver twice")
    func nodes() async throws {
        let fixture = try await WebhookFixture.make()
        let policy = try await fixture.webhook([.pushArtifact])
        let dispatchers = [try await Self.dispatcher(fixture), try await Self.dispatcher(fixture), try await Self.dispatcher(fixture)]
        for number in 0..<250 { try await Self.append(fixture, Self.event(.push, tag: "v\(number)")) }
        let told = try await Self.dispatch(fixture, policy, until: 250, [dispatchers[0], dispatchers[1], dispatchers[2]])
        #expect(told.count <= 250)
        let rest = try await Self.dispatch(fixture, policy, until: 250, [dispatchers[0]])
        #expect(rest.count == 250 && Set(rest.map(\.body)).count == 250)
    }

    @Test("What happens while notifications are off is passed over")
    func off() async throws {
        let fixture = try await WebhookFixture.make()
        let policy = try await fixture.webhook([.pushArtifact])
        let off = try await Self.dispatcher(fixture, isEnabled: false)
        try await Self.append(fixture, Self.event(.push, tag: "1"))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try? await off.dispatch() }
            _ = try await WebhookFixture.wait {
                try await fixture.metadata.read { try $0.pendingEvents(of: "webhooks").isEmpty }
            }
            group.cancelAll()
        }
        try await Self.append(fixture, Self.event(.push, tag: "2"))
        let told = try await Self.dispatch(fixture, policy, until: 1, [Self.dispatcher(fixture)])
        #expect(told.count == 1 && told.first?.body.contains("app:2") == true)
    }

    @Test("A deletion at the end of a page waits for its tags")
    func whole() throws {
        func recorded(_ events: [Event]) -> [RecordedEvent] {
            events.enumerated().map { RecordedEvent(id: Int64($0.offset + 1), at: 0, event: $0.element, count: 1) }
        }
        let page = try recorded([
            Self.event(.push, tag: "1"), Self.event(.delete), Self.event(.delete, tag: "1"), Self.event(.delete, tag: "2"),
        ])
        #expect(WebhookDispatcher.whole(page, isFull: true).map(\.id) == [1])
        #expect(WebhookDispatcher.whole(page, isFull: false).map(\.id) == [1, 2, 3, 4])
        // A tag that goes alone is no part of anything, and a page that is one deletion is taken as it is.
        let alone = try recorded([Self.event(.push, tag: "1"), Self.event(.delete, tag: "1")])
        #expect(WebhookDispatcher.whole(alone, isFull: true).map(\.id) == [1, 2])
        let huge = Array(page.dropFirst())
        #expect(WebhookDispatcher.whole(huge, isFull: true).map(\.id) == [2, 3, 4])
    }

    @Test("A push that leaves a project nearly full is followed by a warning")
    func warning() async throws {
        let fixture = try await WebhookFixture.make()
        let policy = try await fixture.webhook([.pushArtifact, .quotaWarning])
        let dispatcher = try await Self.dispatcher(fixture)
        func push(_ content: Character, bytes: Int64, tag: String) async throws {
            try await fixture.metadata.write { store in
                try store.setLimit(ProjectLimit(storage: 100, tags: -1), ofProject: fixture.project)
                let repository = try store.ensureRepository(RepositoryName(parsing: "team/app"))
                let blob = try store.insertBlob(Digest.of([content.asciiValue ?? 0]), size: bytes, location: tag)
                _ = try store.link(blob.id, to: repository)
                try store.append(Self.event(.push, tag: tag))
            }
        }
        try await push("x", bytes: 84, tag: "1")
        #expect(try await Self.dispatch(fixture, policy, until: 1, [dispatcher]).map(\.eventType) == ["PUSH_ARTIFACT"])
        try await push("y", bytes: 1, tag: "2")
        let told = try await Self.dispatch(fixture, policy, until: 3, [dispatcher])
        #expect(told.map(\.eventType) == ["PUSH_ARTIFACT", "PUSH_ARTIFACT", "QUOTA_WARNING"])
        #expect(told.last?.body.contains("85%") == true)
    }
}
