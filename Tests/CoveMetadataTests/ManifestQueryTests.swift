import Foundation
import Testing

@testable import CoveMetadata
@testable import CoveOCI

@Suite("Queries: manifests")
struct ManifestQueryTests {
    @Test("a manifest is found by digest and by tag, byte for byte, in its repository only")
    func find() async throws {
        let store = try await StoreFixture.make()
        let (one, two) = try (RepositoryName(parsing: "one"), RepositoryName(parsing: "two"))
        let tag = try Tag(parsing: "v1")
        let payload = "{ \"exact\" :\n\"bytes é\" }"
        let digest = try await store.write { store in
            let repository = try store.ensureRepository(one)
            let (id, digest) = try store.manifest(payload, in: repository, mediaType: MediaType.dockerManifest)
            try store.setTag(tag, to: id, digest: digest, in: repository, actor: nil)
            _ = try store.ensureRepository(two)
            return digest
        }
        try await store.read { store in
            let byDigest = try store.manifest(.digest(digest), in: one)
            #expect(byDigest?.payload == Data(payload.utf8))
            #expect(byDigest?.mediaType == MediaType.dockerManifest)
            #expect(byDigest?.digest == digest)
            #expect(try store.manifest(.tag(tag), in: one) == byDigest)
            #expect(try store.manifest(.digest(digest), in: two) == nil)
            #expect(try store.manifest(.tag(tag), in: two) == nil)
            #expect(try store.manifest(.tag(Tag(parsing: "v2")), in: one) == nil)
            #expect(try store.sizesOfManifests([digest], in: store.repositoryID(one) ?? 0) == [digest: Int64(payload.utf8.count)])
            #expect(try store.sizesOfManifests([digest], in: store.repositoryID(two) ?? 0).isEmpty)
        }
    }

    @Test("the same manifest again is the same row, under the type it was last sent as")
    func insertTwice() async throws {
        let store = try await StoreFixture.make()
        try await store.write { store in
            let repository = try store.repository("r")
            let first = try store.manifest("m", in: repository, mediaType: MediaType.imageManifest)
            let second = try store.manifest("m", in: repository, mediaType: MediaType.dockerManifest)
            #expect(first.id == second.id)
            #expect(
                try store.manifest(.digest(first.digest), in: RepositoryName(parsing: "r"))?.mediaType == MediaType.dockerManifest)
            #expect(try store.manifest("m", in: store.repository("other")).id != first.id)
        }
    }

    @Test("the tags whose answer changed with the type are told")
    func retyped() async throws {
        let store = try await StoreFixture.make()
        try await store.write { store in
            let repository = try store.repository("r")
            let manifest = try store.manifest("m", in: repository, mediaType: MediaType.imageManifest)
            for name in ["a", "b"] {
                try store.setTag(Tag(parsing: name), to: manifest.id, digest: manifest.digest, in: repository, actor: nil)
            }
            func insert(_ type: String) throws -> [String]? {
                let value = Manifest(
                    mediaType: type, kind: .image, artifactType: "t/x", config: nil, layers: [], manifests: [], subject: nil,
                    annotations: nil)
                return try store.insertManifest(
                    value, digest: manifest.digest, payload: Data("m".utf8), references: [], in: repository, actor: nil
                ).retyped?.map(\.description).sorted()
            }
            #expect(try insert(MediaType.imageManifest) == nil)
            #expect(try insert(MediaType.dockerManifest) == ["a", "b"])
            #expect(try store.connection.row("SELECT artifact_type FROM manifest", [])?.values == [.text("t/x")])
        }
    }

    @Test("references are kept in order with their roles")
    func references() async throws {
        let store = try await StoreFixture.make()
        try await store.write { store in
            let parts: [(ManifestReference.Role, String)] = [(.config, "config"), (.layer, "layer"), (.layer, "layer"), (.child, "child")]
            _ = try store.manifest(
                "m", in: store.repository("r"),
                references: parts.map { role, text in
                    ManifestReference(
                        role: role, descriptor: Descriptor(mediaType: "t/\(text)", digest: StoreFixture.digest(text), size: 6))
                })
        }
        let rows = try await store.rows("SELECT position, role, media_type, digest, size FROM manifest_reference ORDER BY position")
        let expected: [[SQLValue]] = ["config", "layer", "layer", "child"].enumerated().map { position, role in
            [
                .integer(Int64(position)), .text(role), .text("t/\(role)"), .bytes(StoreFixture.digest(role).storageKey), .integer(6),
            ]
        }
        #expect(rows == expected)
    }

    @Test("deleting a manifest takes its tags and references along, and says what went")
    func delete() async throws {
        let store = try await StoreFixture.make()
        try await store.write { store in
            let repository = try store.repository("r")
            let descriptor = Descriptor(mediaType: "l", digest: StoreFixture.digest("l"), size: 1)
            let gone = try store.manifest(
                "gone", in: repository, references: [ManifestReference(role: .layer, descriptor: descriptor)])
            let kept = try store.manifest("kept", in: repository)
            for (name, target) in [("a", gone), ("b", gone), ("c", kept)] {
                try store.setTag(Tag(parsing: name), to: target.id, digest: target.digest, in: repository, actor: nil)
            }
            let deleted = try store.deleteManifest(gone.digest, in: repository, actor: "bob")
            #expect(deleted?.mediaType == MediaType.imageManifest)
            #expect(deleted?.size == 4)
            #expect(deleted?.tags.map(\.description).sorted() == ["a", "b"])
            #expect(try store.deleteManifest(gone.digest, in: repository, actor: "bob") == nil)
            #expect(try store.tagNames(in: repository, after: "", limit: 10) == ["c"])
            #expect(try store.history(of: Tag(parsing: "a"), in: repository).map(\.digest) == [gone.digest, nil])
            #expect(try store.connection.rows("SELECT 1 FROM manifest_reference", []).isEmpty)
        }
    }
}
