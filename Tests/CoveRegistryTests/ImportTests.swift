import CoveBlobs
import CoveOCI
import Foundation
import NIOPosix
import TestSupport
import Testing

@testable import CoveMetadata
@testable import CoveRegistry

@Suite("Import from registry:2")
struct ImportTests {
    private let old: OldRegistry
    private let metadata: MetadataStore
    private let app: RepositoryName

    init() async throws {
        old = try OldRegistry()
        metadata = try await .open(TestDatabase.engine())
        app = try RepositoryName(parsing: "app")
    }

    @discardableResult
    private func run(
        _ change: (inout DistributionImport.Options) -> Void = { _ in }
    ) async throws -> (report: ImportReport, findings: [ImportFinding]) {
        var options = DistributionImport.Options()
        options.batch = 3
        change(&options)
        let findings = Shared<[ImportFinding]>([])
        let report = try await DistributionImport(files: old.files, metadata: metadata, options: options) { finding in
            findings.change { $0.append(finding) }
        }.run()
        #expect(report.findings == Dictionary(grouping: findings.value, by: \.kind).mapValues(\.count))
        return (report, findings.value)
    }

    private func tag(_ name: String, in repository: String) async throws -> Digest? {
        let (repository, tag) = (try RepositoryName(parsing: repository), try Tag(parsing: name))
        return try await metadata.read { try $0.manifest(.tag(tag), in: repository)?.digest }
    }

    @Test("an image is imported with its tag, its blobs where they lie, and its history")
    func image() async throws {
        let (first, second) = (try old.image("1", layers: ["layer"], in: "team/app"), try old.image("2", layers: ["layer"], in: "team/app"))
        let one = try old.manifest(first, in: "team/app")
        let two = try old.manifest(second, in: "team/app")
        try old.tag("v1", two, in: "team/app", earlier: [one])
        let (report, findings) = try await run()
        #expect(findings.isEmpty)
        #expect((report.repositories, report.manifests, report.tags) == (1, 2, 1))
        #expect(try await tag("v1", in: "team/app") == two)
        let name = try RepositoryName(parsing: "team/app")
        try await metadata.read { store in
            #expect(try store.manifest(.digest(one), in: name)?.payload == Data(first.utf8))
            let layer = try #require(try store.blob(Digest.of("layer".utf8), in: name))
            #expect(layer.size == 5 && layer.location == DistributionLayout.data(layer.digest))
            let id = try #require(try store.repositoryID(name))
            let history = try store.history(of: Tag(parsing: "v1"), in: id)
            #expect(history.map(\.digest) == [one, two])
            #expect(history.map(\.at) == [1_600_000_000_000_000, 1_600_000_060_000_000])
        }
    }

    @Test("what was imported is pulled through a registry on the same directory, and deleted from it with its file")
    func pull() async throws {
        let digest = try old.manifest(try old.image("1", layers: ["a layer"], in: "app"), in: "app")
        try old.tag("latest", digest, in: "app")
        let fixture = try await RegistryFixture(directory: old.directory)
        _ = try await DistributionImport(files: old.files, metadata: fixture.metadata).run()
        #expect(try await fixture.pullManifest("latest", from: app).contains("schemaVersion"))
        let layer = Digest.of("a layer".utf8)
        #expect(try await fixture.pull(layer, from: app) == "a layer")
        // A push puts new blobs beside the old ones, and what is known is not stored again.
        try await fixture.push("another", to: app)
        try await fixture.push("a layer", to: app)
        #expect(old.directory.files(under: "blobs").count == 1)
        let upkeep = Upkeep(
            registry: fixture.registry,
            options: {
                var options = Upkeep.Options(); options.blobGrace = .seconds(-60); return options
            }())
        try await upkeep.reclaimLeftovers()
        #expect(try await fixture.pull(layer, from: app) == "a layer")
        try await fixture.registry.deleteBlob(layer, in: app, origin: fixture.origin)
        try await upkeep.collectBlobs()
        #expect(!FileManager.default.fileExists(atPath: old.directory.file(old.path(of: layer))))
        #expect(FileManager.default.fileExists(atPath: old.directory.file(old.path(of: digest))))
    }

    @Test("repositories lie in one another, and each has its own")
    func nested() async throws {
        for name in ["a", "a/b", "a/b/c/d", "b__x/y-z"] {
            try old.tag("t", try old.manifest(try old.image(name, in: name), in: name), in: name)
        }
        let (report, findings) = try await run()
        #expect(findings.isEmpty && report.repositories == 4 && report.tags == 4)
        #expect(try await metadata.read { try $0.repositoryNames(after: "", limit: 10) } == ["a", "a/b", "a/b/c/d", "b__x/y-z"])
        let tags = try await ["a", "a/b", "a/b/c/d", "b__x/y-z"].asyncMap { try await tag("t", in: $0) }
        #expect(Set(tags.compactMap { $0 }).count == 4)
    }

    @Test("indexes, schema 2, SHA-512 and untagged revisions are imported")
    func kinds() async throws {
        let child = try old.image("child", in: "app")
        let childDigest = try old.manifest(child, in: "app")
        let index = try old.manifest(old.index([(childDigest, child)]), in: "app")
        let docker = try old.manifest(try old.image("docker", in: "app", mediaType: MediaType.dockerManifest), in: "app")
        let long = try old.manifest(try old.image("long", in: "app"), in: "app", algorithm: .sha512)
        try old.layer("long layer", in: "app", algorithm: .sha512)
        try old.tag("index", index, in: "app")
        try old.tag("long", long, in: "app")
        let (report, findings) = try await run()
        #expect(findings.isEmpty && report.manifests == 4 && report.tags == 2)
        for digest in [childDigest, index, docker, long] {
            #expect(try await metadata.read { try $0.manifest(.digest(digest), in: app) } != nil)
        }
        #expect(try await metadata.read { try $0.blob(Digest.of("long layer".utf8, algorithm: .sha512), in: app) } != nil)
    }

    @Test("everything that is broken is reported by its place, and nothing else is lost")
    func damage() async throws {
        let good = try old.manifest(try old.image("good", layers: ["shared"], in: "app"), in: "app")
        try old.tag("good", good, in: "app")
        let name = OldRegistry.repositories + "/app"
        // A tag of a manifest that is not there, a garbled link, an empty one.
        try old.tag("dangling", Digest.of("nothing".utf8), in: "app")
        try old.write("garbage\u{7}", to: "\(name)/_manifests/tags/garbled/current/link")
        try old.write("", to: "\(name)/_manifests/tags/empty/current/link")
        try FileManager.default.createDirectory(
            atPath: old.directory.file("\(name)/_manifests/tags/none"), withIntermediateDirectories: true)
        // Revisions: payload gone, payload changed, no JSON, schema 1, link to another digest.
        let gone = try old.manifest(try old.image("gone", in: "app"), in: "app")
        try old.remove(old.path(of: gone))
        let changed = try old.manifest(try old.image("changed", in: "app"), in: "app")
        try old.write("{}", to: old.path(of: changed))
        let noJSON = try old.manifest("no JSON", in: "app")
        let schema1 = try old.manifest(#"{"schemaVersion":1,"name":"app","tag":"x"}"#, in: "app")
        let elsewhere = Digest.of("elsewhere".utf8)
        try old.write("\(good)", to: old.revision(elsewhere, in: "app"))
        let deleted = Digest.of("deleted".utf8)
        try FileManager.default.createDirectory(
            atPath: (old.directory.file(old.revision(deleted, in: "app")) as NSString).deletingLastPathComponent,
            withIntermediateDirectories: true)
        // Layers: gone, of another size, and one that is only linked.
        let lacking = try old.manifest(try old.image("lacking", layers: ["missing layer"], in: "app"), in: "app")
        try old.remove(old.path(of: Digest.of("missing layer".utf8)))
        let truncated = try old.manifest(try old.image("truncated", layers: ["cut short"], in: "app"), in: "app")
        try old.write("cut", to: old.path(of: Digest.of("cut short".utf8)))
        try old.write("\(elsewhere)", to: "\(name)/_layers/sha256/\(elsewhere.hex)/link")
        // An index without its entry, half an upload, foreign files, names that no client can say.
        let index = try old.manifest(old.index([(elsewhere, "x")]), in: "app")
        try old.write("half", to: "\(name)/_uploads/0d7d5f43-93b5-4e7b-8f0a-000000000000/data")
        try old.write("x", to: "\(name)/.DS_Store")
        try old.write("x", to: "\(name)/_manifests/tags/.DS_Store")
        try old.manifest("{}", in: "UPPER")
        try old.tag("a tag", good, in: "app")
        let ownerless = try old.store("nobody's")
        try old.write("x", to: "\(name)/_layers/tarsum.v1+sha256/\(elsewhere.hex)/link")

        let (report, findings) = try await run()
        func paths(_ kind: ImportFinding.Kind) -> [String] { findings.filter { $0.kind == kind }.map(\.path).sorted() }
        #expect(paths(.danglingTag) == ["\(name)/_manifests/tags/dangling/current/link"])
        var broken = ["empty", "garbled", "none"].map { "\(name)/_manifests/tags/\($0)/current/link" }
        broken.append(old.revision(elsewhere, in: "app"))
        #expect(paths(.brokenLink) == broken.sorted())
        #expect(paths(.deletedBefore) == [old.revision(deleted, in: "app")])
        #expect(paths(.missingManifest) == [old.revision(gone, in: "app")])
        #expect(paths(.digestMismatch) == [old.revision(changed, in: "app"), old.path(of: Digest.of("cut short".utf8))].sorted())
        #expect(paths(.unparsableManifest) == [old.revision(noJSON, in: "app")])
        #expect(paths(.schema1Manifest) == [old.revision(schema1, in: "app")])
        #expect(paths(.missingBlob) == [old.revision(lacking, in: "app"), old.revision(truncated, in: "app")].sorted())
        #expect(paths(.missingChild) == [old.revision(index, in: "app")])
        let dead = [elsewhere, Digest.of("missing layer".utf8), Digest.of("cut short".utf8)]
        let deadLinks = dead.map { "\(name)/_layers/sha256/\($0.hex)/link" }.sorted()
        #expect(paths(.deadLayerLink) == deadLinks)
        #expect(paths(.halfUpload) == ["\(name)/_uploads/0d7d5f43-93b5-4e7b-8f0a-000000000000"])
        #expect(paths(.foreignFile) == ["\(name)/.DS_Store", "\(name)/_manifests/tags/.DS_Store"])
        #expect(paths(.refusedName) == ["\(OldRegistry.repositories)/UPPER", "\(name)/_manifests/tags/a tag"])
        #expect(paths(.unsupportedDigest) == ["\(name)/_layers/tarsum.v1+sha256"])
        #expect(paths(.ownerlessBlob).contains(old.path(of: ownerless)))
        #expect(report.isDamaged)
        #expect((report.repositories, report.manifests, report.tags) == (1, 4, 1))
        #expect(try await tag("good", in: "app") == good)
        // The half upload is still there, and a push mends what was damaged.
        #expect(old.directory.files().contains("\(name)/_uploads/0d7d5f43-93b5-4e7b-8f0a-000000000000/data"))
        #expect(try await metadata.read { try $0.blob(Digest.of("cut short".utf8), in: app) } == nil)
        // The same is found again by a run that has nothing to do.
        let again = try await run()
        #expect(Set(again.findings) == Set(findings))
        #expect((again.report.manifests, again.report.tags, again.report.knownTags) == (0, 0, 1))
    }

    @Test("a file that cannot be read is reported")
    func unreadable() async throws {
        try old.tag("good", try old.manifest(try old.image("good", in: "app"), in: "app"), in: "app")
        let path = "\(OldRegistry.repositories)/app/_manifests/tags/odd/current/link"
        try FileManager.default.createDirectory(atPath: old.directory.file(path), withIntermediateDirectories: true)
        let findings = try await run().findings
        #expect(findings.map(\.kind) == [.unreadable] && findings.map(\.path) == [path])
    }

    @Test("a second import adds what is new and changes nothing else")
    func again() async throws {
        let one = try old.manifest(try old.image("1", layers: ["a"], in: "app"), in: "app")
        let two = try old.manifest(try old.image("2", in: "app"), in: "app")
        for tag in ["kept", "moved", "deleted"] { try old.tag(tag, one, in: "app") }
        try await run()
        // In Cove, a tag moves, another goes, and a manifest is deleted; in the files, tags come and move.
        try await metadata.write { store in
            let id = try store.ensureRepository(app)
            let row = try #require(try store.manifest(.digest(two), in: app))
            try store.setTag(Tag(parsing: "moved"), to: row.id, digest: two, in: id, actor: nil)
            _ = try store.deleteTag(Tag(parsing: "deleted"), in: id, actor: nil)
        }
        let three = try old.manifest(try old.image("3", in: "app"), in: "app")
        try old.tag("new", three, in: "app")
        try old.tag("kept", three, in: "app", earlier: [one])
        let (report, findings) = try await run()
        #expect((report.manifests, report.tags, report.knownManifests) == (1, 1, 2))
        #expect(!report.isDamaged)
        #expect(Set(findings.map(\.kind)) == [.keptTag, .deletedSince])
        #expect(try await tag("new", in: "app") == three)
        #expect(try await tag("kept", in: "app") == one)
        #expect(try await tag("moved", in: "app") == two)
        #expect(try await tag("deleted", in: "app") == nil)
        // A manifest that was deleted does not come back.
        try await metadata.write { store in _ = try store.deleteManifest(three, in: store.ensureRepository(app), actor: nil) }
        try await run()
        #expect(try await metadata.read { try $0.manifest(.digest(three), in: app) } == nil)
    }

    @Test("a layer that is put back is found by the next import")
    func restored() async throws {
        let digest = try old.manifest(try old.image("1", layers: ["lost"], in: "app"), in: "app")
        try old.remove(old.path(of: Digest.of("lost".utf8)))
        #expect(try await run().report.findings[.missingBlob] == 1)
        try old.store("lost")
        let (report, findings) = try await run()
        #expect(findings.isEmpty && report.knownManifests == 1)
        #expect(try await metadata.read { try $0.blob(Digest.of("lost".utf8), in: app) }?.size == 4)
        _ = digest
    }

    @Test("a manifest that states another size than a good blob has is told from a damaged blob")
    func wrongSize() async throws {
        let layer = try old.layer("right", in: "app")
        let config = try old.layer("{}", in: "app")
        let json =
            #"{"schemaVersion":2,"mediaType":"\#(MediaType.imageManifest)","config":"# + RegistryFixture.descriptor(config, size: 2)
            + #","layers":["# + RegistryFixture.descriptor(layer, size: 99) + "]}"
        let digest = try old.manifest(json, in: "app")
        let findings = try await run().findings
        #expect(findings.map(\.kind) == [.sizeMismatch] && findings.first?.path == old.revision(digest, in: "app"))
        #expect(try await metadata.read { try $0.blob(layer, in: app) }?.size == 5)
        #expect(try await run().findings == findings)
    }

    @Test("with verify, a layer whose bytes have changed is not imported", arguments: [false, true])
    func verify(verify: Bool) async throws {
        try old.manifest(try old.image("1", layers: ["right"], in: "app"), in: "app")
        let layer = Digest.of("right".utf8)
        try old.write("wrong", to: old.path(of: layer))
        let findings = try await run { $0.verify = verify }.findings
        #expect(Set(findings.map(\.kind)) == (verify ? [.digestMismatch, .missingBlob, .deadLayerLink] : []))
        let blob = try await metadata.read { try $0.blob(layer, in: app) }
        #expect((blob == nil) == verify)
    }

    @Test("a dry run finds the same and writes nothing")
    func dryRun() async throws {
        let image = try old.image("1", layers: ["a", "b"], in: "app")
        let digest = try old.manifest(image, in: "app")
        try old.manifest(old.index([(digest, image)]), in: "app")
        try old.tag("t", digest, in: "app")
        try old.tag("dangling", Digest.of("x".utf8), in: "app")
        try old.store("nobody's")
        let dry = try await run { $0.dryRun = true }
        #expect(try await metadata.read { try $0.isEmpty() })
        #expect(try await metadata.read { try $0.importRecord(of: DistributionImport.source) } == nil)
        let wet = try await run()
        #expect(Set(dry.findings) == Set(wet.findings))
        #expect((dry.report.manifests, dry.report.tags) == (wet.report.manifests, wet.report.tags))
    }

    @Test("the store remembers that an import began and that it was finished")
    func record() async throws {
        try old.tag("t", try old.manifest(try old.image("1", in: "app"), in: "app"), in: "app")
        try await run()
        let first = try #require(try await metadata.read { try $0.importRecord(of: DistributionImport.source) })
        #expect(first.finishedAt.map { $0 >= first.startedAt } == true)
        try await run()
        let second = try #require(try await metadata.read { try $0.importRecord(of: DistributionImport.source) })
        #expect(second.startedAt == first.startedAt)
    }
}

extension Array {
    fileprivate func asyncMap<T>(_ body: (Element) async throws -> T) async rethrows -> [T] {
        var results: [T] = []
        for element in self { results.append(try await body(element)) }
        return results
    }
}
