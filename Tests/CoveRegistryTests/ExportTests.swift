import CoveBlobs
import CoveOCI
import Foundation
import NIOPosix
import TestSupport
import Testing

@testable import CoveMetadata
@testable import CoveRegistry

@Suite("Export to registry:2")
struct ExportTests {
    private let directory: TemporaryDirectory
    private let app: RepositoryName

    init() throws {
        directory = try TemporaryDirectory()
        app = try RepositoryName(parsing: "team/app")
    }

    @discardableResult
    private func export(
        _ fixture: RegistryFixture, to target: String? = nil, _ method: LayoutWriter.Method = .any, pattern: String = "**",
        prune: Bool = false
    ) async throws -> DistributionExport.Report {
        let root = target ?? directory.path
        var options = DistributionExport.Options()
        options.repositories = pattern
        options.prune = prune
        let source: DistributionExport.Source = fixture.directory.map { .directory($0.path) } ?? .storage(fixture.storage)
        return try await DistributionExport(
            metadata: fixture.metadata, source: source, writer: LayoutWriter(root: root, pool: .singleton, method: method),
            tree: LocalRegistryFiles(root: root, pool: .singleton), options: options
        ).run { _ in }
    }

    private func text(_ path: String) -> String? {
        FileManager.default.contents(atPath: directory.file(path)).map { String(decoding: $0, as: UTF8.self) }
    }

    @Test("a registry is written as registry:2 keeps it", arguments: RegistryFixture.Kind.allCases)
    func layout(kind: RegistryFixture.Kind) async throws {
        let fixture = try await RegistryFixture(kind)
        let (first, second) = (try await fixture.image("1", in: app), try await fixture.image("2", in: app))
        let one = try await fixture.pushManifest(first, as: "latest", to: app).digest
        let two = try await fixture.pushManifest(second, as: "latest", tags: ["v2"], to: app).digest
        let report = try await export(fixture)
        #expect((report.repositories, report.manifests, report.tags, report.layers) == (1, 2, 2, 1))
        #expect((report.linked, report.copied) == (kind == .filesystem ? (1, 0) : (0, 1)))
        let name = "team/app"
        #expect(text(DistributionLayout.data(one)) == first && text(DistributionLayout.data(two)) == second)
        #expect(text(DistributionLayout.data(Digest.of("{}".utf8))) == "{}")
        let layer = DistributionLayout.layer(Digest.of("{}".utf8), in: name)
        #expect(text(layer) == Digest.of("{}".utf8).description)
        #expect(text(DistributionLayout.revision(one, in: name)) == one.description)
        #expect(text(DistributionLayout.currentTag("latest", in: name)) == two.description)
        #expect(text(DistributionLayout.tagIndex("latest", one, in: name)) == one.description)
        #expect(text(DistributionLayout.tagIndex("latest", two, in: name)) == two.description)
        #expect(directory.files().count == 11, "\(directory.files())")
        // A second run has nothing to do.
        let before = try directory.files().map {
            try FileManager.default.attributesOfItem(atPath: directory.file($0))[.systemFileNumber] as? Int
        }
        let again = try await export(fixture)
        #expect((again.kept, again.linked, again.copied) == (1, 0, 0))
        let after = try directory.files().map {
            try FileManager.default.attributesOfItem(atPath: directory.file($0))[.systemFileNumber] as? Int
        }
        #expect(before == after)
    }

    @Test("what is exported is imported again to the same")
    func roundTrip() async throws {
        let old = try OldRegistry()
        let (first, second) = (try old.image("1", layers: ["x", "y"], in: "team/app"), try old.image("2", layers: ["x"], in: "lib"))
        let one = try old.manifest(first, in: "team/app")
        let index = try old.manifest(old.index([(one, first)]), in: "team/app")
        try old.tag("multi", index, in: "team/app", earlier: [one])
        try old.tag("v2", try old.manifest(second, in: "lib"), in: "lib")
        let metadata = try await MetadataStore.open(TestDatabase.engine())
        _ = try await DistributionImport(files: old.files, metadata: metadata).run()
        _ = try await DistributionExport(
            metadata: metadata, source: .directory(old.directory.path),
            writer: LayoutWriter(root: directory.path, pool: .singleton, method: .any),
            tree: LocalRegistryFiles(root: directory.path, pool: .singleton), options: .init()
        ).run { _ in }
        #expect(directory.files() == old.directory.files())
        for file in directory.files() {
            #expect(
                FileManager.default.contents(atPath: directory.file(file)) == FileManager.default.contents(atPath: old.directory.file(file))
            )
        }
        let times = { (root: String) in
            try FileManager.default.attributesOfItem(
                atPath: "\(root)/\(DistributionLayout.tagIndex("multi", one, in: "team/app"))")[.modificationDate] as? Date
        }
        #expect(try times(directory.path) == times(old.directory.path))
    }

    @Test("copies are files of their own, and links are not", arguments: [LayoutWriter.Method.link, .copy])
    func methods(method: LayoutWriter.Method) async throws {
        let fixture = try await RegistryFixture(.filesystem)
        let digest = try await fixture.push(String(repeating: "x", count: 600_000), to: app)
        let report = try await export(fixture, method)
        #expect((report.linked, report.copied) == (method == .link ? (1, 0) : (0, 1)))
        let attributes = try FileManager.default.attributesOfItem(atPath: directory.file(DistributionLayout.data(digest)))
        #expect(attributes[.referenceCount] as? Int == (method == .link ? 2 : 1))
        #expect(attributes[.size] as? Int == 600_000)
    }

    @Test("in the place of an import, only what is new is added, and prune takes away what was deleted")
    func inPlace() async throws {
        let old = try OldRegistry()
        let kept = try old.manifest(try old.image("kept", in: "app"), in: "app")
        let gone = try old.manifest(try old.image("gone", in: "app"), in: "app")
        try old.tag("kept", kept, in: "app")
        try old.tag("gone", gone, in: "app")
        let name = try RepositoryName(parsing: "app")
        let fixture = try await RegistryFixture(directory: old.directory)
        _ = try await DistributionImport(files: old.files, metadata: fixture.metadata).run()
        try await fixture.registry.deleteManifest(.digest(gone), in: name, origin: fixture.origin)
        try await fixture.pushManifest(try await fixture.image("new", in: name), as: "new", to: name)
        let first = try await export(fixture, to: old.directory.path)
        #expect((first.strangers, first.pruned, first.linked) == (2, 0, 1))
        let tags = "\(OldRegistry.repositories)/app/_manifests/tags"
        #expect(FileManager.default.fileExists(atPath: old.directory.file("\(tags)/gone")))
        #expect(try await export(fixture, to: old.directory.path, prune: true).pruned == 2)
        #expect(try FileManager.default.contentsOfDirectory(atPath: old.directory.file(tags)).sorted() == ["kept", "new"])
        #expect(!FileManager.default.fileExists(atPath: old.directory.file(old.revision(gone, in: "app"))))
        #expect(try await fixture.pullManifest("kept", from: name).contains("config"))
    }

    @Test("a blob whose bytes are gone is named, and the rest is exported")
    func missing() async throws {
        let fixture = try await RegistryFixture(.filesystem)
        let digest = try await fixture.push("gone", to: app)
        try await fixture.push("here", to: app)
        let location = try #require(try await fixture.metadata.read { try $0.blob(digest, in: app) }?.location)
        try await fixture.storage.deleteBlob(location)
        let report = try await export(fixture)
        #expect(report.missing == [digest] && report.layers == 1)
        #expect(text(DistributionLayout.layer(digest, in: "team/app")) == nil)
    }

    @Test("what was cut off by the end of a run is written again")
    func resumed() async throws {
        let fixture = try await RegistryFixture(.filesystem)
        let digest = try await fixture.push("a whole blob", to: app)
        try await export(fixture, .copy)
        let path = directory.file(DistributionLayout.data(digest))
        try Data("a who".utf8).write(to: URL(fileURLWithPath: path))
        try Data("x".utf8).write(to: URL(fileURLWithPath: directory.file(DistributionLayout.layer(digest, in: "team/app"))))
        try FileManager.default.createDirectory(atPath: directory.file(".cove-export"), withIntermediateDirectories: true)
        try directory.write("draft", to: ".cove-export/draft")
        #expect(try await export(fixture, .copy).copied == 1)
        #expect(text(DistributionLayout.data(digest)) == "a whole blob")
        #expect(text(DistributionLayout.layer(digest, in: "team/app")) == digest.description)
        #expect(!FileManager.default.fileExists(atPath: directory.file(".cove-export")))
    }

    @Test(
        "only repositories of the pattern are exported",
        arguments: [
            ("**", ["a", "a/b", "ab/c/d"]), ("*", ["a"]), ("a*", ["a"]), ("a/**", ["a/b"]), ("*/*", ["a/b"]),
            ("a**", ["a", "a/b", "ab/c/d"]),
            ("ab/*/d", ["ab/c/d"]), ("", []), ("b", []),
        ])
    func pattern(pattern: String, expected: [String]) {
        #expect(["a", "a/b", "ab/c/d"].filter { NamePattern(pattern).matches($0) } == expected)
    }

    @Test("what registry:2 does not serve as Cove does is counted")
    func warnings() async throws {
        let fixture = try await RegistryFixture()
        let image = try await fixture.image("1", in: app)
        let subject = try await fixture.pushManifest(image, as: "t", to: app).digest
        try await fixture.push("long", to: app, algorithm: .sha512)
        let referrer = try await fixture.image(
            "2", in: app,
            more: #","subject":"# + RegistryFixture.descriptor(subject, size: image.utf8.count, mediaType: MediaType.imageManifest))
        try await fixture.pushManifest(referrer, as: "\(Digest.of(referrer.utf8))", to: app)
        let report = try await export(fixture)
        #expect((report.sha512, report.referrers, report.artifacts) == (1, 1, 0))
    }
}
