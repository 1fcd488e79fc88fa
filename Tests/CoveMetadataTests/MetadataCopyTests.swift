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
            let label = try store.insertLabel("l", description: "d", color: "#fff", projectID: store.project(named: "team")?.id)
            let labelled = try store.artifact(.tag(Tag(parsing: "v3")), in: store.repository("alpine"))
            _ = try store.addLabel(#require(label), to: #require(labelled).id)
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
            try store.connection.perform(
                """
                INSERT INTO audit_log (at, operator, operation, resource_type, resource, result) VALUES (1, 'a', 'b', 'c', 'd', 1)
                """, [])
            _ = try store.takeOverAuditReader("reader")
            _ = try store.giveNotice(of: store.ensureRepository(name))
            let project = try store.project(named: "team")?.id ?? 0
            for (table, values) in Self.rows(of: project) { try store.insert(values, into: table) }
        }
        return store
    }

    /// A row for each table of accounts and of what stands on them. Texts that hold what bytes do are `.blob`.
    private static func rows(of project: Int64) -> [(table: String, values: KeyValuePairs<String, SQLValue>)] {
        [
            ("account", ["id": 7, "name": "Ann", "name_key": "ann", "password_changed_at": 1, "created_at": 1, "updated_at": 1]),
            ("account_group", ["id": 3, "name": "g", "type": 2, "created_at": 1, "updated_at": 1]),
            ("account_group_member", ["group_id": 3, "account_id": 7]),
            ("account_token", ["account_id": 7, "kind": "access", "name": "t", "secret": "s", "created_at": 1]),
            ("project_metadata", ["project_id": .integer(project), "name": "public", "value": "true"]),
            ("project_member", ["project_id": .integer(project), "account_id": 7, "role": 1, "created_at": 1, "updated_at": 1]),
            (
                "repository_grant",
                ["project_id": .integer(project), "group_id": 3, "pattern": "**", "actions": "pull,push", "created_at": 1]
            ),
            (
                "robot",
                [
                    "id": 5, "name": "ci", "project_id": .integer(project), "secret": "s", "duration": -1, "expires_at": -1,
                    "created_at": 1,
                    "updated_at": 1, "secret_changed_at": 1,
                ]
            ),
            (
                "robot_permission",
                ["robot_id": 5, "kind": "project", "namespace": "team", "resource": "repository", "action": "pull"]
            ),
            (
                "signing_key",
                ["id": "k", "private_key": .blob(Data([0, 255])), "created_at": 1, "signs_until": 2, "ends_at": 3]
            ),
            ("refresh_token", ["secret": "s", "subject": "ann", "service": "here", "created_at": 1, "expires_at": 2]),
            (
                "project_limit",
                ["project_id": .integer(project), "storage": 9, "tags": -1, "used_storage": 3, "used_tags": 1, "updated_at": 4]
            ),
            ("immutable_rule", ["project_id": .integer(project), "rule": "{}", "created_at": 1, "updated_at": 1]),
            ("retention_policy", ["project_id": .integer(project), "rules": "[]", "created_at": 1, "updated_at": 1]),
            (
                "webhook_policy",
                [
                    "id": 6, "project_id": .integer(project), "name": "w", "event_types": "[]", "targets": "[]", "created_at": 1,
                    "updated_at": 1,
                ]
            ),
            ("webhook_trigger", ["policy_id": 6, "event_type": "PUSH_ARTIFACT", "triggered_at": 1]),
            ("setting", ["name": "auth_mode", "value": "db_auth", "updated_at": 1]),
            ("cve_allowlist", ["project_id": 0, "names": "CVE-1", "created_at": 1, "updated_at": 1]),
            (
                "browser_session",
                ["id": "s", "account_id": 7, "csrf": "c", "id_token": "t", "created_at": 1, "used_at": 1, "expires_at": 2]
            ),
            (
                "provider_login",
                ["id": "l", "state": "s", "nonce": "n", "verifier": "v", "callback": "c", "target": "/", "expires_at": 2]
            ),
            ("group_administrator", ["account_id": 7]),
            (
                "job_execution",
                [
                    "id": 4, "vendor_type": "V", "vendor_id": -1, "triggered_by": "MANUAL", "status": "Running", "created_at": 1,
                    "updated_at": 1,
                ]
            ),
            (
                "job",
                [
                    "id": 9, "kind": "K", "execution_id": 4, "parameters": "{}", "priority": 0, "status": "Running", "run_at": 1,
                    "worker": "w", "created_at": 1, "updated_at": 1,
                ]
            ),
            ("job_log", ["job_id": 9, "number": 0, "text": "line"]),
            (
                "job_schedule",
                [
                    "vendor_type": "V", "vendor_id": -1, "kind": "K", "cron": "@daily", "cron_type": "Custom", "parameters": "{}",
                    "created_at": 1, "updated_at": 1,
                ]
            ),
            ("job_pause", ["kind": "K", "paused_at": 1]),
            ("job_worker", ["name": "w", "host": "h", "pid": 1, "concurrency": 1, "started_at": 1, "beat_at": 1]),
        ]
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
        let own = "'schema_version', 'instance', 'rights_revision'"
        let columns = try await engine.read { connection in
            try connection.rows(
                """
                SELECT m.name, p.name FROM sqlite_master m, pragma_table_info(m.name) p
                WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' AND m.name NOT IN (\(own)) ORDER BY m.name, p.name
                """, []
            ).map { "\(try $0.text(0)).\(try $0.text(1))" }
        }
        #expect(MetadataCopy.tables.flatMap { table in table.columns.map { "\(table.name).\($0)" } }.sorted() == columns.sorted())
    }
}
