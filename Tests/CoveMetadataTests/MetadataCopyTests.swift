import CoveOCI
import Foundation
import TestSupport
import Testing

@testable import CoveMetadata

@Suite("MetadataCopy")
struct MetadataCopyTests {
    /// Where from and where to. The second engine is PostgreSQL where there is one.
    enum Way: CaseIterable {
        case there, back
    }

    private static func engines(_ way: Way) async throws -> (source: any SQLEngine, target: any SQLEngine) {
        let (one, other): (any SQLEngine, any SQLEngine) = (try SQLiteEngine(.memory), try await TestDatabase.engine())
        return way == .there ? (one, other) : (other, one)
    }

    private static func fill(_ engine: any SQLEngine) async throws -> MetadataStore {
        let store = try await MetadataStore.open(engine)
        try await store.write { store in
            for name in ["team/app", "alpine"] {
                let repository = try store.repository(name)
                for number in 0..<40 {
                    try store.link(store.blob("\(name) \(number)").id, to: repository)
                    let manifest = try store.manifest(
                        #"{"n":\#(number)}"#, in: repository, subject: number % 2 == 0 ? StoreFixture.digest("s") : nil,
                        annotations: ["é": "\u{1F600}"],
                        references: [
                            ManifestReference(
                                role: .layer,
                                descriptor: Descriptor(
                                    mediaType: "application/octet-stream", digest: StoreFixture.digest("\(name) \(number)"), size: 3))
                        ])
                    try store.setTag(
                        Tag(parsing: "v\(number)"), to: manifest.id, digest: manifest.digest, in: repository, actor: "ann")
                }
                _ = try store.deleteTag(Tag(parsing: "v7"), in: repository, actor: nil)
            }
            try store.insertUpload(
                UploadRecord(
                    id: "u", repository: "alpine", algorithm: .sha256,
                    progress: .init(received: 5, mark: "m", hashState: [0, 255])))
            let name = try RepositoryName(parsing: "alpine")
            for _ in 0..<600 { try store.append(Event(.push, repository: name, digest: StoreFixture.digest("s"), origin: .init())) }
            try store.count([
                PullCount(repository: name, digest: StoreFixture.digest(#"{"n":3}"#), tag: Tag(parsing: "v3"), count: 2)
            ])
            _ = try store.takeTurn(at: "sweep", every: 1)
            try store.beginReaders(["reader"])
            _ = try store.deleteManifest(StoreFixture.digest(#"{"n":5}"#), in: store.repository("alpine"), actor: nil)
            let payload = Data(#"{"schemaVersion":2,"mediaType":"\#(MediaType.imageIndex)","manifests":[]}"#.utf8)
            let manifest = try Manifest(parsing: payload, contentType: nil)
            _ = try store.importManifests(
                [FoundManifest(digest: Digest.of(payload), manifest: manifest, payload: payload, references: [], createdAt: 1)],
                in: store.ensureRepository(name))
            try store.beginImport(of: "there")
            try store.postErrand("e", kind: "k", arguments: "{}")
            try store.report(["line"], from: 0, of: "e")
            try store.saveVaultEntry("name", [0, 255])
            _ = try store.giveNotice(of: store.ensureRepository(name))
        }
        return store
    }

    private static func contents(_ engine: any SQLEngine) async throws -> [[[SQLValue]]] {
        try await engine.read { connection in
            try MetadataCopy.tables.map { table in
                try connection.rows(
                    "SELECT \(table.columns.joined(separator: ", ")) FROM \(table.name) ORDER BY \(table.key.joined(separator: ", "))", []
                ).map(\.values)
            }
        }
    }

    @Test("every row of every table arrives as it was, and new rows are numbered after them", arguments: Way.allCases)
    func copies(way: Way) async throws {
        let (source, target) = try await Self.engines(way)
        _ = try await Self.fill(source)
        let reports = Shared<[MetadataCopy.Progress]>([])
        let counts = try await MetadataCopy(from: source, to: target).run { progress in reports.change { $0.append(progress) } }
        let expected = try await Self.contents(source)
        #expect(try await Self.contents(target) == expected)
        #expect(counts.map(\.rows) == expected.map { Int64($0.count) })
        #expect(expected.allSatisfy { !$0.isEmpty })
        let total = counts.reduce(0) { $0 + $1.rows }
        #expect(reports.value.last?.done == total && reports.value.allSatisfy { $0.total == total && $0.done <= total })
        let store = try await MetadataStore.open(target)
        try await store.write { store in
            let repository = try store.repository("new/one")
            #expect(repository > 2)
            _ = try store.blob("new")
            _ = try store.manifest("new", in: repository)
        }
    }

    @Test("a store that holds something is not copied into, and stays as it is", arguments: Way.allCases)
    func notEmpty(way: Way) async throws {
        let (source, target) = try await Self.engines(way)
        _ = try await Self.fill(source)
        let store = try await MetadataStore.open(target)
        try await store.write { _ = try $0.repository("mine/own") }
        await #expect(throws: MetadataCopy.NotEmpty.self) { try await MetadataCopy(from: source, to: target).run { _ in } }
        #expect(try await store.read { try $0.repositoryNames(after: "", limit: 10) } == ["mine/own"])
        #expect(try await store.rows("SELECT COUNT(*) FROM manifest") == [[.integer(0)]])
    }

    @Test("the copy knows every table and column of the schema but those that every store has of its own")
    func knowsTheSchema() async throws {
        let engine = try SQLiteEngine(.memory)
        _ = try await MetadataStore.open(engine)
        let columns = try await engine.read { connection in
            try connection.rows(
                """
                SELECT m.name, p.name FROM sqlite_master m, pragma_table_info(m.name) p
                WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' AND m.name NOT IN ('schema_version', 'instance') ORDER BY m.name, p.name
                """, []
            ).map { "\(try $0.text(0)).\(try $0.text(1))" }
        }
        #expect(MetadataCopy.tables.flatMap { table in table.columns.map { "\(table.name).\($0)" } }.sorted() == columns.sorted())
    }
}
