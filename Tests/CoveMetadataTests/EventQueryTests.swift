import CoveOCI
import Testing

@testable import CoveMetadata

@Suite("Queries: events and pull counts")
struct EventQueryTests {
    private static let origin = Event.Origin(
        actor: "ann", requestID: "id-1", method: "POST", host: "h:5000", address: "10.0.0.1", userAgent: "docker/1")

    @Test("an event's row says what happened to what, who asked and how")
    func append() async throws {
        let store = try await StoreFixture.make()
        let digest = StoreFixture.digest("m")
        let event = try Event(
            .mount, repository: RepositoryName(parsing: "to"), digest: digest, mediaType: "t/x", size: 9, tag: Tag(parsing: "v1"),
            fromRepository: RepositoryName(parsing: "from"), origin: Self.origin)
        let at = try await store.write { store in
            try store.append(event, count: 3)
            return store.now
        }
        let rows = try await store.rows(
            """
            SELECT at, action, repository, digest, media_type, size, tag, from_repository, actor, request_id, method, host, address,
                user_agent, count FROM event
            """)
        #expect(
            rows == [
                [
                    .integer(at), .text("mount"), .text("to"), .bytes(digest.storageKey), .text("t/x"), .integer(9), .text("v1"),
                    .text("from"), .text("ann"), .text("id-1"), .text("POST"), .text("h:5000"), .text("10.0.0.1"), .text("docker/1"),
                    .integer(3),
                ]
            ])
    }

    @Test("pulls are counted for the manifest and for the tag they came by")
    func pulls() async throws {
        let store = try await StoreFixture.make()
        let name = try RepositoryName(parsing: "r")
        let (v1, v2) = try (Tag(parsing: "v1"), Tag(parsing: "v2"))
        let at = try await store.write { store in
            let repository = try store.ensureRepository(name)
            let manifest = try store.manifest("m", in: repository)
            for tag in [v1, v2] { try store.setTag(tag, to: manifest.id, digest: manifest.digest, in: repository, actor: nil) }
            let absent = try RepositoryName(parsing: "absent")
            try store.count([
                PullCount(repository: name, digest: manifest.digest, tag: v1, count: 3),
                PullCount(repository: name, digest: StoreFixture.digest("absent"), tag: nil, count: 5),
                PullCount(repository: absent, digest: manifest.digest, tag: v1, count: 6),
            ])
            try store.count([
                PullCount(repository: name, digest: manifest.digest, tag: nil, count: 1),
                PullCount(repository: name, digest: manifest.digest, tag: nil, count: 3),
            ])
            return store.now
        }
        #expect(try await store.rows("SELECT count, last_at FROM manifest_pull") == [[.integer(7), .integer(at)]])
        #expect(
            try await store.rows("SELECT name, count, last_at FROM tag_pull ORDER BY name") == [
                [.text("v1"), .integer(3), .integer(at)]
            ])
        // What is counted goes with what it was counted for.
        try await store.write { store in
            let repository = try store.ensureRepository(name)
            #expect(try store.deleteTag(v1, in: repository, actor: nil) != nil)
            #expect(try store.deleteManifest(StoreFixture.digest("m"), in: repository, actor: nil) != nil)
        }
        #expect(try await store.rows("SELECT 1 FROM tag_pull") == [])
        #expect(try await store.rows("SELECT 1 FROM manifest_pull") == [])
    }

    @Test("events older than the cutoff are pruned, so many at a time and the oldest first")
    func prune() async throws {
        let store = try await StoreFixture.make()
        try await store.write { store in
            for at in [50, 10, 40, 20, 30] {
                try store.append(Event(.push, repository: RepositoryName(parsing: "r"), origin: .init()))
                try store.connection.perform("UPDATE event SET at = $1 WHERE at > 1000", [.integer(Int64(at))])
            }
            #expect(try store.pruneEvents(before: 40, limit: 2) == 2)
            #expect(try store.connection.rows("SELECT at FROM event ORDER BY at", []).map { try $0.integer(0) } == [30, 40, 50])
            #expect(try store.pruneEvents(before: 40, limit: 2) == 1)
            #expect(try store.pruneEvents(before: 40, limit: 2) == 0)
        }
    }
}
