import CoveBlobs
import CoveMetadata
import CoveOCI
import NIOCore
import TestSupport
import Testing

@testable import CoveRegistry

@Suite("Upkeep")
struct UpkeepTests {
    private let app: RepositoryName
    private let web: RepositoryName

    init() throws {
        app = try RepositoryName(parsing: "app")
        web = try RepositoryName(parsing: "web")
    }

    /// Takes everything that is not in use for overdue.
    private static func upkeep(_ fixture: RegistryFixture, _ change: (inout Upkeep.Options) -> Void = { _ in }) -> Upkeep {
        var options = Upkeep.Options()
        options.blobGrace = .seconds(-60)
        options.uploadAge = .seconds(-60)
        change(&options)
        return Upkeep(registry: fixture.registry, options: options)
    }

    @Test("a blob that nobody holds goes after its grace, bytes and all; a held one stays", arguments: RegistryFixture.Kind.allCases)
    func collect(kind: RegistryFixture.Kind) async throws {
        let fixture = try await RegistryFixture(kind)
        let kept = try await fixture.push("kept", to: app)
        let gone = try await fixture.push("gone", to: app)
        let location = try await fixture.location(gone)
        try await fixture.registry.deleteBlob(gone, in: app, origin: fixture.origin)
        try await Self.upkeep(fixture) { $0.blobGrace = .seconds(3600) }.collectBlobs()
        #expect(try await fixture.location(gone) == location)
        try await Self.upkeep(fixture).collectBlobs()
        #expect(try await fixture.location(gone) == nil)
        await #expect(throws: BlobStorageError.self) { _ = try await fixture.storage.openBlob(#require(location)) }
        #expect(try await fixture.pull(kept, from: app) == "kept")
        #expect(try await fixture.rows("SELECT COUNT(*) FROM blob") == [["1"]])
    }

    @Test("a blob that is pushed again within its grace is kept", arguments: RegistryFixture.Kind.allCases)
    func pushedAgain(kind: RegistryFixture.Kind) async throws {
        let fixture = try await RegistryFixture(kind)
        let digest = try await fixture.push("x", to: app)
        let location = try await fixture.location(digest)
        try await fixture.registry.deleteBlob(digest, in: app, origin: fixture.origin)
        try await fixture.push("x", to: web)
        try await Self.upkeep(fixture).collectBlobs()
        #expect(try await fixture.pull(digest, from: web) == "x")
        #expect(try await fixture.location(digest) == location)
    }

    @Test("an object is lost when it is neither a blob's nor of an upload that goes on")
    func lost() async throws {
        let fixture = try await RegistryFixture()
        let location = try #require(try await fixture.location(try await fixture.push("x", to: app)))
        let upload = try await fixture.registry.beginUpload(in: app, algorithm: .sha256)
        let objects = [
            StoredObject(location: location, upload: UploadID()), StoredObject(location: "rest", upload: upload),
            StoredObject(location: "nobody's", upload: UploadID()),
        ]
        #expect(try await Self.upkeep(fixture).lost(among: objects) == [objects[2]])
    }

    @Test("a blob that is pushed again after it was condemned gets bytes of its own", arguments: RegistryFixture.Kind.allCases)
    func pushedAfterCondemned(kind: RegistryFixture.Kind) async throws {
        let fixture = try await RegistryFixture(kind)
        let digest = try await fixture.push("x", to: app)
        let old = try #require(try await fixture.location(digest))
        try await fixture.registry.deleteBlob(digest, in: app, origin: fixture.origin)
        // The collector marks it, and a push comes before it deletes the bytes.
        let condemned = try await fixture.metadata.write { try $0.condemnBlobs(unreferencedBefore: .max, limit: 10) }
        #expect(condemned.map(\.location) == [old])
        #expect(try await !fixture.registry.mountBlob(digest, from: nil, to: web, origin: fixture.origin))
        try await fixture.push("x", to: app)
        let new = try #require(try await fixture.location(digest))
        #expect(new != old)
        try await Self.upkeep(fixture).collectBlobs()
        await #expect(throws: BlobStorageError.self) { _ = try await fixture.storage.openBlob(old) }
        #expect(try await fixture.pull(digest, from: app) == "x")
        #expect(try await fixture.location(digest) == new)
    }

    @Test("more blobs than one batch are collected in one run")
    func manyBatches() async throws {
        let fixture = try await RegistryFixture(.filesystem)
        for number in 0..<230 {
            let digest = try await fixture.push("\(number)", to: app)
            try await fixture.registry.deleteBlob(digest, in: app, origin: fixture.origin)
        }
        try await Self.upkeep(fixture).collectBlobs()
        #expect(try await fixture.rows("SELECT COUNT(*) FROM blob") == [["0"]])
        #expect(fixture.files.isEmpty)
    }

    @Test("beside pushes, mounts and deletions, the collector never takes what is held", arguments: RegistryFixture.Kind.allCases, 0..<3)
    func concurrently(kind: RegistryFixture.Kind, seed: UInt64) async throws {
        let fixture = try await RegistryFixture(kind)
        let names = try (0..<3).map { try RepositoryName(parsing: "r\($0)") }
        let texts = ["a", "b", "c"]
        try await withThrowingTaskGroup(of: Void.self) { group in
            for worker in 0..<4 {
                group.addTask {
                    var random = SeededGenerator(seed: seed * 10 + UInt64(worker))
                    for _ in 0..<40 {
                        let text = texts[Int.random(in: 0..<3, using: &random)]
                        let name = names[Int.random(in: 0..<3, using: &random)]
                        let digest = Digest.of(text.utf8)
                        switch Int.random(in: 0..<4, using: &random) {
                        case 0: try await fixture.push(text, to: name)
                        case 1: _ = try await fixture.registry.mountBlob(digest, from: nil, to: name, origin: fixture.origin)
                        case 2: _ = await refusal { try await fixture.registry.deleteBlob(digest, in: name, origin: fixture.origin) }
                        default: _ = await refusal { _ = try await fixture.pull(digest, from: name) }
                        }
                    }
                }
            }
            for _ in 0..<2 {
                group.addTask { for _ in 0..<20 { try await Self.upkeep(fixture).collectBlobs() } }
            }
            try await group.waitForAll()
        }
        for name in names {
            for text in texts {
                let isHeld = try await fixture.metadata.read { try $0.blob(Digest.of(text.utf8), in: name) } != nil
                let pulled = await refusal {
                    let bytes = try await fixture.pull(Digest.of(text.utf8), from: name)
                    #expect(bytes == text)
                }
                #expect(pulled == (isHeld ? nil : "blobUnknown"))
            }
        }
        try await Self.upkeep(fixture).collectBlobs()
        let held = Set(try await fixture.rows("SELECT location FROM blob").map { $0[0] })
        if kind == .filesystem { #expect(Set(fixture.files.map { "blobs/\($0)" }) == held) }
    }

    @Test("idle uploads are ended with their bytes, others are not", arguments: RegistryFixture.Kind.allCases)
    func purge(kind: RegistryFixture.Kind) async throws {
        let fixture = try await RegistryFixture(kind)
        let id = try await fixture.registry.beginUpload(in: app, algorithm: .sha256)
        _ = try await fixture.registry.appendChunk(RegistryFixture.body("x"), claim: .init(), to: id, in: app)
        try await Self.upkeep(fixture) { $0.uploadAge = .seconds(3600) }.purgeUploads()
        try await Self.upkeep(fixture) { $0.dryRun = true }.purgeUploads()
        #expect(try await fixture.registry.uploadStatus(id, in: app) == 1)
        try await Self.upkeep(fixture).purgeUploads()
        #expect(await refusal { _ = try await fixture.registry.uploadStatus(id, in: app) } == "uploadUnknown")
        #expect(fixture.files.isEmpty)
    }

    @Test("what a crash left behind is reclaimed at the next start, and nothing else")
    func reclaim() async throws {
        let directory = try TemporaryDirectory()
        let (digest, id) = try await {
            let fixture = try await RegistryFixture(directory: directory)
            let digest = try await fixture.push("acknowledged", to: app)
            let id = try await fixture.registry.beginUpload(in: app, algorithm: .sha256)
            _ = try await fixture.registry.appendChunk(RegistryFixture.body("part"), claim: .init(), to: id, in: app)
            // Stored, but the process ends before anything is recorded.
            for number in 0..<3 {
                let lost = UploadID()
                let writer = try await fixture.storage.openUpload(lost, at: .start)
                try await writer.append([ByteBuffer(string: "lost")])
                await writer.close()
                if number > 0 { try await fixture.storage.commit(lost, at: .init(offset: 4), as: Digest.of("lost".utf8)) { _ in .unknown } }
            }
            try await fixture.metadata.close()
            return (digest, id)
        }()
        let fixture = try await RegistryFixture(directory: directory)
        #expect(fixture.files.count == 5)
        try await Self.upkeep(fixture).reclaimLeftovers()
        #expect(fixture.files.count == 2)
        #expect(try await fixture.pull(digest, from: app) == "acknowledged")
        try await fixture.registry.finishUpload(
            id, expecting: Digest.of("parted".utf8), body: RegistryFixture.body("ed"), claim: .init(start: 4), in: app,
            origin: fixture.origin)
        #expect(try await fixture.pull(Digest.of("parted".utf8), from: app) == "parted")
    }

    @Test(
        "durations are counted in microseconds",
        arguments: [(Duration.seconds(-2), Int64(-2_000_000)), (.milliseconds(1500), 1_500_000), (.nanoseconds(999), 0)])
    func microseconds(duration: Duration, expected: Int64) {
        #expect(duration.microseconds == expected)
    }
}

extension RegistryFixture {
    /// Where the live blob of this digest lies.
    fileprivate func location(_ digest: Digest) async throws -> String? {
        try await metadata.read { try $0.lockedBlob(digest)?.location }
    }
}
