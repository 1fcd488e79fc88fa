import CoveMetadata
import TestSupport
import Testing

@testable import CoveIdentity

@Suite("Accounts: why may I")
struct ExplanationTests {
    private static func explain(_ fixture: AccountFixture, _ user: String, _ action: String, _ resource: String) async throws
        -> AccessExplanation
    {
        try await fixture.accounts.explain(user, AccessQuestion(action: action, resource: resource))
    }

    @Test(
        "it says the same as what decides, and what gives the right",
        arguments: [
            ("ann", "push", "team/app", true, "role"), ("ann", "delete", "team/app", false, ""),
            ("ann", "pull", "open/app", true, "public"),
            ("ann", "push", "open/app", false, ""), ("ann", "artifact-label:create", "team", true, "role"),
            ("ann", "user:create", "system", false, ""), ("admin", "user:create", "system", true, "administrator"),
            ("admin", "delete", "team/app", true, "administrator"), ("robot$team+ci", "pull", "team/app", true, "robot"),
            ("robot$team+ci", "push", "team/app", false, ""), ("robot$team+ci", "pull", "open/app", true, "public"),
            ("anonymous", "pull", "open/app", true, "public"), ("anonymous", "pull", "team/app", false, ""),
            ("nobody", "pull", "open/app", false, ""), ("ann", "pull", "nowhere/app", false, ""),
            ("robot$x", "pull", "open/app", false, ""),
        ])
    func reasons(user: String, action: String, resource: String, isAllowed: Bool, kind: String) async throws {
        let explanation = try await Self.explain(try await AccountFixture(), user, action, resource)
        #expect(explanation.isAllowed == isAllowed)
        #expect(explanation.reasons.contains { $0.gives } == isAllowed)
        if isAllowed { #expect(explanation.reasons.filter(\.gives).map(\.kind) == [kind]) }
        #expect(!explanation.reasons.isEmpty)
    }

    @Test("groups and grants are named, and what role would do")
    func named() async throws {
        let fixture = try await AccountFixture()
        try await fixture.accounts.change { store in
            let group = try store.insert(["name": "crew", "type": 2, "updated_at": 1], into: "account_group")
            try store.run("INSERT INTO account_group_member VALUES ($1, $2)", [.integer(group), .integer(fixture.ann)])
            _ = try store.insert(["project_id": .integer(fixture.open), "group_id": .integer(group), "role": 3], into: "project_member")
            _ = try store.insertRepositoryGrant(
                in: fixture.open, to: .group(group), pattern: "front/**", actions: ["pull", "push"])
        }
        let pushed = try await Self.explain(fixture, "ann", "push", "open/front/web")
        #expect(pushed.isAllowed && pushed.reasons.contains { $0.gives && $0.kind == "grant" && $0.text.contains("'crew'") })
        #expect(pushed.reasons.contains { !$0.gives && $0.text.contains("is guest of 'open', through the group 'crew'") })
        let refused = try await Self.explain(fixture, "ann", "push", "open/back")
        #expect(!refused.isAllowed)
        #expect(refused.reasons.contains { $0.text.contains("roles that have repository:push: projectAdmin, maintainer, developer") })
        #expect(refused.reasons.contains { $0.kind == "grant" && $0.text.contains("not about 'open/back'") })
    }

    @Test(
        "a question that is none is refused",
        arguments: [("fly", "team/app"), ("pull", "Team/App"), ("label:fly", "team"), ("x:create", "team")])
    func malformed(action: String, resource: String) {
        #expect(throws: AccessQuestion.Malformed.self) { try AccessQuestion(action: action, resource: resource) }
    }
}
