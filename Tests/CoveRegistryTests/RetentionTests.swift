import CoveOCI
import Foundation
import TestSupport
import Testing

@testable import CoveMetadata
@testable import CoveRegistry

@Suite("Retention")
struct RetentionTests {
    private static let day: Int64 = 86_400_000_000

    private static func rule(
        _ template: RetentionTemplate, _ parameter: Int64? = nil, tags: String = "**", excludes: Bool = false, untagged: Bool = false,
        repositories: String = "**"
    ) -> TagRule {
        TagRule(
            action: "retain", template: template.rawValue, parameters: parameter.map { [template.rawValue: $0] } ?? [:],
            tags: [
                RuleSelector(
                    decoration: excludes ? "excludes" : "matches", pattern: tags, extras: untagged ? #"{"untagged":true}"# : "")
            ], scopes: ["repository": [RuleSelector(decoration: "repoMatches", pattern: repositories)]])
    }

    private static func candidate(_ name: String, _ tags: [String], pushed: Int64, pulled: Int64 = 0) -> RetentionCandidate {
        RetentionCandidate(digest: Digest.of(name.utf8), tags: tags, pushedAt: pushed * day, pulledAt: pulled * day)
    }

    private static let candidates = [
        candidate("a", ["v1"], pushed: 1, pulled: 99), candidate("b", ["v2", "rc"], pushed: 50, pulled: 60),
        candidate("c", ["rc2"], pushed: 98), candidate("d", [], pushed: 99),
    ]

    private static func kept(_ rules: TagRule..., repository: String = "team/app") throws -> String {
        let stays = try RetentionEvaluator(rules, for: RepositoryName(parsing: repository)).decide(candidates, now: 100 * day)
        return zip("abcd", stays).filter(\.1).map { String($0.0) }.joined()
    }

    @Test("each template keeps what it says")
    func templates() throws {
        #expect(try Self.kept(Self.rule(.always)) == "abc")
        #expect(try Self.kept(Self.rule(.always, untagged: true)) == "abcd")
        #expect(try Self.kept(Self.rule(.latestPushedK, 2)) == "bc")
        #expect(try Self.kept(Self.rule(.latestPushedK, 2, untagged: true)) == "cd")
        #expect(try Self.kept(Self.rule(.latestPulledN, 1)) == "a")
        #expect(try Self.kept(Self.rule(.nDaysSinceLastPush, 50)) == "bc")
        #expect(try Self.kept(Self.rule(.nDaysSinceLastPush, 49)) == "c")
        #expect(try Self.kept(Self.rule(.nDaysSinceLastPull, 10)) == "a")
    }

    @Test("an artifact stays with all of its tags when a rule keeps it for one, and rules add up")
    func selectors() throws {
        #expect(try Self.kept(Self.rule(.always, tags: "v*")) == "ab")
        #expect(try Self.kept(Self.rule(.always, tags: "rc", excludes: true)) == "abc")
        #expect(try Self.kept(Self.rule(.always, tags: "v1"), Self.rule(.latestPushedK, 1)) == "ac")
        #expect(try Self.kept(Self.rule(.always, tags: "none")) == "")
    }

    @Test("what no rule is about is left alone")
    func scopes() throws {
        #expect(try Self.kept(Self.rule(.always, tags: "none", repositories: "web")) == "abcd")
        #expect(try Self.kept() == "abcd")
        var disabled = Self.rule(.always, tags: "none")
        disabled.isDisabled = true
        #expect(try Self.kept(disabled) == "abcd")
        #expect(try Self.kept(Self.rule(.always, tags: "v1", repositories: "a*")) == "a")
    }

    @Test("whatever the rules: more rules keep more, the order does not matter, and counts are kept", arguments: 0..<100)
    func properties(seed: Int) throws {
        var random = SeededGenerator(seed: UInt64(seed))
        let candidates = (0..<Int.random(in: 0...30, using: &random)).map { number in
            Self.candidate(
                "\(number)", (0..<Int.random(in: 0...3, using: &random)).map { _ in random.text(of: "ab1", length: 1...2) },
                pushed: .random(in: 0...100, using: &random), pulled: .random(in: 0...100, using: &random))
        }
        func some() -> TagRule {
            let template = RetentionTemplate.allCases.randomElement(using: &random) ?? .always
            return Self.rule(
                template, template.unit == nil ? nil : .random(in: 1...20, using: &random),
                tags: ["**", "a*", "?", "b?"].randomElement(using: &random) ?? "", untagged: .random(using: &random))
        }
        let rules = (0..<Int.random(in: 1...4, using: &random)).map { _ in some() }
        let name = try RepositoryName(parsing: "team/app")
        func decide(_ rules: [TagRule], _ candidates: [RetentionCandidate]) throws -> Set<Digest> {
            let stays = try RetentionEvaluator(rules, for: name).decide(candidates, now: 100 * Self.day)
            return Set(zip(candidates, stays).filter(\.1).map(\.0.digest))
        }
        let kept = try decide(rules, candidates)
        #expect(try decide(rules.reversed(), candidates) == kept)
        #expect(try decide(rules, candidates.shuffled(using: &random)) == kept)
        #expect(try decide(rules + [some()], candidates).isSuperset(of: kept))
        #expect(try rules.reduce(into: Set<Digest>()) { try $0.formUnion(decide([$1], candidates)) } == kept)
        // Run again on what is left, it keeps all of it: a run that was ended goes on as it would have.
        #expect(try decide(rules, candidates.filter { kept.contains($0.digest) }) == kept)
        for rule in rules where rule.template == "latestPushedK" {
            #expect(try decide([rule], candidates).count <= rule.parameters["latestPushedK"] ?? 0)
        }
    }

    @Test("a rule that makes no sense is refused with its field")
    func fields() {
        func problem(_ rule: TagRule) -> String? {
            do throws(TagRule.Problem) { try RetentionTemplate.check(rule) } catch { return error.description }
            return nil
        }
        #expect(problem(Self.rule(.latestPushedK, 3)) == nil && problem(Self.rule(.always)) == nil)
        #expect(problem(Self.rule(.latestPushedK))?.contains("'params.latestPushedK' is required") == true)
        #expect(problem(Self.rule(.latestPushedK, 0))?.contains("'params.latestPushedK' is 0") == true)
        #expect(problem(Self.rule(.always, 3))?.contains("'params.always'") == true)
        var rule = Self.rule(.always)
        rule.template = "newest"
        #expect(problem(rule)?.contains("'template'") == true)
        rule = Self.rule(.always)
        rule.action = "delete"
        #expect(problem(rule)?.contains("'action'") == true)
    }

    // MARK: - In a registry

    private static func filled() async throws -> (RegistryFixture, RepositoryName) {
        let fixture = try await RegistryFixture()
        let app = try RepositoryName(parsing: "team/app")
        for number in 1...5 { try await fixture.pushManifest(fixture.image("\(number)", in: app), as: "v\(number)", to: app) }
        return (fixture, app)
    }

    private static func tags(_ fixture: RegistryFixture) async throws -> [String] {
        try await fixture.rows("SELECT name FROM tag ORDER BY name").map { $0[0] }
    }

    @Test("a run removes what no rule keeps, tells of each, and a dry run only tells")
    func runs() async throws {
        let (fixture, app) = try await Self.filled()
        let rules = [Self.rule(.always, tags: "v{1,5}")]
        for dryRun in [true, false] {
            let lines = Shared<[String]>([])
            let outcome = try await RetentionRun(registry: fixture.registry, rules: rules, dryRun: dryRun).run(
                in: app,
                say: { line in
                    lines.change { $0.append(line) }
                })
            #expect(outcome.total == 5 && outcome.deleted == 3 && outcome.retained == 2)
            #expect(lines.value.count == 5 && lines.value.filter { $0.hasPrefix("DEL ") }.count == 3)
            #expect(try await Self.tags(fixture) == (dryRun ? ["v1", "v2", "v3", "v4", "v5"] : ["v1", "v5"]))
        }
        #expect(await refusal { _ = try await fixture.pullManifest("v2", from: app) } == "manifestUnknown")
        #expect(try await fixture.rows("SELECT COUNT(*) FROM event WHERE action = 'delete' AND tag IS NOT NULL") == [["3"]])
        let again = try await RetentionRun(registry: fixture.registry, rules: rules, dryRun: false).run(in: app, say: { _ in })
        #expect(again.total == 2 && again.deleted == 0)
    }

    @Test("immutable tags stay, and so does what was pushed again meanwhile")
    func immutable() async throws {
        let (fixture, app) = try await Self.filled()
        try await fixture.metadata.write { store in
            let project = try #require(try store.project(named: "team"))
            let rule = TagRule(
                action: "immutable", template: "immutable_template", tags: [RuleSelector(decoration: "matches", pattern: "v3")],
                scopes: ["repository": [RuleSelector(decoration: "repoMatches", pattern: "**")]])
            _ = try store.insertImmutableRule(rule, ofProject: project.id)
        }
        let rules = [Self.rule(.always, tags: "none")]
        let outcome = try await RetentionRun(registry: fixture.registry, rules: rules, dryRun: false).run(in: app, say: { _ in })
        #expect(outcome.deleted == 4 && outcome.retained == 1)
        #expect(try await Self.tags(fixture) == ["v3"])
    }

    @Test("an index goes with its entries and what refers to it, unless something else holds them")
    func indexes() async throws {
        let fixture = try await RegistryFixture()
        let app = try RepositoryName(parsing: "team/app")
        var entries: [String] = []
        for note in ["arm", "amd"] {
            let image = try await fixture.image(note, in: app)
            let receipt = try await fixture.pushManifest(image, as: Digest.of(image.utf8).description, to: app)
            entries.append(RegistryFixture.descriptor(receipt.digest, size: image.utf8.count, mediaType: MediaType.imageManifest))
        }
        let index = RegistryFixture.index(entries)
        let top = try await fixture.pushManifest(index, as: "old", to: app).digest
        try await fixture.pushManifest(RegistryFixture.index([entries[0]]), as: "new", to: app)
        let subject = RegistryFixture.descriptor(top, size: index.utf8.count, mediaType: MediaType.imageIndex)
        let signature = try await fixture.image("signature", in: app, more: #","subject":\#(subject)"#)
        try await fixture.pushManifest(signature, as: Digest.of(signature.utf8).description, to: app)
        let run = RetentionRun(registry: fixture.registry, rules: [Self.rule(.always, tags: "new")], dryRun: false)
        let outcome = try await run.run(in: app, say: { _ in })
        #expect(outcome.total == 2 && outcome.deleted == 1)
        #expect(try await fixture.rows("SELECT COUNT(*) FROM manifest") == [["2"]])
        #expect(try await Self.tags(fixture) == ["new"])
    }
}
