import Foundation
import TestSupport

@testable import CoveMetadata
@testable import CoveOCI

/// Stores for tests, and the names that they use.
enum StoreFixture {
    static func make() async throws -> MetadataStore {
        try await MetadataStore.open(TestDatabase.engine())
    }

    static func file(_ directory: TemporaryDirectory) async throws -> MetadataStore {
        try await MetadataStore.open(SQLiteEngine(.file(path: directory.file("cove.db"), synchronous: true)))
    }

    static func digest(_ text: String) -> Digest { Digest.of(text.utf8) }
}

extension MetadataStore {
    /// Runs a query of the test's own.
    func rows(_ sql: String, _ parameters: [SQLValue] = []) async throws -> [[SQLValue]] {
        try await read { try $0.connection.rows(sql, parameters).map(\.values) }
    }
}

extension MetadataTransaction {
    func repository(_ name: String) throws -> Int64 { try ensureRepository(RepositoryName(parsing: name)) }

    /// Records a blob whose content is `text`.
    func blob(_ text: String, location: String? = nil) throws -> StoredBlob {
        try insertBlob(StoreFixture.digest(text), size: Int64(text.utf8.count), location: location ?? "at/\(text)")
    }

    /// Stores a manifest with this payload; only what is given is in its row.
    func manifest(
        _ payload: String, in repositoryID: Int64, mediaType: String = MediaType.imageManifest, subject: Digest? = nil,
        artifactType: String? = nil, annotations: [String: String]? = nil, references: [ManifestReference] = []
    ) throws -> (id: Int64, digest: Digest) {
        let bytes = Data(payload.utf8)
        let digest = Digest.of(bytes)
        let manifest = Manifest(
            mediaType: mediaType, kind: .image, artifactType: artifactType, config: nil, layers: [], manifests: [],
            subject: subject.map { Descriptor(mediaType: MediaType.imageManifest, digest: $0, size: 1) }, annotations: annotations)
        let id = try insertManifest(
            manifest, digest: digest, payload: bytes, references: references, in: repositoryID, actor: "ann"
        ).id
        return (id, digest)
    }
}

extension SQLValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral {
    public init(stringLiteral text: String) { self = .text(text) }
    public init(integerLiteral number: Int64) { self = .integer(number) }
}

extension MetadataTransaction {
    /// Puts a row into a table as it is.
    func insert(_ values: KeyValuePairs<String, SQLValue>, into table: String) throws {
        let places = (1...values.count).map { "$\($0)" }.joined(separator: ", ")
        try connection.perform(
            "INSERT INTO \(table) (\(values.map(\.key).joined(separator: ", "))) VALUES (\(places))", values.map(\.value))
    }
}
