import CoveOCI
import Testing

@testable import CoveMetadata

@Suite("Queries: uploads")
struct UploadQueryTests {
    private static func record(_ id: String, received: Int64 = 0, algorithm: Digest.Algorithm = .sha256) -> UploadRecord {
        UploadRecord(id: id, repository: "r", algorithm: algorithm, progress: .init(received: received))
    }

    @Test("an upload is what was recorded and last received", arguments: Digest.Algorithm.allCases)
    func record(algorithm: Digest.Algorithm) async throws {
        let store = try await StoreFixture.make()
        try await store.write { try $0.insertUpload(Self.record("a", algorithm: algorithm)) }
        #expect(try await store.read { try $0.upload("a") } == Self.record("a", algorithm: algorithm))
        let progress = UploadRecord.Progress(received: 7_000_000_000, mark: "m", hashState: [1, 0, 255])
        #expect(try await store.write { try $0.advance(Self.record("a"), to: progress) })
        #expect(try await !store.write { try $0.advance(Self.record("b"), to: progress) })
        #expect(
            try await store.read { try $0.upload("a") }
                == UploadRecord(id: "a", repository: "r", algorithm: algorithm, progress: progress))
        #expect(try await store.read { try $0.upload("b") } == nil)
    }

    @Test("of two that go on from one point, only the first is recorded")
    func advanceOnce() async throws {
        let store = try await StoreFixture.make()
        try await store.write { store in
            try store.insertUpload(Self.record("a"))
            #expect(try store.advance(Self.record("a"), to: .init(received: 5, mark: "one")))
            #expect(try !store.advance(Self.record("a"), to: .init(received: 7, mark: "two")))
            // The same length, but not the same bytes.
            var other = Self.record("a", received: 5)
            other.progress.mark = "two"
            #expect(try !store.advance(other, to: .init(received: 9)))
            #expect(try store.upload("a")?.progress == .init(received: 5, mark: "one"))
        }
    }

    @Test("of many that end one upload, exactly one is told that it did")
    func deleteOnce() async throws {
        let store = try await StoreFixture.make()
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
        let store = try await StoreFixture.make()
        try await store.write { store in
            for (id, at) in [("b", 200), ("a", 300), ("c", 100), ("fresh", 900)] {
                try store.insertUpload(Self.record(id))
                try store.connection.perform("UPDATE upload SET updated_at = $1 WHERE id = $2", [.integer(Int64(at)), .text(id)])
            }
            #expect(try store.uploads(idleSince: 900, limit: 10).map(\.id) == ["c", "b", "a"])
            #expect(try store.uploads(idleSince: 901, limit: 2).map(\.id) == ["c", "b"])
            #expect(try store.uploads(idleSince: 100, limit: 10).isEmpty)
            // What is received renews an upload.
            #expect(try store.advance(Self.record("c"), to: .init(received: 1)))
            #expect(try store.uploads(idleSince: 900, limit: 10).map(\.id) == ["b", "a"])
            // Whoever ends one finds out that it was used since it was listed.
            #expect(try !store.deleteUpload("c", idleSince: 900))
            #expect(try store.deleteUpload("b", idleSince: 201))
            #expect(try !store.deleteUpload("b", idleSince: 201))
            #expect(try store.upload("c") != nil)
        }
    }
}
