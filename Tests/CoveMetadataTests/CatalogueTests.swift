import CoveOCI
import TestSupport
import Testing

@testable import CoveMetadata

@Suite("Queries: repositories, labels and search")
struct CatalogueTests {
    private static func filled() async throws -> MetadataStore {
        let store = try await StoreFixture.make()
        try await store.write { store in
            for name in ["team/app", "team/sub/tool", "other/app", "alpine"] {
                let repository = try store.repository(name)
                let manifest = try store.manifest(name, in: repository)
                try store.setTag(Tag(parsing: "v1"), to: manifest.id, digest: manifest.digest, in: repository, actor: nil)
            }
            _ = try store.connection.run("UPDATE project SET is_public = 1 WHERE name = 'library'", [])
            try store.count([
                PullCount(repository: RepositoryName(parsing: "team/app"), digest: StoreFixture.digest("team/app"), tag: nil, count: 2),
                PullCount(
                    repository: RepositoryName(parsing: "team/app"), digest: StoreFixture.digest("team/app"), tag: Tag(parsing: "v1"),
                    count: 3),
            ])
        }
        return store
    }

    @Test("a project's repositories come by name, with what they hold and how often it was pulled")
    func repositories() async throws {
        let store = try await Self.filled()
        let (found, total) = try await store.read { store in
            try store.repositories(inProject: #require(try store.project(named: "team")).id, ListQuery())
        }
        #expect(total == 2 && found.map(\.fullName) == ["team/app", "team/sub/tool"])
        #expect(found.map(\.pullCount) == [5, 0] && found.map(\.artifactCount) == [1, 1])
        var query = ListQuery()
        try query.filter("name=~library/")
        let visible = ProjectVisibility.all
        let official = try await store.read { [query] in try $0.repositories(visible: visible, query).repositories.map(\.fullName) }
        #expect(official == ["library/alpine"])
        var sorted = ListQuery()
        try sorted.sort("-pull_count,name")
        let names = try await store.read { [sorted] in try $0.repositories(visible: visible, sorted).repositories.map(\.fullName) }
        #expect(names == ["team/app", "library/alpine", "other/app", "team/sub/tool"])
    }

    @Test("one who may see some projects finds those and public ones")
    func visibility() async throws {
        let store = try await Self.filled()
        func names(_ visible: ProjectVisibility) async throws -> [String] {
            try await store.read { try $0.repositories(visible: visible, ListQuery()).repositories.map(\.fullName) }
        }
        #expect(try await names(.some(ids: [], names: [])) == ["library/alpine"])
        #expect(try await names(.some(ids: [], names: ["other"])) == ["library/alpine", "other/app"])
        let team = try #require(try await store.read { try $0.project(named: "team") }).id
        #expect(try await names(.some(ids: [team], names: [])) == ["library/alpine", "team/app", "team/sub/tool"])
        try await store.read { store in
            let some = ProjectVisibility.some(ids: [team], names: [])
            let projects = try store.searchProjects("", visible: some, limit: 10)
            #expect(projects.map { $0.project.name } == ["library", "team"] && projects.map(\.repositories) == [1, 2])
            let counted = try store.searchProjects("EA", visible: .all, limit: 10)
            #expect(counted.map { $0.repositories } == [2])
            let repositories = try store.searchRepositories("app", visible: some, limit: 10)
            #expect(repositories.map { $0.repository.fullName } == ["team/app"])
            let official = try store.searchRepositories("library/al", visible: some, limit: 10)
            #expect(official.map { $0.isPublic } == [true])
            let none = try store.searchRepositories("%", visible: .all, limit: 10)
            #expect(none.isEmpty)
            let counts = CatalogueCounts(privateProjects: 1, privateRepositories: 2, publicProjects: 1, publicRepositories: 1)
            #expect(try store.catalogueCounts(visible: some) == counts)
            #expect(try store.catalogueCounts(visible: .all).privateProjects == 2)
        }
    }

    @Test(
        "one who may see some repositories of a project finds those, and its name",
        arguments: [
            ("app", ["app"]), ("*", ["app"]), ("**", ["app", "sub/tool"]), ("sub/*", ["sub/tool"]), ("s*/t*l", ["sub/tool"]),
            ("sub/**", ["sub/tool"]), ("**/tool", ["sub/tool"]), ("*/*/*", []), ("_pp", []), ("a%", []), ("su*", []), ("*/**", []),
        ])
    func shares(pattern: String, found: [String]) async throws {
        let store = try await Self.filled()
        let team = try #require(try await store.read { try $0.project(named: "team") }).id
        let visible = ProjectVisibility.some(ids: [], names: [], shares: [.init(projectID: team, pattern: pattern)])
        try await store.read { store in
            let expected = found.map { "team/\($0)" }
            let listed = try store.repositories(visible: visible, ListQuery()).repositories
            #expect(listed.map(\.fullName) == ["library/alpine"] + expected)
            let own = try store.repositories(inProject: team, visible: visible, ListQuery())
            #expect(own.total == Int64(found.count))
            let searched = try store.searchRepositories("team/", visible: visible, limit: 10)
            #expect(searched.map { $0.repository.fullName } == expected)
            let projects = try store.searchProjects("", visible: visible, limit: 10)
            #expect(projects.map { $0.project.name } == ["library", "team"])
        }
    }

    @Test("a share of the project library is about names of one component")
    func sharesOfLibrary() async throws {
        let store = try await Self.filled()
        _ = try await store.write { try $0.connection.run("UPDATE project SET is_public = 0", []) }
        let library = try #require(try await store.read { try $0.project(named: "library") }).id
        let visible = ProjectVisibility.some(ids: [], names: [], shares: [.init(projectID: library, pattern: "alp*")])
        let names = try await store.read { try $0.repositories(visible: visible, ListQuery()).repositories.map(\.fullName) }
        #expect(names == ["library/alpine"])
    }

    @Test("a repository is forgotten when it holds nothing, and not before")
    func forgets() async throws {
        let store = try await Self.filled()
        try await store.write { store in
            let name = try RepositoryName(parsing: "team/app")
            let id = try store.repository("team/app")
            let blob = try store.blob("b")
            try store.link(blob.id, to: id)
            #expect(try !store.forgetRepository(id))
            for digest in try store.anyManifests(in: id, limit: 5) { _ = try store.deleteManifest(digest, in: id, actor: nil) }
            #expect(try !store.forgetRepository(id))
            for blob in try store.anyHeldBlobs(in: id, limit: 5) { try store.unlink(blob, from: id) }
            #expect(try store.forgetRepository(id))
            #expect(try store.repositoryID(name) == nil)
        }
    }

    @Test("a label is known by its name in its project, and goes from what has it")
    func labels() async throws {
        let store = try await Self.filled()
        try await store.write { store in
            let team = try #require(try store.project(named: "team")).id
            let first = try #require(try store.insertLabel("a", description: "d", color: "#123456", projectID: nil))
            let second = try #require(try store.insertLabel("a", description: "", color: "", projectID: team))
            let third = try #require(try store.insertLabel("b", description: "", color: "", projectID: team))
            #expect(try store.insertLabel("a", description: "", color: "", projectID: team) == nil)
            #expect(try store.labels(ofProject: nil, name: nil, ListQuery()).labels.map(\.id) == [first])
            #expect(try store.labels(ofProject: team, name: "B", ListQuery()).labels.map(\.id) == [third])
            let label = try #require(try store.label(third))
            #expect(try !store.updateLabel(label, name: "a", description: "", color: ""))
            #expect(try store.updateLabel(label, name: "c", description: "x", color: ""))
            let artifact = try #require(try store.artifact(.tag(Tag(parsing: "v1")), in: store.repository("team/app")))
            #expect(try store.addLabel(second, to: artifact.id))
            #expect(try store.addLabel(third, to: artifact.id))
            #expect(try store.labels(ofArtifacts: [artifact.id])[artifact.id]?.map(\.name) == ["a", "c"])
            #expect(try store.removeLabel(second, from: artifact.id))
            #expect(try !store.removeLabel(second, from: artifact.id))
            try store.deleteLabel(third)
            #expect(try store.labels(ofArtifacts: [artifact.id]).isEmpty)
        }
    }
}
