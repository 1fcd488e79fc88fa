import CoveMetadata
import CoveOCI
import Testing

@testable import CoveRegistry

@Suite("Registry: events and pulls")
struct EventTests {
    private let app: RepositoryName
    private let web: RepositoryName

    init() throws {
        app = try RepositoryName(parsing: "app")
        web = try RepositoryName(parsing: "web")
    }

    @Test("each change writes its event in the same transaction")
    func changes() async throws {
        let fixture = try await RegistryFixture()
        let blob = try await fixture.push("{}", to: app)
        _ = try await fixture.registry.mountBlob(blob, from: app, to: web, origin: fixture.origin)
        let image = try await fixture.image("i", in: app)
        try await fixture.pushManifest(image, as: Digest.of(image.utf8).description, tags: ["a", "b"], to: app)
        try await fixture.registry.deleteManifest(Reference(parsing: "a"), in: app, origin: fixture.origin)
        try await fixture.registry.deleteManifest(.digest(Digest.of(image.utf8)), in: app, origin: fixture.origin)
        try await fixture.registry.deleteBlob(blob, in: web, origin: fixture.origin)
        // Refused: no event.
        _ = await refusal { try await fixture.registry.deleteBlob(blob, in: web, origin: fixture.origin) }
        let events = try await fixture.events()
        #expect(
            events == [
                "push app blob", "mount web blob", "push app blob", "push app image a", "push app image b", "delete app image a",
                "delete app image", "delete app image b", "delete web blob",
            ])
    }

    @Test("equal pulls become one event with a count, and looking is no pull")
    func pulls() async throws {
        let fixture = try await RegistryFixture()
        try await fixture.pushManifest(fixture.image("i", in: app), as: "v1", to: app)
        let digest = try await fixture.registry.manifest(Reference(parsing: "v1"), in: app, origin: nil).digest
        await fixture.registry.pulls.flush()
        let before = try await fixture.events().count
        for number in 0..<5 {
            // Another request of the same client each.
            _ = try await fixture.registry.manifest(
                Reference(parsing: "v1"), in: app, origin: Event.Origin(actor: "bob", requestID: "\(number)"))
        }
        _ = try await fixture.registry.manifest(.digest(digest), in: app, origin: Event.Origin(actor: "bob"))
        #expect(try await fixture.events().count == before)
        await fixture.registry.pulls.flush()
        await fixture.registry.pulls.flush()
        #expect(try await Set(fixture.events().dropFirst(before)) == ["pull app image v1 x5", "pull app image"])
        #expect(try await fixture.rows("SELECT count FROM manifest_pull") == [["6"]])
        #expect(try await fixture.rows("SELECT count FROM tag_pull") == [["5"]])
    }

    @Test("where somebody is told of each, pulls and looks are events of their own, before the changes after them")
    func told() async throws {
        var options = Registry.Options()
        options.tellsPulls = true
        let fixture = try await RegistryFixture(.memory, options)
        let image = try await fixture.image("i", in: app)
        try await fixture.pushManifest(image, as: "v1", to: app)
        let before = try await fixture.events().count
        for (id, method) in [("1", "HEAD"), ("2", "GET"), ("3", "GET")] {
            let origin = Event.Origin(actor: "bob", requestID: id, method: method, address: "10.0.0.1", port: 99)
            _ = try await fixture.registry.manifest(Reference(parsing: "v1"), in: app, origin: origin)
        }
        _ = try await fixture.registry.blobSize(Digest.of("{}".utf8), in: app, origin: Event.Origin(method: "HEAD"))
        try await fixture.registry.deleteManifest(Reference(parsing: "v1"), in: app, origin: fixture.origin)
        #expect(
            try await Array(fixture.events().dropFirst(before)) == [
                "pull app image v1", "pull app image v1", "pull app image v1", "pull app blob", "delete app image v1",
            ])
        let rows = try await fixture.rows("SELECT request_id, method, address FROM event WHERE actor = 'bob' ORDER BY id")
        #expect(rows == [["1", "HEAD", "10.0.0.1:99"], ["2", "GET", "10.0.0.1:99"], ["3", "GET", "10.0.0.1:99"]])
        #expect(try await fixture.rows("SELECT count FROM manifest_pull") == [["2"]])
    }

    @Test("a look is no event where nobody is told of it")
    func looks() async throws {
        let fixture = try await RegistryFixture()
        let blob = try await fixture.push("x", to: app)
        _ = try await fixture.registry.blobSize(blob, in: app, origin: Event.Origin(method: "HEAD"))
        await fixture.registry.pulls.flush()
        #expect(try await fixture.events() == ["push app blob"])
    }

    @Test("a pull is written at the latest when the upkeep ends")
    func flushedAtTheEnd() async throws {
        let fixture = try await RegistryFixture()
        let blob = try await fixture.push("x", to: app)
        _ = try await fixture.pull(blob, from: app)
        let upkeep = Task { try await Upkeep(registry: fixture.registry, options: .init()).run() }
        upkeep.cancel()
        try await upkeep.value
        #expect(try await fixture.events() == ["push app blob", "pull app blob"])
    }
}

extension RegistryFixture {
    /// The outbox in order, each event in a few words.
    fileprivate func events() async throws -> [String] {
        try await rows("SELECT action, repository, media_type, tag, count FROM event ORDER BY id").map { row in
            let kind = row[2].contains("manifest") ? "image" : row[2].contains("octet") ? "blob" : "-"
            return ([row[0], row[1], kind] + (row[3] == "null" ? [] : [row[3]]) + (row[4] == "1" ? [] : ["x\(row[4])"]))
                .joined(separator: " ")
        }
    }
}
