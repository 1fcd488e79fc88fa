import CoveMetadata
import CoveOCI
import NIOCore
import TestSupport
import Testing

@testable import CoveRegistry

@Suite("Registry: manifests")
struct ManifestTests {
    private let app: RepositoryName
    private let web: RepositoryName

    init() throws {
        app = try RepositoryName(parsing: "team/app")
        web = try RepositoryName(parsing: "team/web")
    }

    @Test("a manifest is pulled byte for byte, by tag and by digest", arguments: RegistryFixture.Kind.allCases)
    func pushAndPull(kind: RegistryFixture.Kind) async throws {
        let fixture = try await RegistryFixture(kind)
        let json = " " + (try await fixture.image("exact \\u00e9", in: app, more: #","unknown":{"a":1.0}"#)) + "\n"
        let receipt = try await fixture.pushManifest(json, as: "v1", to: app)
        #expect(receipt.digest == Digest.of(json.utf8))
        #expect(receipt.subject == nil)
        #expect(try await fixture.pullManifest("v1", from: app) == json)
        #expect(try await fixture.pullManifest(receipt.digest.description, from: app) == json)
        let pulled = try await fixture.registry.manifest(Reference(parsing: "v1"), in: app, origin: nil)
        #expect(pulled.mediaType == MediaType.imageManifest)
        #expect(pulled.digestText == receipt.digest.description)
        for reference in ["v2", Digest.of([]).description] {
            #expect(await refusal { _ = try await fixture.pullManifest(reference, from: app) } == "manifestUnknown")
        }
        #expect(await refusal { _ = try await fixture.pullManifest("v1", from: web) } == "manifestUnknown")
    }

    @Test("a push by digest must have it, and may name tags", arguments: Digest.Algorithm.allCases)
    func byDigest(algorithm: Digest.Algorithm) async throws {
        let fixture = try await RegistryFixture()
        let json = try await fixture.image("i", in: app)
        let digest = Digest.of(json.utf8, algorithm: algorithm)
        let receipt = try await fixture.pushManifest(json, as: digest.description, tags: ["a", "b"], to: app)
        #expect(receipt.digest == digest)
        #expect(try await fixture.registry.tags(in: app, after: "", limit: 10).page == ["a", "b"])
        #expect(try await fixture.registry.manifest(Reference(parsing: "b"), in: app, origin: nil).digest == digest)
        let wrong = Digest.of([], algorithm: algorithm).description
        #expect(await refusal { try await fixture.pushManifest(json, as: wrong, tags: ["c"], to: app) } == "digestMismatch")
        #expect(try await fixture.registry.tags(in: app, after: "", limit: 10).page == ["a", "b"])
    }

    @Test("a tag that moved is seen at once, however often it was pulled", arguments: RegistryFixture.Kind.allCases)
    func tagMoves(kind: RegistryFixture.Kind) async throws {
        let fixture = try await RegistryFixture(kind)
        let images = [try await fixture.image("a", in: app), try await fixture.image("b", in: app)]
        for round in 0..<20 {
            try await fixture.pushManifest(images[round % 2], as: "latest", to: app)
            for _ in 0..<2 { #expect(try await fixture.pullManifest("latest", from: app) == images[round % 2]) }
        }
    }

    @Test("readers beside a moving tag never see an older image after a newer one was acknowledged")
    func tagMovesConcurrently() async throws {
        let fixture = try await RegistryFixture()
        var images: [String] = []
        for number in 0..<20 { images.append(try await fixture.image("\(number)", in: app)) }
        let numbers = Dictionary(uniqueKeysWithValues: images.enumerated().map { ($1, $0) })
        try await fixture.pushManifest(images[0], as: "latest", to: app)
        let acknowledged = Shared(0)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    while acknowledged.value < 19, !Task.isCancelled {
                        // A cached manifest is had without waiting: the writer must get its turn.
                        await Task.yield()
                        let least = acknowledged.value
                        let seen = try await fixture.pullManifest("latest", from: app)
                        #expect((numbers[seen] ?? -1) >= least)
                    }
                }
            }
            group.addTask { [images] in
                for number in 1..<20 {
                    try await fixture.pushManifest(images[number], as: "latest", to: app)
                    acknowledged.change { $0 = number }
                }
            }
            try await group.waitForAll()
        }
    }

    @Test("a tag is deleted alone, a digest with all of its tags, both at once visible", arguments: RegistryFixture.Kind.allCases)
    func delete(kind: RegistryFixture.Kind) async throws {
        let fixture = try await RegistryFixture(kind)
        let json = try await fixture.image("i", in: app)
        let digest = try await fixture.pushManifest(json, as: "a", to: app).digest
        for tag in ["b", "c"] { try await fixture.pushManifest(json, as: tag, to: app) }
        for reference in ["a", "b", "c", digest.description] { #expect(try await fixture.pullManifest(reference, from: app) == json) }
        try await fixture.registry.deleteManifest(Reference(parsing: "a"), in: app, origin: fixture.origin)
        #expect(await refusal { _ = try await fixture.pullManifest("a", from: app) } == "manifestUnknown")
        #expect(try await fixture.pullManifest("b", from: app) == json)
        try await fixture.registry.deleteManifest(.digest(digest), in: app, origin: fixture.origin)
        for reference in ["b", "c", digest.description] {
            #expect(await refusal { _ = try await fixture.pullManifest(reference, from: app) } == "manifestUnknown")
        }
        for reference in [Reference.digest(digest), try Reference(parsing: "a")] {
            #expect(
                await refusal { try await fixture.registry.deleteManifest(reference, in: app, origin: fixture.origin) }
                    == "manifestUnknown")
        }
        #expect(
            await refusal { try await fixture.registry.deleteManifest(.digest(digest), in: web, origin: fixture.origin) }
                == "repositoryUnknown")
    }

    @Test("what is no manifest is refused as such")
    func invalid() async throws {
        let fixture = try await RegistryFixture()
        do {
            try await fixture.pushManifest(#"{"schemaVersion":1}"#, as: "v1", to: app)
            Issue.record("it was accepted")
        } catch RegistryError.manifestInvalid(let why) {
            #expect(why == .schema1)
        }
        #expect(try await fixture.registry.repositories(after: "", limit: 10).page == [])
    }

    @Test("lists are paged and say whether more follow")
    func lists() async throws {
        let fixture = try await RegistryFixture()
        let registry = fixture.registry
        for name in ["c", "a", "b"] {
            let repository = try RepositoryName(parsing: name)
            let json = try await fixture.image(name, in: repository)
            for tag in ["2", "1", "3"] { try await fixture.pushManifest(json, as: tag, to: repository) }
        }
        let a = try RepositoryName(parsing: "a")
        for (limit, after, page, more) in [
            (2, "", ["1", "2"], true), (3, "", ["1", "2", "3"], false), (2, "2", ["3"], false), (0, "", [], true),
            (Int.max, "1", ["2", "3"], false),
        ] {
            #expect(try await registry.tags(in: a, after: after, limit: limit) == (page, more))
        }
        #expect(try await registry.repositories(after: "", limit: 2) == (["a", "b"], true))
        #expect(try await registry.repositories(after: "b", limit: 2) == (["c"], false))
        #expect(await refusal { _ = try await registry.tags(in: app, after: "", limit: 1) } == "repositoryUnknown")
    }
}
