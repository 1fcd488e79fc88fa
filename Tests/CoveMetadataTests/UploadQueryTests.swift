import CoveOCI
import Testing

@testable import CoveMetadata

@Suite("Queries: uploads")
struct UploadQueryTests {
    private static func record(_ id: String, received: Int64 = 0, algorithm: Digest.Algorithm = .sha256) -> UploadRecord {
        UploadRecord(id: id, repository: "r", algorithm: algorithm, received: received)
    }

    @Test("an upload is what was recorded and last received", arguments: Digest.Algorithm.allCases)
    func record(algorithm: Digest.Algorithm) async throws {
        let store = try await StoreFixture.memory()
        try await store.write { try $0.insertUpload(Self.record("a", algorithm: algorithm)) }
        #expect(try await store.read { try $0.upload("a") } == Self.record("a", algorithm: algorithm))
        #expect(try await store.write { try $0.setReceived(7_000_000_000, ofUpload: "a") })
        #expect(try await !store.write { try $0.setReceived(1, ofUpload: "b") })
        #expect(try await store.read { try $0.upload("a") } == Self.record("a", received: 7_000_000_000, algorithm: algorithm))
        #expect(try await store.read { try $0.upload("b") } == nil)
    }

    @Test("of many that end one upload, exactly one is told that it did")
    func deleteOnce() async throws {
        let store = try await StoreFixture.memory()
        try await store.write { try $0.insertUpload(Self.record("a")) }
        let ended = try await withThrowingTaskGroup(of: Bool.self) { group in
            for _ in 0..<20 { group.addTask { try await store.write { try $0.deleteUpload("a") } } }
            return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(ended == 1)
        #expect(try await store.read { try $0.upload("a") } == nil)
    }

    @Test("idle uploads are those untouched since the cutoff, the longest idle first")
    func idle() async throws {
        let store = try await StoreFixture.memory()
        try await store.write { store in
            for (id, at) in [("b", 200), ("a", 300), ("c", 100), ("fresh", 900)] {
                try store.insertUpload(Self.record(id))
                try store.connection.run("UPDATE upload SET updated_at = $1 WHERE id = $2", [.integer(Int64(at)), .text(id)])
            }
            #expect(try store.uploads(idleSince: 900, limit: 10).map(\.id) == ["c", "b", "a"])
            #expect(try store.uploads(idleSince: 901, limit: 2).map(\.id) == ["c", "b"])
            #expect(try store.uploads(idleSince: 100, limit: 10).isEmpty)
            // What is received renews an upload.
            #expect(try store.setReceived(1, ofUpload: "c"))
            #expect(try store.uploads(idleSince: 900, limit: 10).map(\.id) == ["b", "a"])
            // Whoever ends one finds out that it was used since it was listed.
            #expect(try !store.deleteUpload("c", idleSince: 900))
            #expect(try store.deleteUpload("b", idleSince: 201))
            #expect(try !store.deleteUpload("b", idleSince: 201))
            #expect(try store.upload("c") != nil)
        }
    }
}
