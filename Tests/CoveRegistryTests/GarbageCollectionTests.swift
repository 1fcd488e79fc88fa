import CoveBlobs
import CoveOCI
import Foundation
import TestSupport
import Testing

@testable import CoveMetadata
@testable import CoveRegistry

@Suite("Garbage collection")
struct GarbageCollectionTests {
    private let app: RepositoryName
    private let web: RepositoryName

    init() throws {
        app = try RepositoryName(parsing: "app")
        web = try RepositoryName(parsing: "web")
    }

    private struct Result {
        let outcome: GarbageCollection.Outcome
        let lines: [String]
    }

    private func collect(
        _ fixture: RegistryFixture, untagged: Bool = false, grace: Int = -60, dryRun: Bool = false, quiet: Bool = false
    ) async throws -> Result {
        var options = GarbageCollection.Options()
        options.grace = grace
        options.deleteUntagged = untagged
        options.dryRun = dryRun
        options.quiet = quiet
        let lines = Shared<[String]>([])
        let outcome = try await GarbageCollection(registry: fixture.registry, options: options).run { said in lines.change { $0 += said } }
        return Result(outcome: try #require(outcome), lines: lines.value)
    }

    private func isHere(_ digest: Digest, in name: RepositoryName, _ fixture: RegistryFixture) async throws -> Bool {
        try await fixture.metadata.read { try $0.manifest(.digest(digest), in: name) } != nil
    }

    @Test("layers of a deleted manifest go at once, whatever the grace, and others stay", arguments: RegistryFixture.Kind.allCases)
    func layers(kind: RegistryFixture.Kind) async throws {
        let fixture = try await RegistryFixture(kind)
        let layer = try await fixture.push("layer", to: app)
        let gone = try await fixture.image("gone", in: app).replacingOccurrences(
            of: #""layers":[]"#, with: #""layers":["# + RegistryFixture.descriptor(layer, size: 5) + "]")
        let receipt = try await fixture.pushManifest(gone, as: "gone", to: app)
        try await fixture.pushManifest(try await fixture.image("kept", in: app), as: "kept", to: app)
        let fresh = try await fixture.push("pushed, and its manifest is to come", to: app)
        #expect(try await collect(fixture, grace: 3600).outcome.blobs == 0)
        try await fixture.registry.deleteManifest(.digest(receipt.digest), in: app, origin: fixture.origin)
        let dry = try await collect(fixture, grace: 3600, dryRun: true)
        #expect(try await fixture.pull(layer, from: app) == "layer")
        let result = try await collect(fixture, grace: 3600)
        #expect(result.lines == ["app", "blob eligible for deletion: \(layer)"] && dry.lines == result.lines)
        #expect((result.outcome.blobs, result.outcome.bytes, result.outcome.marked) == (1, 5, 2))
        #expect((result.outcome.youngBlobs, result.outcome.youngBytes) == (1, 35))
        #expect(dry.outcome == result.outcome)
        #expect(await refusal { _ = try await fixture.pull(layer, from: app) } == "blobUnknown")
        // The config is the other image's as well.
        #expect(try await fixture.pull(Digest.of("{}".utf8), from: app) == "{}")
        #expect(try await fixture.pull(fresh, from: app).hasPrefix("pushed"))
        if kind == .filesystem { #expect(fixture.files.count == 2) }
        #expect(try await collect(fixture, grace: -60).outcome.blobs == 1)
        #expect(await refusal { _ = try await fixture.pull(fresh, from: app) } == "blobUnknown")
    }

    @Test("a blob that another repository needs stays there")
    func shared() async throws {
        let fixture = try await RegistryFixture()
        let digest = try await fixture.push("shared", to: app)
        try await fixture.push("shared", to: web)
        let json = try await fixture.image("web", in: web).replacingOccurrences(
            of: #""layers":[]"#, with: #""layers":["# + RegistryFixture.descriptor(digest, size: 6) + "]")
        try await fixture.pushManifest(json, as: "latest", to: web)
        for dryRun in [true, false] { #expect(try await collect(fixture, dryRun: dryRun).outcome.blobs == 0) }
        #expect(try await fixture.pull(digest, from: web) == "shared")
        #expect(await refusal { _ = try await fixture.pull(digest, from: app) } == "blobUnknown")
    }

    @Test("without being told so, it deletes no manifest")
    func untaggedStay() async throws {
        let fixture = try await RegistryFixture()
        let digest = Digest.of((try await fixture.image("1", in: app)).utf8)
        try await fixture.pushManifest(try await fixture.image("1", in: app), as: "\(digest)", to: app)
        let result = try await collect(fixture)
        #expect((result.outcome.manifests, result.outcome.blobs) == (0, 0))
        #expect(try await isHere(digest, in: app, fixture))
    }

    @Test("manifests go that no tag holds, by no index and no subject; the others stay", arguments: [false, true])
    func untagged(dryRun: Bool) async throws {
        let fixture = try await RegistryFixture()
        func push(_ json: String, tag: String? = nil) async throws -> Digest {
            try await fixture.pushManifest(json, as: tag ?? "\(Digest.of(json.utf8))", to: app).digest
        }
        func entry(_ json: String) -> String {
            RegistryFixture.descriptor(Digest.of(json.utf8), size: json.utf8.count, mediaType: MediaType.imageManifest)
        }
        func referrer(_ note: String, of subject: Digest) async throws -> String {
            try await fixture.image(
                note, in: app, more: #","subject":"# + RegistryFixture.descriptor(subject, size: 1, mediaType: MediaType.imageManifest))
        }
        let (inTagged, inUntagged, alone) = (
            try await fixture.image("in tagged", in: app), try await fixture.image("in untagged", in: app),
            try await fixture.image("alone", in: app)
        )
        var kept = [try await push(inTagged)]
        var gone = [try await push(inUntagged), try await push(alone)]
        let inner = RegistryFixture.index([entry(inTagged)])
        kept.append(try await push(inner))
        kept.append(
            try await push(
                RegistryFixture.index([entry(inner).replacingOccurrences(of: MediaType.imageManifest, with: MediaType.imageIndex)]),
                tag: "v1"))
        gone.append(try await push(RegistryFixture.index([entry(inUntagged)])))
        // A signature of what is in a tagged index, one of that signature, one of what goes, one of what was never there.
        let signature = try await referrer("signature", of: kept[0])
        kept.append(try await push(signature))
        kept.append(try await push(try await referrer("of it", of: Digest.of(signature.utf8))))
        gone.append(try await push(try await referrer("of alone", of: gone[1])))
        gone.append(try await push(try await referrer("of nothing", of: Digest.of("nothing".utf8))))
        // A tag that moved on.
        gone.append(try await push(try await fixture.image("old", in: app), tag: "v2"))
        kept.append(try await push(try await fixture.image("new", in: app), tag: "v2"))
        let result = try await collect(fixture, untagged: true, dryRun: dryRun)
        #expect(result.outcome.manifests == gone.count)
        #expect(Set(result.lines.dropFirst().prefix(gone.count)) == Set(gone.map { "app: manifest eligible for deletion: \($0)" }))
        for digest in kept { #expect(try await isHere(digest, in: app, fixture)) }
        for digest in gone { #expect(try await isHere(digest, in: app, fixture) == dryRun) }
        if !dryRun {
            #expect(await refusal { _ = try await fixture.pullManifest("\(gone[1])", from: app) } == "manifestUnknown")
            #expect(try await collect(fixture, untagged: true).outcome.manifests == 0)
        }
    }

    @Test("what may be about to get a tag or an index is spared while it is young, and nothing else is")
    func young() async throws {
        let fixture = try await RegistryFixture()
        let (child, coming) = (try await fixture.image("child", in: app), try await fixture.image("coming", in: app))
        try await fixture.pushManifest(child, as: "\(Digest.of(child.utf8))", to: app)
        try await fixture.pushManifest(coming, as: "\(Digest.of(coming.utf8))", to: app)
        // Its index had a tag, which moved on.
        let index = RegistryFixture.index([
            RegistryFixture.descriptor(Digest.of(child.utf8), size: child.utf8.count, mediaType: MediaType.imageManifest)
        ])
        try await fixture.pushManifest(index, as: "v1", to: app)
        try await fixture.pushManifest(try await fixture.image("next", in: app), as: "v1", to: app)
        let result = try await collect(fixture, untagged: true, grace: 3600)
        #expect((result.outcome.manifests, result.outcome.youngManifests) == (2, 1))
        #expect(try await isHere(Digest.of(coming.utf8), in: app, fixture))
        #expect(try await collect(fixture, untagged: true, grace: -60).outcome.manifests == 1)
    }

    @Test("a push that comes while it is collected is whole or refused", arguments: RegistryFixture.Kind.allCases)
    func besidePushes(kind: RegistryFixture.Kind) async throws {
        let fixture = try await RegistryFixture(kind)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for worker in 0..<4 {
                group.addTask {
                    for round in 0..<15 {
                        let layer = try await fixture.push("layer \(round % 3)", to: app)
                        let json = try await fixture.image("\(worker) \(round)", in: app).replacingOccurrences(
                            of: #""layers":[]"#, with: #""layers":["# + RegistryFixture.descriptor(layer, size: 7) + "]")
                        let failure = await refusal { try await fixture.pushManifest(json, as: "t\(worker)", to: app) }
                        #expect(failure == nil || failure == "referencesUnknown")
                    }
                }
            }
            group.addTask { for _ in 0..<10 { _ = try? await collect(fixture, untagged: true) } }
            try await group.waitForAll()
        }
        _ = try await collect(fixture, untagged: true)
        // Every manifest that is left has all that it needs.
        let lacking = try await fixture.rows(
            """
            SELECT mr.digest FROM manifest m JOIN manifest_reference mr ON mr.manifest_id = m.id
            WHERE NOT EXISTS (SELECT 1 FROM blob b JOIN repository_blob rb ON rb.blob_id = b.id
                WHERE b.digest = mr.digest AND b.state = 0 AND rb.repository_id = m.repository_id)
            """)
        #expect(lacking.isEmpty)
        if kind == .filesystem {
            #expect(Set(fixture.files.map { "blobs/\($0)" }) == Set(try await fixture.rows("SELECT location FROM blob").map { $0[0] }))
        }
    }

    @Test("bytes that were pushed again while their blob was collected are not left behind")
    func healing() async throws {
        let storage = WatchedStorage()
        let fixture = try await RegistryFixture(storage: storage)
        try await fixture.push("twice", to: app)
        // The second push has recorded that it holds the blob, and looks whether its bytes are there.
        storage.whenAsked.change { $0 = { _ = try? await collect(fixture) } }
        try await fixture.push("twice", to: web)
        #expect(storage.deleted.value.count == 2 && Set(storage.deleted.value).count == 2, "\(storage.deleted.value)")
        #expect(try await fixture.rows("SELECT id FROM blob").isEmpty)
    }

    @Test("of an imported registry, blobs of nobody's and files of deleted manifests go as well")
    func imported() async throws {
        let old = try OldRegistry()
        let kept = try old.manifest(try old.image("kept", layers: ["a"], in: "app"), in: "app")
        let gone = try old.manifest(try old.image("gone", layers: ["b"], in: "app"), in: "app")
        try old.tag("t", kept, in: "app")
        let ownerless = try old.store("nobody's")
        let fixture = try await RegistryFixture(directory: old.directory)
        _ = try await DistributionImport(files: old.files, metadata: fixture.metadata).run()
        try await Upkeep(
            registry: fixture.registry,
            options: {
                var options = Upkeep.Options(); options.blobGrace = .seconds(-60); return options
            }()
        )
        .collectBlobs()
        #expect(try await fixture.storage.size(of: old.path(of: ownerless)) == 8, "upkeep leaves alone what registry:2 left")
        let dry = try await collect(fixture, untagged: true, dryRun: true)
        let result = try await collect(fixture, untagged: true)
        #expect((result.outcome.manifests, result.outcome.blobs) == (1, 3) && dry.outcome.blobs == 3)
        for digest in [ownerless, gone, Digest.of("b".utf8)] {
            #expect(!FileManager.default.fileExists(atPath: old.directory.file(old.path(of: digest))))
        }
        for digest in [kept, Digest.of("a".utf8)] {
            #expect(FileManager.default.fileExists(atPath: old.directory.file(old.path(of: digest))))
        }
        #expect(try await collect(fixture, quiet: true).lines.isEmpty)
    }
}
