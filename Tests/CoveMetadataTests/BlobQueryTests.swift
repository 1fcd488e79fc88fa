import CoveOCI
import Testing

@testable import CoveMetadata

@Suite("Queries: blobs")
struct BlobQueryTests {
    private func unreferenced(_ store: MetadataStore) async throws -> [SQLValue] {
        try await store.rows("SELECT unreferenced_since FROM blob ORDER BY id").map { $0[0] }
    }

    @Test("a blob is in the repositories that hold it and in no other")
    func link() async throws {
        let store = try await StoreFixture.make()
        let (one, two) = try (RepositoryName(parsing: "one"), RepositoryName(parsing: "two"))
        let digest = StoreFixture.digest("b")
        try await store.write { store in
            let blob = try store.blob("b")
            let id = try store.ensureRepository(one)
            #expect(try store.link(blob.id, to: id))
            #expect(try !store.link(blob.id, to: id))
            _ = try store.ensureRepository(two)
        }
        try await store.read { store in
            let blob = try store.blob(digest, in: one)
            #expect(blob?.location == "at/b" && blob?.size == 1 && blob?.digest == digest)
            #expect(try store.blob(digest, in: two) == nil)
            #expect(try store.blob(digest, in: RepositoryName(parsing: "three")) == nil)
            let held = try store.sizesOfHeldBlobs([digest, StoreFixture.digest("other")], in: store.repositoryID(one) ?? 0)
            #expect(held == [digest: 1])
            #expect(try store.holder(of: digest) == one)
        }
    }

    @Test("content that is known keeps its first location")
    func insertTwice() async throws {
        let store = try await StoreFixture.make()
        let (first, second) = try await store.write { store in
            (try store.blob("b", location: "first"), try store.blob("b", location: "second"))
        }
        #expect(first == second)
        #expect(second.location == "first")
        #expect(try await store.read { try $0.unknownLocations(among: ["first", "second", "third"]) } == ["second", "third"])
    }

    @Test("equal hashes of two algorithms are two blobs")
    func algorithms() async throws {
        let store = try await StoreFixture.make()
        try await store.write { store in
            let short = try store.insertBlob(Digest.of("b".utf8), size: 1, location: "a")
            let long = try store.insertBlob(Digest.of("b".utf8, algorithm: .sha512), size: 1, location: "b")
            #expect(short.id != long.id)
            #expect(try store.lockedBlob(Digest.of("b".utf8, algorithm: .sha512)) == long)
        }
    }

    @Test("the holders of a blob are all repositories that it was linked to, and no others")
    func holders() async throws {
        let store = try await StoreFixture.make()
        let names = try await store.write { store in
            let (blob, other) = (try store.blob("b"), try store.blob("other"))
            #expect(try store.holders(of: blob).isEmpty)
            for name in ["one", "two"] { try store.link(blob.id, to: store.repository(name)) }
            try store.link(other.id, to: store.repository("three"))
            return try store.holders(of: blob).map(\.description).sorted()
        }
        #expect(names == ["one", "two"])
    }

    @Test("a blob becomes collectable when its last holder lets go, and not before")
    func unlink() async throws {
        let store = try await StoreFixture.make()
        let (blob, one, two) = try await store.write { store in
            let blob = try store.blob("b")
            let (one, two) = (try store.repository("one"), try store.repository("two"))
            try store.link(blob.id, to: one)
            try store.link(blob.id, to: two)
            return (blob, one, two)
        }
        try await store.write { try $0.unlink(blob, from: one) }
        #expect(try await unreferenced(store) == [.null])
        let at = try await store.write { store in
            try store.unlink(blob, from: two)
            return store.now
        }
        #expect(try await unreferenced(store) == [.integer(at)])
        #expect(try await store.read { try $0.holder(of: blob.digest) } == nil)
        #expect(try await store.read { try $0.lockedBlob(blob.digest) } == blob)
        try await store.write { _ = try $0.link(blob.id, to: two) }
        #expect(try await unreferenced(store) == [.null])
    }

    @Test("only blobs that nobody has held since before the cutoff are condemned, the oldest first")
    func condemn() async throws {
        let store = try await StoreFixture.make()
        try await store.write { store in
            let repository = try store.repository("r")
            for name in ["held", "old", "older", "young"] { try store.link(store.blob(name).id, to: repository) }
            for (name, at) in [("old", 200), ("older", 100), ("young", 900), ("held", 50)] {
                let blob = try store.blob(name)
                if name != "held" { try store.unlink(blob, from: repository) }
                try store.connection.perform(
                    "UPDATE blob SET unreferenced_since = $1 WHERE id = $2", [.integer(Int64(at)), .integer(blob.id)])
            }
        }
        let one = try await store.write { try $0.condemnBlobs(unreferencedBefore: 500, limit: 1) }
        #expect(one.map(\.location) == ["at/older"])
        // What an interrupted run condemned comes first again.
        let all = try await store.write { try $0.condemnBlobs(unreferencedBefore: 500, limit: 10) }
        #expect(all.map(\.location) == ["at/older", "at/old"])
    }

    @Test("a condemned blob is seen by nobody, and the same content gets a row of its own")
    func condemnedIsInvisible() async throws {
        let store = try await StoreFixture.make()
        let name = try RepositoryName(parsing: "r")
        let digest = StoreFixture.digest("b")
        try await store.write { store in
            let repository = try store.ensureRepository(name)
            let blob = try store.blob("b", location: "first")
            try store.link(blob.id, to: repository)
            try store.unlink(blob, from: repository)
            #expect(try store.condemnBlobs(unreferencedBefore: .max, limit: 10) == [blob])
            #expect(try store.lockedBlob(digest) == nil)
            #expect(try store.holder(of: digest) == nil)
            let second = try store.blob("b", location: "second")
            #expect(second.id != blob.id && second.location == "second")
            try store.link(second.id, to: repository)
            #expect(try store.blob(digest, in: name) == second)
            try store.forgetBlobs([blob.id])
            #expect(try store.blob(digest, in: name) == second)
            #expect(try store.unknownLocations(among: ["first", "second"]) == ["first"])
        }
    }

    @Test("only condemned blobs are forgotten")
    func forget() async throws {
        let store = try await StoreFixture.make()
        try await store.write { store in
            let repository = try store.repository("r")
            let (gone, live) = (try store.blob("gone"), try store.blob("live"))
            try store.link(gone.id, to: repository)
            try store.unlink(gone, from: repository)
            _ = try store.condemnBlobs(unreferencedBefore: .max, limit: 10)
            try store.forgetBlobs([gone.id, live.id])
        }
        #expect(try await store.rows("SELECT location FROM blob") == [[.text("at/live")]])
    }

    @Test("a condemned blob gets no other bytes, which nobody would ever delete")
    func moveOfCondemned() async throws {
        let store = try await StoreFixture.make()
        try await store.write { store in
            let blob = try store.blob("b", location: "first")
            let repository = try store.repository("r")
            try store.link(blob.id, to: repository)
            try store.unlink(blob, from: repository)
            #expect(try store.condemnBlobs(unreferencedBefore: .max, limit: 10).map(\.location) == ["first"])
            #expect(try !store.move(blob, to: "second"))
        }
        #expect(try await store.rows("SELECT location FROM blob") == [[.text("first")]])
    }

    @Test("a blob's bytes move only from where they are known to be")
    func move() async throws {
        let store = try await StoreFixture.make()
        try await store.write { store in
            let blob = try store.blob("b", location: "first")
            #expect(try store.move(blob, to: "second"))
            #expect(try store.lockedBlob(blob.digest)?.location == "second")
            #expect(try !store.move(blob, to: "third"))
            #expect(try store.lockedBlob(blob.digest)?.location == "second")
        }
    }
}
