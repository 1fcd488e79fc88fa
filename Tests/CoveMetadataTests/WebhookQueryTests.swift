import CoveOCI
import Testing

@testable import CoveMetadata

@Suite("Queries: webhooks")
struct WebhookQueryTests {
    @Test("a policy is kept with all it has, under a name that its project has once")
    func policies() async throws {
        let store = try await StoreFixture.make()
        try await store.write { store in
            _ = try store.repository("team/app")
            _ = try store.repository("other/app")
            let (team, other) = try (
                #require(try store.project(named: "team")?.id), #require(try store.project(named: "other")?.id)
            )
            var target = WebhookTarget(.http, address: "https://ci.example.org/", format: .cloudEvents)
            (target.authorization, target.secret, target.skipsVerification) = ("Bearer x", "s", true)
            var policy = WebhookPolicyRecord(
                projectID: team, name: "ci", eventTypes: ["PUSH_ARTIFACT"], targets: [target, WebhookTarget(.slack, address: "http://s")])
            policy.id = try #require(try store.insertWebhookPolicy(policy))
            var kept = try #require(try store.webhookPolicy(policy.id))
            #expect(kept.targets == policy.targets && kept.eventTypes == policy.eventTypes && kept.isEnabled && kept.createdAt > 0)
            #expect(try store.insertWebhookPolicy(policy) == nil)
            var elsewhere = policy
            elsewhere.projectID = other
            #expect(try store.insertWebhookPolicy(elsewhere) != nil)
            var second = policy
            second.name = "second"
            second.id = try #require(try store.insertWebhookPolicy(second))
            second.name = "ci"
            #expect(try !store.updateWebhookPolicy(second))
            kept.isEnabled = false
            kept.description = "changed"
            #expect(try store.updateWebhookPolicy(kept))
            #expect(try store.enabledWebhookPolicies(ofProject: team).map(\.name) == ["second"])
            #expect(try store.webhookPolicies(ofProject: team, ListQuery()).page.map(\.name) == ["ci", "second"])
            #expect(try store.hasEnabledWebhookPolicies())
        }
    }

    @Test("a policy that is deleted takes what it was set off by with it")
    func deletion() async throws {
        let store = try await StoreFixture.make()
        try await store.write { store in
            _ = try store.repository("team/app")
            let team = try #require(try store.project(named: "team")?.id)
            let id = try #require(
                try store.insertWebhookPolicy(
                    WebhookPolicyRecord(
                        projectID: team, name: "ci", eventTypes: ["PUSH_ARTIFACT"], targets: [WebhookTarget(.slack, address: "http://s")])))
            try store.noteWebhookTrigger(id, by: "PUSH_ARTIFACT")
            try store.noteWebhookTrigger(id, by: "PUSH_ARTIFACT")
            #expect(try store.webhookTriggers(ofProject: team).map(\.eventType) == ["PUSH_ARTIFACT"])
            try store.deleteWebhookPolicy(id)
            #expect(try store.webhookTriggers(ofProject: team).isEmpty)
            #expect(try !store.hasEnabledWebhookPolicies())
        }
    }
}
