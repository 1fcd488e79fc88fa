import CoveOCI
import TestSupport
import Testing

@testable import CoveMetadata

@Suite("Queries: tags and repositories")
struct TagQueryTests {
    @Test("a tag's history has each move and deletion, but not a push of the same")
    func history() async throws {
        let store = try await StoreFixture.make()
        let tag = try Tag(parsing: "latest")
        try await store.write { store in
            let repository = try store.repository("r")
            let (one, two) = (try store.manifest("1", in: repository), try store.manifest("2", in: repository))
            try store.setTag(tag, to: one.id, digest: one.digest, in: repository, actor: "ann")
            try store.setTag(tag, to: one.id, digest: one.digest, in: repository, actor: "ann")
            try store.setTag(tag, to: two.id, digest: two.digest, in: repository, actor: "bob")
            let deleted = try store.deleteTag(tag, in: repository, actor: "eve")
            #expect(deleted?.digest == two.digest && deleted?.mediaType == MediaType.imageManifest && deleted?.size == 1)
            #expect(try store.deleteTag(tag, in: repository, actor: "eve") == nil)
            try store.setTag(tag, to: two.id, digest: two.digest, in: repository, actor: nil)
            let history = try store.history(of: tag, in: repository)
            #expect(history.map(\.digest) == [one.digest, two.digest, nil, two.digest])
            #expect(history.allSatisfy { $0.at == store.now })
            #expect(try store.history(of: Tag(parsing: "other"), in: repository).isEmpty)
        }
        let actors = try await store.rows("SELECT actor FROM tag_history ORDER BY id")
        #expect(actors == [[.text("ann")], [.text("bob")], [.text("eve")], [.null]])
    }

    @Test("a tag points where it was last set")
    func moves() async throws {
        let store = try await StoreFixture.make()
        let name = try RepositoryName(parsing: "r")
        let tag = try Tag(parsing: "latest")
        try await store.write { store in
            let repository = try store.ensureRepository(name)
            for payload in ["1", "2", "3", "2"] {
                let manifest = try store.manifest(payload, in: repository)
                try store.setTag(tag, to: manifest.id, digest: manifest.digest, in: repository, actor: nil)
                #expect(try store.manifest(.tag(tag), in: name)?.digest == manifest.digest)
            }
            #expect(try store.tagNames(in: repository, after: "", limit: 10) == ["latest"])
        }
    }

    @Test("pages of tags put together are all of them in byte order", arguments: [1, 3, 10, 50, 100])
    func tagPages(limit: Int) async throws {
        var random = SeededGenerator(seed: 11)
        let names = Array(Set((0..<50).map { _ in random.text(of: "aAbB019_", length: 1...3) }))
        let store = try await StoreFixture.make()
        let listed = try await store.write { store in
            let repository = try store.repository("r")
            let manifest = try store.manifest("m", in: repository)
            for name in names { try store.setTag(Tag(parsing: name), to: manifest.id, digest: manifest.digest, in: repository, actor: nil) }
            try store.setTag(
                Tag(parsing: "elsewhere"), to: store.manifest("m", in: store.repository("s")).id, digest: manifest.digest,
                in: store.repository("s"), actor: nil)
            var listed: [String] = []
            while true {
                let page = try store.tagNames(in: repository, after: listed.last ?? "", limit: limit)
                #expect(page.count <= limit)
                listed += page
                if page.count < limit { return listed }
            }
        }
        #expect(listed == names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) })
    }

    @Test("a page may begin after a tag that is not there")
    func afterAbsent() async throws {
        let store = try await StoreFixture.make()
        try await store.write { store in
            let repository = try store.repository("r")
            let manifest = try store.manifest("m", in: repository)
            for name in ["a", "c", "d"] {
                try store.setTag(Tag(parsing: name), to: manifest.id, digest: manifest.digest, in: repository, actor: nil)
            }
            #expect(try store.tagNames(in: repository, after: "b", limit: 10) == ["c", "d"])
            #expect(try store.tagNames(in: repository, after: "zzz", limit: 10) == [])
            #expect(try store.tagNames(in: repository, after: "", limit: 0) == [])
        }
    }

    @Test("a repository is made once, with its project")
    func repositories() async throws {
        let store = try await StoreFixture.make()
        try await store.write { store in
            let first = try store.repository("team/app")
            #expect(try store.repository("team/app") == first)
            #expect(try store.repository("team/web") != first)
            _ = try store.repository("alpine")
            #expect(try store.repositoryID(RepositoryName(parsing: "team/app")) == first)
            #expect(try store.repositoryID(RepositoryName(parsing: "team")) == nil)
        }
        #expect(try await store.rows("SELECT name FROM project ORDER BY name") == [[.text("library")], [.text("team")]])
    }

    @Test("pages of repositories put together are all of them in byte order", arguments: [1, 4, 30, 31])
    func repositoryPages(limit: Int) async throws {
        let store = try await StoreFixture.make()
        var random = SeededGenerator(seed: 5)
        let names = Array(Set((0..<30).map { _ in random.text(of: "abz09", length: 1...3) + "/x-" + random.text(of: "ab", length: 1...2) }))
        let listed = try await store.write { store in
            for name in names { _ = try store.repository(name) }
            var listed: [String] = []
            while true {
                let page = try store.repositoryNames(after: listed.last ?? "", limit: limit)
                listed += page
                if page.count < limit { return listed }
            }
        }
        #expect(listed == names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) })
    }
}
