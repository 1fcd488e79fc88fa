import CoveMetadata
import CoveOCI
import Foundation
import Testing

@testable import CoveRegistry

@Suite("Notifications: the envelope")
struct EventEnvelopeTests {
    private static let digest = Digest.of("m".utf8)
    private static let source = EventSource(address: "node-1:5000", instance: "0d8b8ca4-6a2c-4b60-a9a9-8b5f6b2f0f10")
    private static let origin = Event.Origin(
        actor: "ann", requestID: "6df24a34", method: "PUT", host: "registry.example.org", address: "10.0.0.9:41522",
        userAgent: "docker/24.0", baseURL: "https://registry.example.org")

    private static func json(_ envelope: EventEnvelope) throws -> NSDictionary {
        try #require(try JSONSerialization.jsonObject(with: envelope.encoded()) as? NSDictionary)
    }

    private static func expected(_ text: String, id: String) throws -> NSDictionary {
        let text = text.replacing("THE-ID", with: id).replacing("DIGEST", with: digest.description)
        return try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? NSDictionary)
    }

    @Test("a pushed manifest, field by field, with what it refers to")
    func push() throws {
        let event = try Event(
            .push, repository: RepositoryName(parsing: "team/app"), digest: Self.digest, mediaType: MediaType.dockerManifest, size: 528,
            tag: Tag(parsing: "v1"), origin: Self.origin)
        let payload = """
            {"schemaVersion":2,"config":{"mediaType":"c/t","size":7,"digest":"sha256:aa"},
             "layers":[{"mediaType":"l/t","size":9,"digest":"sha256:bb","urls":["https://x"],"annotations":{"a":"b"},"unknown":1}]}
            """
        let envelope = EventEnvelope(
            RecordedEvent(id: 7, at: 1_700_000_000_120_400, event: event, source: Self.source), copy: 0, of: "store",
            references: EventReference.all(in: Data(payload.utf8)))
        let sample = """
            {"events":[{
              "id": "THE-ID", "timestamp": "2023-11-14T22:13:20.1204Z", "action": "push",
              "target": {
                "mediaType": "application/vnd.docker.distribution.manifest.v2+json", "size": 528, "digest": "DIGEST", "length": 528,
                "repository": "team/app", "url": "https://registry.example.org/v2/team/app/manifests/DIGEST", "tag": "v1",
                "references": [
                  {"mediaType": "c/t", "size": 7, "digest": "sha256:aa"},
                  {"mediaType": "l/t", "size": 9, "digest": "sha256:bb", "urls": ["https://x"], "annotations": {"a": "b"}}
                ]
              },
              "request": {
                "id": "6df24a34", "addr": "10.0.0.9:41522", "host": "registry.example.org", "method": "PUT", "useragent": "docker/24.0"
              },
              "actor": {"name": "ann"},
              "source": {"addr": "node-1:5000", "instanceID": "0d8b8ca4-6a2c-4b60-a9a9-8b5f6b2f0f10"}
            }]}
            """
        #expect(try Self.json(envelope) == Self.expected(sample, id: envelope.events[0].id))
    }

    @Test("a mounted blob says where it came from, and what is not known is left out")
    func mount() throws {
        let event = try Event(
            .mount, repository: RepositoryName(parsing: "to"), digest: Self.digest, mediaType: "application/octet-stream", size: 9,
            fromRepository: RepositoryName(parsing: "from"), origin: .init(method: "POST", baseURL: ""))
        let envelope = EventEnvelope(RecordedEvent(id: 1, at: 1_000_000, event: event), copy: 0, of: "store")
        let sample = """
            {"events":[{
              "id": "THE-ID", "timestamp": "1970-01-01T00:00:01Z", "action": "mount",
              "target": {
                "mediaType": "application/octet-stream", "size": 9, "digest": "DIGEST", "length": 9, "repository": "to",
                "fromRepository": "from", "url": "/v2/to/blobs/DIGEST"
              },
              "request": {"id": "", "method": "POST", "useragent": ""}, "actor": {}, "source": {}
            }]}
            """
        #expect(try Self.json(envelope) == Self.expected(sample, id: envelope.events[0].id))
    }

    @Test("a deletion names a digest, or a tag, and no more")
    func deletion() throws {
        var event = try Event(
            .delete, repository: RepositoryName(parsing: "app"), digest: Self.digest, mediaType: MediaType.imageManifest, size: 528,
            origin: Self.origin)
        var target = EventEnvelope(RecordedEvent(id: 1, at: 0, event: event), copy: 0, of: "s").events[0].target
        #expect(target == EventEnvelope.Target(digest: Self.digest.description, repository: "app"))
        event.tag = try Tag(parsing: "v1")
        target = EventEnvelope(RecordedEvent(id: 1, at: 0, event: event), copy: 0, of: "s").events[0].target
        #expect(target == EventEnvelope.Target(repository: "app", tag: "v1"))
    }

    @Test("an index refers to its manifests with their platforms, and what is no manifest to nothing")
    func references() {
        let index = """
            {"manifests":[{"digest":"sha256:aa","size":1,"mediaType":"m","platform":{"os":"linux","architecture":"arm64","os.version":"6"}}]}
            """
        var reference = EventReference(mediaType: "m", size: 1, digest: "sha256:aa")
        reference.platform = .init(architecture: "arm64", os: "linux", osVersion: "6")
        #expect(EventReference.all(in: Data(index.utf8)) == [reference])
        #expect(EventReference.all(in: Data("[]".utf8)).isEmpty)
    }

    @Test("an event's id is a UUID, the same at each delivery and another for every other event")
    func ids() throws {
        func id(_ event: Int64, _ copy: Int, _ store: String) throws -> String {
            let event = try RecordedEvent(id: event, at: 0, event: Event(.pull, repository: RepositoryName(parsing: "r"), origin: .init()))
            return EventEnvelope(event, copy: copy, of: store).events[0].id
        }
        #expect(try id(1, 0, "s") == id(1, 0, "s"))
        let ids = try [id(1, 0, "s"), id(2, 0, "s"), id(1, 1, "s"), id(1, 0, "t")]
        #expect(Set(ids).count == 4)
        #expect(ids.allSatisfy { UUID(uuidString: $0) != nil && $0 == $0.lowercased() })
    }
}
