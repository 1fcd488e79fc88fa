import CoveOCI
import TestSupport
import Testing

@testable import CoveMetadata

@Suite("PostgreSQL: changes of what other nodes may keep", .enabled(if: TestDatabase.url != nil, "needs scripts/with-postgresql"))
struct NoticeTests {
    private let name: RepositoryName
    private let tag: CoveOCI.Tag
    private let store: MetadataStore
    private let other: MetadataStore

    init() async throws {
        name = try RepositoryName(parsing: "r")
        tag = try Tag(parsing: "latest")
        let nodes = try await TestDatabase.nodes(2, on: #require(TestDatabase.url))
        store = try await MetadataStore.open(nodes[0])
        other = try await MetadataStore.open(nodes[1])
        try await push("one")
    }

    private func push(_ payload: String, prepared: Bool = false) async throws {
        try await store.write(in: .repository("r")) { [name, tag] store in
            if prepared { try store.prepareToSet([tag], to: StoreFixture.digest(payload), in: name) }
            let repository = try store.ensureRepository(name)
            let manifest = try store.manifest(payload, in: repository)
            try store.setTag(tag, to: manifest.id, digest: manifest.digest, in: repository, actor: nil)
        }
    }

    private func read() async throws -> StoredManifest? { try await other.read { [name, tag] in try $0.manifest(.tag(tag), in: name) } }

    private func notices() async throws -> Int { try await store.rows("SELECT id FROM change_notice").count }

    /// How long `body` takes, and whether others saw what was there before it unsettled, and nothing settled when there was
    /// not a lease's time left for it.
    private func watched(_ body: @escaping @Sendable () async throws -> Void) async throws -> (took: Duration, sawNotice: Bool) {
        let before = try await read()
        let isDone = Shared(false)
        let change = Task {
            let start = ContinuousClock.now
            try await body()
            isDone.change { $0 = true }
            return ContinuousClock.now - start
        }
        var lastSettled: ContinuousClock.Instant?
        var firstChanged: ContinuousClock.Instant?
        var sawNotice = false
        while firstChanged == nil {
            let isLast = isDone.value
            let began = ContinuousClock.now
            let found = try await read()
            if found?.digest == before?.digest, found?.mediaType == before?.mediaType {
                if found?.isSettled == true { lastSettled = began } else { sawNotice = true }
                #expect(!isLast, "nothing changed")
                if isLast { break }
            } else {
                firstChanged = .now
            }
        }
        if let lastSettled, let firstChanged { #expect(firstChanged - lastSettled > MetadataStore.lease) }
        return (try await change.value, sawNotice)
    }

    @Test("a tag moves after notice, whether or not the transaction was prepared", arguments: [false, true])
    func moves(prepared: Bool) async throws {
        #expect(try await read()?.isSettled == true)
        let (took, sawNotice) = try await watched { try await push("two", prepared: prepared) }
        #expect(took > MetadataStore.lease)
        if took < .milliseconds(100) { #expect(sawNotice) }
        #expect(try await read()?.digest == StoreFixture.digest("two"))
        #expect(try await read()?.isSettled == true)
        #expect(try await notices() == 0)
        #expect(try await store.rows("SELECT digest FROM tag_history").count == 2)
    }

    @Test("so do tags and manifests that are deleted, and what is pushed again under another type", arguments: 0..<3)
    func others(kind: Int) async throws {
        let (took, _) = try await watched { [name, tag, store] in
            try await store.write(in: .repository("r")) { store in
                let repository = try store.ensureRepository(name)
                switch kind {
                case 0: _ = try store.deleteTag(tag, in: repository, actor: nil)
                case 1: _ = try store.deleteManifest(StoreFixture.digest("one"), in: repository, actor: nil)
                default: _ = try store.manifest("one", in: repository, mediaType: "application/vnd.docker.distribution.manifest.v2+json")
                }
            }
        }
        #expect(took > MetadataStore.lease)
        #expect(try await notices() == 0)
    }

    @Test("what is new, what is the same, and what a transaction made itself needs no notice")
    func without() async throws {
        let runs = Shared(0)
        try await store.write { [name, tag] store in
            runs.change { $0 += 1 }
            try store.prepareToSet([tag], to: StoreFixture.digest("one"), in: name)
            let repository = try store.ensureRepository(name)
            let one = try store.manifest("one", in: repository)
            try store.setTag(tag, to: one.id, digest: one.digest, in: repository, actor: nil)
            try store.setTag(Tag(parsing: "new"), to: one.id, digest: one.digest, in: repository, actor: nil)
            let fresh = try store.repository("fresh")
            for payload in ["1", "2"] {
                let manifest = try store.manifest(payload, in: fresh)
                try store.setTag(tag, to: manifest.id, digest: manifest.digest, in: fresh, actor: nil)
            }
        }
        #expect(runs.value == 1)
    }

    @Test("a change that is refused after its notice takes the notice back")
    func refused() async throws {
        struct Refused: Error {}
        await #expect(throws: Refused.self) {
            try await store.write { [name, tag] store in
                _ = try store.deleteTag(tag, in: store.ensureRepository(name), actor: nil)
                throw Refused()
            }
        }
        #expect(try await notices() == 0)
        #expect(try await read()?.isSettled == true)
    }

    @Test("a notice that is pruned too early is given again before the change is made")
    func pruned() async throws {
        let runs = Shared(0)
        try await store.write { [name, tag] store in
            let run = runs.change { $0 += 1 }
            _ = try store.deleteTag(tag, in: store.ensureRepository(name), actor: nil)
            if run == 2 { try store.pruneNotices(before: .max) }
        }
        #expect(runs.value == 3)
        #expect(try await read() == nil)
    }

    @Test("a notice whose node has ended keeps nobody from changing, and is pruned")
    func orphan() async throws {
        try await store.write { try _ = $0.giveNotice(of: $0.repository("r")) }
        #expect(try await read()?.isSettled == false)
        try await push("two")
        #expect(try await read()?.digest == StoreFixture.digest("two"))
        try await store.write { try $0.pruneNotices(before: $0.now + 1) }
        #expect(try await read()?.isSettled == true)
    }
}
