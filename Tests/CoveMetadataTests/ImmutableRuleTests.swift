import CoveOCI
import TestSupport
import Testing

@testable import CoveMetadata

@Suite("Queries: immutable rules")
struct ImmutableRuleTests {
    private static func rule(_ tags: String, _ repositories: String = "**", excludes: Bool = false) -> TagRule {
        TagRule(
            action: "immutable", template: "immutable_template",
            tags: [RuleSelector(decoration: excludes ? "excludes" : "matches", pattern: tags)],
            scopes: ["repository": [RuleSelector(decoration: "repoMatches", pattern: repositories)]])
    }

    private static func store(_ rules: TagRule...) async throws -> MetadataStore {
        let store = try await StoreFixture.make()
        try await store.write { store in
            let repository = try store.repository("team/app")
            let project = try #require(try store.project(named: "team"))
            for rule in rules { _ = try store.insertImmutableRule(rule, ofProject: project.id) }
            for (tag, payload) in [("v1", "1"), ("latest", "1"), ("v2", "2")] {
                let manifest = try store.manifest(payload, in: repository)
                try store.setTag(Tag(parsing: tag), to: manifest.id, digest: manifest.digest, in: repository, actor: nil)
            }
        }
        return store
    }

    private static func move(_ tag: String, to payload: String, in store: MetadataStore) async throws {
        try await store.write { store in
            let repository = try store.repository("team/app")
            let manifest = try store.manifest(payload, in: repository)
            try store.setTag(Tag(parsing: tag), to: manifest.id, digest: manifest.digest, in: repository, actor: nil)
        }
    }

    @Test("an immutable tag is neither moved nor deleted, and pushing the same again is fine")
    func keeps() async throws {
        let store = try await Self.store(Self.rule("v*"))
        let error = await #expect(throws: ImmutableTag.self) { try await Self.move("v1", to: "2", in: store) }
        #expect(error == ImmutableTag(repository: "team/app", tag: "v1"))
        try await Self.move("v1", to: "1", in: store)
        try await Self.move("latest", to: "2", in: store)
        try await Self.move("v3", to: "3", in: store)
        await #expect(throws: ImmutableTag.self) {
            try await store.write { _ = try $0.deleteTag(Tag(parsing: "v1"), in: $0.repository("team/app"), actor: nil) }
        }
        await #expect(throws: ImmutableTag.self) {
            try await store.write { _ = try $0.deleteManifest(StoreFixture.digest("1"), in: $0.repository("team/app"), actor: nil) }
        }
        await #expect(throws: ImmutableTag.self) {
            try await store.read { store in
                try store.refuseIfImmutable(#require(try store.repositoryID(RepositoryName(parsing: "team/app"))))
            }
        }
        let tags = try await store.read { store in
            try store.tagNames(in: try #require(try store.repositoryID(RepositoryName(parsing: "team/app"))), after: "", limit: 10)
        }
        #expect(tags == ["latest", "v1", "v2", "v3"])
    }

    @Test("a rule that is disabled, about other repositories, or of another project keeps nothing")
    func others() async throws {
        var disabled = Self.rule("**")
        disabled.isDisabled = true
        let store = try await Self.store(disabled, Self.rule("**", "web"), Self.rule("v1", excludes: true))
        try await store.write { store in
            _ = try store.repository("other/app")
            _ = try store.insertImmutableRule(Self.rule("**"), ofProject: try #require(try store.project(named: "other")).id)
        }
        try await Self.move("v1", to: "2", in: store)
        await #expect(throws: ImmutableTag.self) { try await Self.move("v2", to: "1", in: store) }
        // What nobody asked for is not held up.
        try await store.write { store in
            store.overrideRules()
            _ = try store.deleteTag(Tag(parsing: "v2"), in: store.repository("team/app"), actor: nil)
        }
    }

    @Test("rules are changed and removed within their project only")
    func changes() async throws {
        let store = try await Self.store(Self.rule("v1"))
        let project = try #require(try await store.read { try $0.project(named: "team") }).id
        var rule = try #require(try await store.read { try $0.immutableRules(ofProject: project, ListQuery()) }.page.first)
        rule.tags[0].pattern = "v2"
        let changed = rule
        #expect(try await store.write { try $0.updateImmutableRule(changed, ofProject: project + 1) } == false)
        #expect(try await store.write { try $0.updateImmutableRule(changed, ofProject: project) })
        #expect(try await store.read { try $0.immutableRule(changed.id, ofProject: project) } == changed)
        try await Self.move("v1", to: "2", in: store)
        await #expect(throws: ImmutableTag.self) { try await Self.move("v2", to: "1", in: store) }
        #expect(try await store.write { try $0.deleteImmutableRule(changed.id, ofProject: project) })
        #expect(try await store.write { try $0.deleteImmutableRule(changed.id, ofProject: project) } == false)
    }

    @Test("a selector that makes no sense is refused with its field")
    func fields() {
        func problem(_ change: (inout TagRule) -> Void) -> String? {
            var rule = Self.rule("**")
            change(&rule)
            do throws(TagRule.Problem) { try rule.checkSelectors() } catch { return error.description }
            return nil
        }
        #expect(problem { _ in } == nil)
        #expect(problem { $0.tags = [] }?.contains("'tag_selectors'") == true)
        #expect(problem { $0.tags[0].decoration = "repoMatches" }?.contains("'tag_selectors[0].decoration'") == true)
        #expect(problem { $0.tags[0].kind = "label" }?.contains("'tag_selectors[0].kind'") == true)
        #expect(problem { $0.tags[0].pattern = "[" }?.contains("'tag_selectors[0].pattern'") == true)
        #expect(problem { $0.tags[0].extras = "{" }?.contains("'tag_selectors[0].extras'") == true)
        #expect(problem { $0.scopes = [:] }?.contains("'scope_selectors.repository'") == true)
        #expect(problem { $0.scopes["x"] = [] }?.contains("'scope_selectors.x'") == true)
    }
}
