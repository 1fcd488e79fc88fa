import CoveBlobs
import CoveOCI
import Foundation
import NIOCore
import TestSupport
import Testing

@testable import CoveMetadata
@testable import CoveRegistry

@Suite("Quotas of a registry in use")
struct QuotaTests {
    private static let repositories = ["team/a", "team/b", "team/c", "other/a"]

    private struct Player {
        let fixture: RegistryFixture
        var random: SeededGenerator

        private mutating func name() throws -> RepositoryName {
            try RepositoryName(parsing: QuotaTests.repositories.randomElement(using: &random) ?? "")
        }

        private mutating func layer() -> String {
            let number = Int.random(in: 0..<6, using: &random)
            return String(repeating: "\(number)", count: 20 + 13 * number)
        }

        /// A manifest that stands in a repository.
        private mutating func digest(in name: RepositoryName) async throws -> Digest? {
            let found = try await fixture.rows(
                """
                SELECT m.digest FROM manifest m JOIN repository r ON r.id = m.repository_id WHERE r.name = '\(name)' ORDER BY m.id
                """)
            return try found.randomElement(using: &random).map { try Digest(parsing: $0[0]) }
        }

        /// Does something that people do.
        mutating func move() async throws {
            let (registry, origin) = (fixture.registry, fixture.origin)
            let (name, other) = (try name(), try name())
            let tag = try Tag(parsing: "t\(Int.random(in: 0..<5, using: &random))")
            switch Int.random(in: 0..<12, using: &random) {
            case 0: try await fixture.push(layer(), to: name)
            case 1: _ = try await registry.mountBlob(Digest.of(layer().utf8), from: other, to: name, origin: origin)
            case 2, 3, 4:
                let text = layer()
                let digest = try await fixture.push(text, to: name)
                let json = try await fixture.image("\(Int.random(in: 0..<9, using: &random))", in: name).replacingOccurrences(
                    of: #""layers":[]"#, with: #""layers":["# + RegistryFixture.descriptor(digest, size: text.utf8.count) + "]")
                try await fixture.pushManifest(json, as: tag.description, to: name)
            case 5:
                if let digest = try await digest(in: other) {
                    _ = try await registry.copyArtifact(digest, tags: [tag], from: other, to: name, origin: origin)
                }
            case 6: try await registry.deleteManifest(.tag(tag), in: name, origin: origin)
            case 7: if let digest = try await digest(in: name) { _ = try await registry.deleteArtifact(digest, in: name, origin: origin) }
            case 8: try await registry.deleteBlob(Digest.of(layer().utf8), in: name, origin: origin)
            case 9: if let digest = try await digest(in: name) { _ = try await registry.addTag(tag, to: digest, in: name, origin: origin) }
            case 10:
                var options = GarbageCollection.Options()
                options.grace = -60
                options.deleteUntagged = Bool.random(using: &random)
                _ = try await GarbageCollection(registry: registry, options: options).run { _ in }
            default:
                if Int.random(in: 0..<4, using: &random) == 0 { _ = try await registry.deleteRepository(name, origin: origin) }
            }
        }
    }

    @Test(
        "whatever is pushed, mounted, copied, deleted and collected beside each other, what is kept account of is what there is",
        arguments: 0..<4)
    func neverDrifts(seed: Int) async throws {
        let fixture = try await RegistryFixture(seed % 2 == 0 ? .memory : .filesystem)
        try await fixture.push("first", to: try RepositoryName(parsing: "team/a"))
        let project = try await fixture.metadata.write { store in
            let id = try #require(try store.project(named: "team")?.id)
            try store.setLimit(ProjectLimit(storage: 2500, tags: 9), ofProject: id)
            return id
        }
        let refusals = Shared<Set<String>>([])
        try await withThrowingTaskGroup(of: Void.self) { group in
            for worker in 0..<4 {
                group.addTask {
                    var player = Player(fixture: fixture, random: SeededGenerator(seed: UInt64(seed * 10 + worker)))
                    for _ in 0..<40 {
                        do {
                            try await player.move()
                        } catch let error as RegistryError {
                            refusals.change { $0.insert(error.name) }
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
        let expected: Set = ["quotaExceeded", "manifestUnknown", "blobUnknown", "referencesUnknown", "repositoryUnknown"]
        #expect(refusals.value.subtracting(expected).isEmpty, "\(refusals.value)")
        let (kept, counted, repositories) = try await fixture.metadata.read { store in
            (try store.usage(ofProject: project), try store.countedUsage(ofProject: project), try store.repositoryUsage(ofProject: project))
        }
        #expect(kept == counted)
        #expect(kept.storage <= 2500 && kept.tags <= 9)
        let unique = repositories.reduce(0) { $0 + $1.unique }
        let shared = repositories.reduce(0) { $0 + $1.shared }
        // What several have is taken once of the quota, and by two of them at least here.
        #expect(unique <= kept.storage && kept.storage <= unique + shared && kept.tags == repositories.reduce(0) { $0 + $1.tags })
    }
}
