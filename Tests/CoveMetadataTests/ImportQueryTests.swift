import CoveOCI
import Foundation
import TestSupport
import Testing

@testable import CoveMetadata

@Suite("Queries: import and collection")
struct ImportQueryTests {
    private func found(_ text: String, at time: Int64 = 5) -> FoundBlob {
        let digest = StoreFixture.digest(text)
        return FoundBlob(digest: digest, size: Int64(text.utf8.count), location: "old/\(text)", createdAt: time)
    }

    private func held(_ store: MetadataStore) async throws -> [[SQLValue]] {
        try await store.rows(
            "SELECT b.location, rb.created_at FROM repository_blob rb JOIN blob b ON b.id = rb.blob_id ORDER BY b.location")
    }

    @Test("imported blobs are held from the time of their files, and known content stays where it is")
    func blobs() async throws {
        let store = try await StoreFixture.make()
        try await store.write { store in
            let repository = try store.repository("r")
            _ = try store.blob("known", location: "own/known")
            try store.importBlobs((0..<150).map { found("\($0)") } + [found("known")], into: repository)
            try store.importBlobs([found("3", at: 9)], into: repository)
        }
        #expect(try await store.rows("SELECT COUNT(*) FROM blob") == [[.integer(151)]])
        let held = try await held(store)
        #expect(held.count == 151 && held.first == [.text("old/0"), .integer(5)])
        #expect(held.last?.first == .text("own/known"))
    }

    @Test("a blob that is being deleted where it lies is not imported into its own end")
    func condemned() async throws {
        let store = try await StoreFixture.make()
        try await store.write { store in
            let repository = try store.repository("r")
            try store.importBlobs([found("x")], into: repository)
            try store.unlink(#require(try store.lockedBlob(StoreFixture.digest("x"))), from: repository)
            #expect(try store.condemnBlobs(unreferencedBefore: store.now + 1, limit: 10).count == 1)
            #expect(try store.importBlobs([found("x"), found("y")]).keys.map { $0 } == [StoreFixture.digest("y")])
        }
    }

    @Test("an ownerless blob is the collector's only once it has been released, and not when it is held by then")
    func ownerless() async throws {
        let store = try await StoreFixture.make()
        try await store.write { store in
            try store.importBlobs([found("x"), found("y")])
            #expect(try store.condemnBlobs(unreferencedBefore: .max, limit: 10).isEmpty)
            let blobs = try store.ownerlessBlobs(after: 0, limit: 10)
            #expect(blobs.map(\.location).sorted() == ["old/x", "old/y"])
            #expect(try store.ownerlessBlobs(after: blobs[0].id, limit: 10).map(\.id) == [blobs[1].id])
            try store.link(blobs[0].id, to: store.repository("r"))
            try store.releaseOwnerless(blobs.map(\.id))
            #expect(try store.condemnBlobs(unreferencedBefore: .max, limit: 10).map(\.id) == [blobs[1].id])
        }
    }

    @Test("blobs of a deleted manifest are released, and a push holds them anew")
    func release() async throws {
        let store = try await StoreFixture.make()
        try await store.write { store in
            let repository = try store.repository("r")
            let (needed, other) = (try store.blob("needed"), try store.blob("other"))
            for blob in [needed, other] { try store.link(blob.id, to: repository) }
            let reference = ManifestReference(
                role: .layer, descriptor: Descriptor(mediaType: "a/b", digest: needed.digest, size: needed.size))
            let manifest = try store.manifest("m", in: repository, references: [reference])
            #expect(try store.unusedBlobs(in: repository, ignoring: [], after: 0, limit: 10).unused.map(\.blob.id) == [other.id])
            let dry = try store.unusedBlobs(in: repository, ignoring: [manifest.id], after: 0, limit: 10).unused
            #expect(dry.map(\.heldSince) == [0, store.now])
            _ = try store.deleteManifest(manifest.digest, in: repository, actor: nil)
            #expect(try store.unusedBlobs(in: repository, ignoring: [], after: 0, limit: 10).unused.map(\.heldSince) == [0, store.now])
            #expect(try !store.link(needed.id, to: repository))
            #expect(try store.unusedBlobs(in: repository, ignoring: [], after: 0, limit: 1).unused.map(\.heldSince) == [store.now])
            #expect(try store.unusedBlobs(in: repository, ignoring: [], after: 0, limit: 1).next == needed.id)
        }
    }

    @Test("tags are made once, keep where they point, and tell which have no manifest")
    func tags() async throws {
        let store = try await StoreFixture.make()
        try await store.write { store in
            let repository = try store.repository("r")
            let (one, two) = (try store.manifest("1", in: repository), try store.manifest("2", in: repository))
            let v1 = FoundTag(
                tag: try Tag(parsing: "v1"), current: .init(digest: two.digest, at: 7), earlier: [.init(digest: one.digest, at: 6)])
            let lost = FoundTag(tag: try Tag(parsing: "lost"), current: .init(digest: StoreFixture.digest("no"), at: 7), earlier: [])
            let first = try store.importTags([v1, lost], in: repository)
            #expect(first.made == 1 && first.dangling == [lost])
            let moved = FoundTag(tag: v1.tag, current: .init(digest: one.digest, at: 9), earlier: [])
            #expect(try store.importTags([moved], in: repository).made == 0)
            #expect(try store.history(of: v1.tag, in: repository).map(\.at) == [6, 7])
            #expect(try store.knownTags([v1.tag, lost.tag], in: repository) == [v1.tag: two.digest])
            _ = try store.deleteTag(v1.tag, in: repository, actor: nil)
            #expect(try store.knownTags([v1.tag], in: repository) == [v1.tag: nil])
            #expect(try store.tags(in: repository, after: "", limit: 10).isEmpty)
        }
    }
}
