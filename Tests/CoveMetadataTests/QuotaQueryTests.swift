import CoveOCI
import Foundation
import TestSupport
import Testing

@testable import CoveMetadata

@Suite("Queries: quotas")
struct QuotaQueryTests {
    /// Sets limits of the project `team`, which has one repository by then.
    private static func limited(storage: Int64 = -1, tags: Int64 = -1) async throws -> (store: MetadataStore, project: Int64) {
        let store = try await StoreFixture.make()
        let project = try await store.write { store in
            _ = try store.repository("team/app")
            let id = try #require(try store.project(named: "team")?.id)
            try store.setLimit(ProjectLimit(storage: storage, tags: tags), ofProject: id)
            return id
        }
        return (store, project)
    }

    private static func usage(_ store: MetadataStore, _ project: Int64) async throws -> ProjectUsage {
        try await store.read { store in
            let kept = try store.usage(ofProject: project)
            #expect(try store.countedUsage(ofProject: project) == kept)
            return kept
        }
    }

    @Test("a layer that two repositories of a project hold is taken once, and one of another project not at all")
    func sharedOnce() async throws {
        let (store, project) = try await Self.limited(storage: 1000)
        try await store.write { store in
            for name in ["team/app", "team/web", "other/app"] { try store.link(store.blob("twelve bytes").id, to: store.repository(name)) }
        }
        #expect(try await Self.usage(store, project).storage == 12)
        try await store.write { store in try store.unlink(store.blob("twelve bytes"), from: store.repository("team/app")) }
        #expect(try await Self.usage(store, project).storage == 12)
        try await store.write { store in try store.unlink(store.blob("twelve bytes"), from: store.repository("team/web")) }
        #expect(try await Self.usage(store, project).storage == 0)
    }

    @Test("what exactly fills a quota is taken, a byte more is not, and nothing of it stays")
    func boundary() async throws {
        let (store, project) = try await Self.limited(storage: 10)
        try await store.write { store in
            let app = try store.repository("team/app")
            try store.link(store.blob("1234567890").id, to: app)
        }
        let error = await #expect(throws: QuotaExceeded.self) {
            try await store.write { store in try store.link(store.blob("x").id, to: store.repository("team/web")) }
        }
        #expect(error == QuotaExceeded(.storage, adding: 1, to: 10, of: 10))
        #expect(try await Self.usage(store, project).storage == 10)
        #expect(try await store.read { try $0.repositoryID(RepositoryName(parsing: "team/web")) } == nil)
        // The same content again costs nothing.
        _ = try await store.write { store in try store.link(store.blob("1234567890").id, to: store.repository("team/web")) }
        #expect(try await Self.usage(store, project).storage == 10)
    }

    @Test("while quotas are off nothing is refused, and what is used is kept account of")
    func off() async throws {
        let (store, project) = try await Self.limited(storage: 10)
        func push(_ text: String) async throws {
            try await store.write { store in _ = try store.link(store.blob(text).id, to: store.repository("team/app")) }
        }
        try await store.write { try $0.saveSettings([(MetadataTransaction.quotaSetting, "false")]) }
        try await push("more than ten bytes")
        #expect(try await Self.usage(store, project).storage == 19)
        try await store.write { try $0.saveSettings([(MetadataTransaction.quotaSetting, "true")]) }
        await #expect(throws: QuotaExceeded.self) { try await push("x") }
        #expect(try await Self.usage(store, project).storage == 19)
    }

    @Test("tags are counted in all repositories of a project; moving one is free")
    func tags() async throws {
        let (store, project) = try await Self.limited(tags: 2)
        try await store.write { store in
            for name in ["team/app", "team/web"] {
                let repository = try store.repository(name)
                for payload in ["1", "2"] {
                    let manifest = try store.manifest(payload, in: repository)
                    try store.setTag(Tag(parsing: "v1"), to: manifest.id, digest: manifest.digest, in: repository, actor: nil)
                }
            }
        }
        #expect(try await Self.usage(store, project).tags == 2)
        let error = await #expect(throws: QuotaExceeded.self) {
            try await store.write { store in
                let repository = try store.repository("team/app")
                let manifest = try store.manifest("1", in: repository)
                try store.setTag(Tag(parsing: "v2"), to: manifest.id, digest: manifest.digest, in: repository, actor: nil)
            }
        }
        #expect(
            error?.description
                == "adding 1 of tag resource, which when updated to current usage of 2 will exceed the configured upper limit of 2.")
        try await store.write { store in
            _ = try store.deleteManifest(StoreFixture.digest("2"), in: store.repository("team/app"), actor: nil)
        }
        #expect(try await Self.usage(store, project).tags == 1)
    }

    @Test("a limit below what is used can be set; then nothing is added, and what goes is noticed")
    func below() async throws {
        let (store, project) = try await Self.limited()
        try await store.write { store in
            let app = try store.repository("team/app")
            for text in ["aaaaa", "bbbbb"] { try store.link(store.blob(text).id, to: app) }
            try store.setLimit(ProjectLimit(storage: 7), ofProject: project)
        }
        #expect(try await Self.usage(store, project).storage == 10)
        await #expect(throws: QuotaExceeded.self) {
            try await store.write { store in try store.link(store.blob("c").id, to: store.repository("team/app")) }
        }
        try await store.write { store in try store.unlink(store.blob("aaaaa"), from: store.repository("team/app")) }
        _ = try await store.write { store in try store.link(store.blob("cc").id, to: store.repository("team/app")) }
        #expect(try await Self.usage(store, project).storage == 7)
        try await store.write { store in
            try store.setLimit(ProjectLimit(), ofProject: project)
            try store.link(store.blob("ddddd").id, to: store.repository("team/new"))
        }
        #expect(try await Self.usage(store, project).storage == 12)
        _ = try await store.write { try $0.setLimit(ProjectLimit(storage: 100), ofProject: project) }
        #expect(try await Self.usage(store, project).storage == 12)
        #expect(try await store.write { try $0.setLimit(ProjectLimit(), ofProject: 9999) } == false)
    }

    @Test("blobs whose manifest is gone are left out, and are taken again with the next manifest that needs them")
    func released() async throws {
        let (store, project) = try await Self.limited(storage: 100)
        let layer = ManifestReference(
            role: .layer, descriptor: Descriptor(mediaType: "application/octet-stream", digest: StoreFixture.digest("layer"), size: 5))
        try await store.write { store in
            let app = try store.repository("team/app")
            try store.link(store.blob("layer").id, to: app)
            _ = try store.manifest("one", in: app, references: [layer])
            _ = try store.manifest("two!", in: app, references: [layer])
        }
        #expect(try await Self.usage(store, project).storage == 12)
        try await store.write { store in
            _ = try store.deleteManifest(StoreFixture.digest("one"), in: store.repository("team/app"), actor: nil)
        }
        #expect(try await Self.usage(store, project).storage == 9)
        try await store.write { store in
            _ = try store.deleteManifest(StoreFixture.digest("two!"), in: store.repository("team/app"), actor: nil)
        }
        #expect(try await Self.usage(store, project).storage == 0)
        let usages = try await store.read { try $0.repositoryUsage(ofProject: project) }
        #expect(usages.map(\.released) == [5])
        try await store.write { store in
            let app = try store.repository("team/app")
            #expect(try store.sizesOfHeldBlobs([StoreFixture.digest("layer")], in: app).count == 1)
            _ = try store.manifest("three", in: app, references: [layer])
        }
        #expect(try await Self.usage(store, project).storage == 10)
    }

    @Test("what is used never drifts, whatever is pushed and removed", arguments: 0..<6)
    func drifts(seed: Int) async throws {
        let (store, project) = try await Self.limited(storage: 600, tags: 12)
        var random = SeededGenerator(seed: UInt64(seed))
        for _ in 0..<120 {
            let repository = ["team/a", "team/b", "team/c", "other/a"].randomElement(using: &random) ?? ""
            let letters = (0..<3).map { _ in Int.random(in: 0..<8, using: &random) }
            let tag = try Tag(parsing: "v\(Int.random(in: 0..<6, using: &random))")
            let kind = Int.random(in: 0..<9, using: &random)
            do {
                try await store.write { store in
                    let id = try store.repository(repository)
                    let content = String(repeating: "\(letters[0])", count: 10 + letters[0] * 7)
                    switch kind {
                    case 0, 1: try store.link(store.blob(content).id, to: id)
                    case 2, 3, 4:
                        let digests = letters.map { StoreFixture.digest(String(repeating: "\($0)", count: 10 + $0 * 7)) }
                        let held = try store.sizesOfHeldBlobs(digests, in: id)
                        let manifest = try store.manifest(
                            "manifest \(letters)", in: id,
                            references: Set(digests).filter { held[$0] != nil }.map {
                                ManifestReference(role: .layer, descriptor: Descriptor(mediaType: "a/b", digest: $0, size: held[$0] ?? 0))
                            })
                        if kind > 2 { try store.setTag(tag, to: manifest.id, digest: manifest.digest, in: id, actor: nil) }
                    case 5: _ = try store.deleteTag(tag, in: id, actor: nil)
                    case 6:
                        let rows = try store.connection.rows(
                            "SELECT digest FROM manifest WHERE repository_id = $1 ORDER BY id", [.integer(id)])
                        if !rows.isEmpty {
                            _ = try store.deleteManifest(store.digest(rows[letters[0] % rows.count], 0), in: id, actor: nil)
                        }
                    case 7:
                        for unused in try store.unusedBlobs(in: id, ignoring: [], after: 0, limit: 100).unused {
                            try store.unlink(unused.blob, from: id)
                        }
                    default:
                        let limit = letters[1] < 2 ? ProjectLimit() : ProjectLimit(storage: Int64(100 * letters[0]) + 1, tags: 12)
                        try store.setLimit(limit, ofProject: project)
                    }
                }
            } catch is QuotaExceeded {}
            _ = try await Self.usage(store, project)
        }
        let usages = try await store.read { try $0.repositoryUsage(ofProject: project) }
        let used = try await Self.usage(store, project).storage
        #expect(usages.reduce(0) { $0 + $1.unique } <= used)
    }

    @Test("of 200 that push at once on a quota's boundary, as many as it has room for succeed")
    func crowd() async throws {
        let (store, project) = try await Self.limited(storage: 100 * 8, tags: 60)
        let count = await withTaskGroup(of: Bool.self) { group in
            for number in 0..<200 {
                group.addTask {
                    (try? await store.write(in: .repository("team/r\(number % 20)")) { store -> Void in
                        let id = try store.repository("team/r\(number % 20)")
                        try store.link(store.blob(String(10_000_000 + number)).id, to: id)
                    }) != nil
                }
            }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(count == 100)
        #expect(try await Self.usage(store, project).storage == 800)
        _ = try await store.write { try $0.setLimit(ProjectLimit(tags: 60), ofProject: project) }
        let tags = await withTaskGroup(of: Bool.self) { group in
            for number in 0..<200 {
                group.addTask {
                    (try? await store.write(in: .repository("team/r\(number % 20)")) { store -> Void in
                        let id = try store.repository("team/r\(number % 20)")
                        let manifest = try store.manifest("m", in: id)
                        try store.setTag(Tag(parsing: "t\(number)"), to: manifest.id, digest: manifest.digest, in: id, actor: nil)
                    }) != nil
                }
            }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(tags == 60)
        #expect(try await Self.usage(store, project).tags == 60)
    }

    @Test("a limit that is set while repositories are made and pushed to counts all of them", arguments: 0..<5)
    func limitMeanwhile(round: Int) async throws {
        let store = try await StoreFixture.make()
        let project = try await store.write { store in
            _ = try store.repository("team/first")
            return try #require(try store.project(named: "team")?.id)
        }
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<40 {
                group.addTask {
                    _ = try? await store.write(in: .repository("team/r\(number)")) { store in
                        try store.link(store.blob("blob \(number)").id, to: store.repository("team/r\(number)"))
                    }
                }
                if number == 10 + round {
                    group.addTask { _ = try? await store.write { try $0.setLimit(ProjectLimit(storage: 1 << 30), ofProject: project) } }
                }
            }
        }
        #expect(try await Self.usage(store, project).storage == 10 * 6 + 30 * 7)
    }

    @Test("quotas are listed, filtered and sorted, those without limits among them")
    func lists() async throws {
        let store = try await StoreFixture.make()
        try await store.write { store in
            for (name, size) in [("a/x", 3), ("b/x", 1), ("c/x", 2)] {
                try store.link(store.blob(String(repeating: name, count: size)).id, to: store.repository(name))
            }
            let b = try #require(try store.project(named: "b"))
            try store.setLimit(ProjectLimit(storage: 50), ofProject: b.id)
        }
        var query = ListQuery()
        try query.sort("-used.storage")
        let sorted = try await store.read { [query] in try $0.quotas(query) }
        #expect(sorted.total == 3 && sorted.page.map(\.project) == ["a", "c", "b"])
        #expect(sorted.page.map(\.usage.storage) == [9, 6, 3])
        query = ListQuery()
        try query.filter("hard.storage=50")
        let found = try await store.read { [query] in try $0.quotas(query) }
        #expect(found.page.map(\.project) == ["b"] && found.page.first?.limit == ProjectLimit(storage: 50))
        #expect(try await store.read { try $0.quota(ofProject: 12345) } == nil)
    }

    @Test("what uses a quota is told by repository, with what is shared")
    func explains() async throws {
        let (store, project) = try await Self.limited(storage: 1000)
        try await store.write { store in
            let (app, web) = (try store.repository("team/app"), try store.repository("team/web"))
            for id in [app, web] { try store.link(store.blob("shared").id, to: id) }
            try store.link(store.blob("only app").id, to: app)
            let manifest = try store.manifest("m", in: app)
            try store.setTag(Tag(parsing: "v"), to: manifest.id, digest: manifest.digest, in: app, actor: nil)
        }
        let usages = try await store.read { try $0.repositoryUsage(ofProject: project) }
        #expect(usages.map(\.repository) == ["team/app", "team/web"])
        #expect(usages.map(\.unique) == [9, 0] && usages.map(\.shared) == [6, 6])
        #expect(usages.map(\.tags) == [1, 0] && usages.map(\.manifests) == [1, 0] && usages.map(\.blobs) == [2, 1])
    }

    @Test(
        "bytes are written as people read them",
        arguments: [
            (0, "0.0 Byte"), (1023, "1023.0 Byte"), (1024, "1.0 KiB"), (1_572_864, "1.5 MiB"), (10_485_760, "10.0 MiB"), (.max, "8.0 EiB"),
        ])
    func bytes(count: Int64, text: String) {
        #expect(QuotaExceeded.bytes(count) == text)
    }
}
