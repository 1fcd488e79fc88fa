import CoveOCI
import Foundation
import TestSupport
import Testing

@testable import CoveMetadata

@Suite("The audit log")
struct AuditTests {
    private static func store(pulls: Bool = false, disabled: Set<String> = []) async throws -> MetadataStore {
        var store = try await StoreFixture.make()
        var rules = AuditPolicy.Rules()
        rules.recordsPulls = pulls
        rules.disabledEvents = disabled
        store.audit = AuditPolicy(rules)
        return store
    }

    private static func entry(_ operation: String = "create", _ resource: String = "r", by name: String = "ann") -> AuditEntry {
        AuditEntry(by: name, operation, "project", resource)
    }

    private static func all(_ store: MetadataStore) async throws -> [AuditRecord] {
        try await store.read { try $0.auditRecords(after: 0, limit: 1000) }
    }

    @Test("an entry is kept as it was, with its project's number")
    func keeps() async throws {
        let store = try await Self.store()
        var entry = Self.entry()
        entry.project = "team"
        entry.status = 201
        entry.description = "create project: é"
        entry.address = "10.0.0.1"
        entry.userAgent = "curl/8"
        entry.requestID = "id-1"
        let at = try await store.write { [entry] store in
            _ = try store.repository("team/app")
            try store.audit(entry)
            return store.now
        }
        let records = try await Self.all(store)
        let id = try await store.read { try $0.project(named: "team")?.id }
        #expect(id != nil)
        entry.projectID = id
        #expect(records.map(\.entry) == [entry])
        #expect(records.map(\.at) == [at])
    }

    @Test("what is written cannot be changed, only purged")
    func appendOnly() async throws {
        let store = try await Self.store()
        try await store.write { try $0.audit(Self.entry()) }
        await #expect(throws: (any Error).self) {
            try await store.write { _ = try $0.connection.rows("UPDATE audit_log SET operator = 'eve' RETURNING id", []) }
        }
        #expect(try await Self.all(store).map(\.entry.operator) == ["ann"])
        #expect(try await store.write { try $0.purgeAudit(before: $0.now + 1, limit: 10) } == 1)
        #expect(try await Self.all(store).isEmpty)
    }

    @Test("a request's entry is committed with what it changes, once, and not without it")
    func trail() async throws {
        let store = try await Self.store()
        let trail = AuditTrail(Self.entry("delete", "5"))
        struct Refused: Error {}
        await AuditTrail.$current.withValue(trail) {
            await #expect(throws: Refused.self) { try await store.write { _ in throw Refused() } }
        }
        #expect(!trail.isRecorded)
        #expect(try await Self.all(store).isEmpty)
        try await AuditTrail.$current.withValue(trail) {
            trail.name("team", inProject: "team")
            try await store.write { _ = try $0.repository("team/app") }
            try await store.write { _ = try $0.repository("team/other") }
        }
        #expect(trail.isRecorded)
        let records = try await Self.all(store)
        #expect(records.map(\.entry.resource) == ["team"])
        // The project came into being in the same transaction.
        #expect(records.first?.entry.projectID != nil)
    }

    @Test("an id in a path is recorded under the name that it had before it went")
    func names() async throws {
        let store = try await Self.store()
        let id = try await store.write { store in
            try store.connection.perform(
                """
                INSERT INTO account (name, name_key, password_changed_at, created_at, updated_at)
                VALUES ('Bob', 'bob', 1, 1, 1)
                """, [])
            return try store.connection.row("SELECT id FROM account WHERE name_key = 'bob'", [])?.integer(0) ?? 0
        }
        try await AuditTrail.$current.withValue(AuditTrail(AuditEntry(by: "ann", "delete", "user", "\(id)"))) {
            try await store.write { try $0.connection.perform("DELETE FROM account WHERE id = $1", [.integer(id)]) }
        }
        #expect(try await Self.all(store).map(\.entry.resource) == ["Bob"])
    }

    @Test("pushes, moves and deletions through the registry's API are recorded with their events; blobs and pulls are not")
    func events() async throws {
        let store = try await Self.store()
        let name = try RepositoryName(parsing: "team/app")
        let tag = try Tag(parsing: "v1")
        let origin = Event.Origin(actor: "ann", requestID: "q", address: "10.0.0.1", userAgent: "docker/1")
        for payload in ["one", "two"] {
            try await store.write { store in
                let repository = try store.ensureRepository(name)
                let manifest = try store.manifest(payload, in: repository)
                try store.setTag(tag, to: manifest.id, digest: manifest.digest, in: repository, actor: "ann")
                try store.append(
                    Event(.push, repository: name, digest: manifest.digest, mediaType: MediaType.imageManifest, tag: tag, origin: origin))
                let blob = StoreFixture.digest("b")
                try store.append(
                    Event(.push, repository: name, digest: blob, mediaType: "application/octet-stream", origin: origin))
                try store.append(
                    Event(.pull, repository: name, digest: manifest.digest, mediaType: MediaType.imageManifest, tag: tag, origin: origin))
            }
        }
        try await store.write { store in
            try store.append(
                Event(.delete, repository: name, digest: StoreFixture.digest("two"), mediaType: MediaType.imageManifest, origin: .init()))
        }
        let entries = try await Self.all(store).map(\.entry)
        let (one, two) = (StoreFixture.digest("one"), StoreFixture.digest("two"))
        #expect(entries.map(\.operation) == ["create", "create", "delete"])
        #expect(entries.map(\.resource) == ["team/app:v1", "team/app:v1", "team/app@\(two)"])
        #expect(entries.map(\.description) == ["\(one), the tag is new", "\(two), the tag was at \(one)", ""])
        #expect(entries.map(\.operator) == ["ann", "ann", "anonymous"])
        #expect(entries.allSatisfy { $0.projectID != nil && $0.project == "team" && $0.resourceType == "artifact" })
        #expect(entries[0].address == "10.0.0.1" && entries[0].userAgent == "docker/1" && entries[0].requestID == "q")
    }

    @Test("pulls are recorded when that is asked for, and kinds that are left out are not")
    func rules() async throws {
        let store = try await Self.store(pulls: true, disabled: ["create_artifact"])
        let name = try RepositoryName(parsing: "team/app")
        try await store.write { store in
            for action in [Event.Action.push, .pull] {
                try store.append(
                    Event(
                        action, repository: name, digest: StoreFixture.digest("m"), mediaType: MediaType.imageManifest,
                        origin: .init(actor: "ann", method: "GET")), count: 3)
            }
            var look = Event(
                .pull, repository: name, digest: StoreFixture.digest("m"), mediaType: MediaType.imageManifest, origin: .init())
            look.origin.method = "HEAD"
            try store.append(look)
        }
        let entries = try await Self.all(store).map(\.entry)
        #expect(entries.map(\.eventType) == ["pull_artifact"])
        #expect(entries.map(\.description) == ["3 times"])
    }

    @Test("without accounts nothing is recorded")
    func off() async throws {
        let store = try await StoreFixture.make()
        try await store.write { try $0.audit(Self.entry()) }
        #expect(try await Self.all(store).isEmpty)
    }

    @Test("a page is the newest first, of what is asked for and of the projects that one may see")
    func pages() async throws {
        let store = try await Self.store()
        try await store.write { store in
            for project in ["a", "b", "c"] { _ = try store.repository("\(project)/app") }
        }
        for number in 0..<30 {
            try await store.write { store in
                var entry = Self.entry(number % 2 == 0 ? "create" : "delete", "r\(number)", by: number < 10 ? "ann" : "bob")
                entry.project = ["a", "b", "c"][number % 3]
                entry.succeeded = number != 7
                try store.audit(entry)
            }
        }
        let ids = try await store.read { store in try ["a", "b", "c"].compactMap { try store.project(named: $0)?.id } }
        func page(
            _ q: String = "", sort: String = "", page: Int = 1, in scope: MetadataTransaction.AuditScope = .all
        ) async throws -> ([String], Int64) {
            var query = ListQuery()
            query.page = page
            query.pageSize = 4
            try query.filter(q)
            try query.sort(sort)
            let (records, total) = try await store.read { [query] in try $0.auditPage(query, in: scope) }
            return (records.map(\.entry.resource), total)
        }
        #expect(try await page() == (["r29", "r28", "r27", "r26"], 30))
        #expect(try await page(page: 8) == (["r1", "r0"], 30))
        #expect(try await page(page: 9) == ([], 30))
        #expect(try await page(sort: "op_time") == (["r0", "r1", "r2", "r3"], 30))
        #expect(try await page("username=ann,operation=delete") == (["r9", "r7", "r5", "r3"], 5))
        #expect(try await page("operation_result=false") == (["r7"], 1))
        #expect(try await page("resource=~R2", page: 3) == (["r21", "r20", "r2"], 11))
        #expect(try await page(in: .projects([ids[0], ids[1]])) == (["r28", "r27", "r25", "r24"], 20))
        #expect(try await page("username=ann", page: 2, in: .projects([ids[2]])) == ([], 3))
        #expect(try await page(in: .projects([])) == ([], 0))
        // So many that they are not merged.
        #expect(try await page(in: .projects([ids[0]] + Array(1000..<1060))) == (["r27", "r24", "r21", "r18"], 10))
        await #expect(throws: ListQueryError.self) { try await page(sort: "username") }
        await #expect(throws: ListQueryError.self) { try await page("password=x") }
    }

    @Test("purging takes the oldest, so many at a time, and only of the kinds that are named")
    func purge() async throws {
        let store = try await Self.store()
        for operation in ["create", "pull", "create", "pull", "pull"] {
            try await store.write { try $0.audit(Self.entry(operation)) }
        }
        try await store.write { store throws in
            let end = store.now + 1
            #expect(try store.purgeableAudit(before: end, events: ["pull_project"]) == 3)
            #expect(try store.purgeAudit(before: end, events: ["pull_project", "other"], limit: 2) == 2)
            #expect(try store.purgeAudit(before: end, events: ["pull_project"], limit: 2) == 1)
            #expect(try store.purgeAudit(before: end, events: ["pull_project"], limit: 2) == 0)
            #expect(try store.purgeAudit(before: 1, limit: 9) == 0)
            #expect(try store.purgeAudit(before: end, limit: 9) == 2)
        }
    }

    @Test("a reader goes on where the one before it was done, which notices")
    func reader() async throws {
        let store = try await Self.store()
        try await store.write { try $0.audit(Self.entry("create", "before")) }
        let (first, start) = try await AuditReader.takeOver("syslog", of: store)
        #expect(try await first.records(after: start, limit: 9) == [])
        for name in ["one", "two", "three"] { try await store.write { try $0.audit(Self.entry("create", name)) } }
        let records = try #require(try await first.records(after: start, limit: 2))
        #expect(records.map(\.entry.resource) == ["one", "two"])
        #expect(try await first.save(records[0].id))
        let (second, position) = try await AuditReader.takeOver("syslog", of: store)
        #expect(position == records[0].id)
        #expect(try await first.records(after: position, limit: 2) == nil)
        #expect(try await first.save(records[1].id) == false)
        let rest = try #require(try await second.records(after: position, limit: 9))
        #expect(rest.map(\.entry.resource) == ["two", "three"])
        #expect(try await second.save(rest[0].id, forgetting: true))
        #expect(try await Self.all(store).map(\.entry.resource) == ["three"])
    }
}
