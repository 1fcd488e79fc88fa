import CoveOCI
import Testing

@testable import CoveMetadata

@Suite("Queries: how much there is")
struct InventoryQueryTests {
    @Test("an empty store holds nothing")
    func empty() async throws {
        let store = try await StoreFixture.make()
        let inventory = try await store.read { try $0.inventory() }
        #expect(inventory == Inventory(repositories: 0, manifests: 0, tags: 0, uploads: 0, events: 0, blobs: 0, bytes: 0))
    }

    @Test("everything is counted once, but no blob whose bytes are being deleted")
    func counts() async throws {
        let store = try await StoreFixture.make()
        try await store.write { store in
            let (one, two) = (try store.repository("one"), try store.repository("two"))
            let blob = try store.blob("12345")
            for repository in [one, two] { try store.link(blob.id, to: repository) }
            let other = try store.blob("123")
            try store.link(other.id, to: one)
            try store.unlink(other, from: one)
            let manifest = try store.manifest("{}", in: one)
            for tag in ["a", "b"] {
                try store.setTag(Tag(parsing: tag), to: manifest.id, digest: manifest.digest, in: one, actor: nil)
            }
            try store.insertUpload(UploadRecord(id: "u", repository: "one", algorithm: .sha256))
            try store.append(Event(.pull, repository: RepositoryName(parsing: "one"), origin: .init()))
        }
        #expect(
            try await store.read { try $0.inventory() }
                == Inventory(repositories: 2, manifests: 1, tags: 2, uploads: 1, events: 1, blobs: 2, bytes: 8))
        _ = try await store.write { try $0.condemnBlobs(unreferencedBefore: .max, limit: 10) }
        let left = try await store.read { try $0.inventory() }
        #expect(left.blobs == 1 && left.bytes == 5)
    }
}
