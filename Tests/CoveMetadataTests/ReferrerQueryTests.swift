import CoveOCI
import TestSupport
import Testing

@testable import CoveMetadata

@Suite("Queries: referrers")
struct ReferrerQueryTests {
    private static let subject = StoreFixture.digest("subject")

    /// A store with `count` referrers, every third of type `t/sbom`, and their digests in order.
    private static func store(count: Int, annotation: Int = 0) async throws -> (MetadataStore, all: [Digest], sboms: [Digest]) {
        let store = try await StoreFixture.make()
        let (all, sboms) = try await store.write { store in
            let repository = try store.repository("r")
            var (all, sboms): ([Digest], [Digest]) = ([], [])
            for number in 0..<count {
                let isSBOM = number % 3 == 0
                let digest = try store.manifest(
                    "m\(number)", in: repository, subject: subject, artifactType: isSBOM ? "t/sbom" : "t/signature",
                    annotations: annotation == 0 ? nil : ["note": String(repeating: "x", count: annotation)]
                ).digest
                all.append(digest)
                if isSBOM { sboms.append(digest) }
            }
            _ = try store.manifest("other subject", in: repository, subject: StoreFixture.digest("other"))
            _ = try store.manifest("no subject", in: repository)
            _ = try store.manifest("m0", in: store.repository("elsewhere"), subject: subject)
            return (all, sboms)
        }
        func sorted(_ digests: [Digest]) -> [Digest] { digests.sorted { $0.hex < $1.hex } }
        return (store, sorted(all), sorted(sboms))
    }

    /// Every page from the first to the last.
    private static func pages(
        _ store: MetadataStore, artifactType: String? = nil, limit: Int, budget: Int = 1_000_000
    ) async throws -> [[Descriptor]] {
        try await store.read { store in
            let repository = try store.repositoryID(RepositoryName(parsing: "r")) ?? 0
            var pages: [[Descriptor]] = []
            while true {
                let (page, more) = try store.referrers(
                    of: subject, in: repository, artifactType: artifactType, after: pages.last?.last?.digest, limit: limit,
                    budget: budget)
                pages.append(page)
                if !more || pages.count > 100 { return pages }
            }
        }
    }

    @Test("pages of any length put together are the whole list in digest order", arguments: [1, 2, 3, 7, 20, 21, 1000])
    func paging(limit: Int) async throws {
        let (store, all, sboms) = try await Self.store(count: 20)
        let pages = try await Self.pages(store, limit: limit)
        #expect(pages.flatMap { $0 }.map(\.digest) == all)
        #expect(pages.dropLast().allSatisfy { $0.count == limit })
        let filtered = try await Self.pages(store, artifactType: "t/sbom", limit: limit)
        #expect(filtered.flatMap { $0 }.map(\.digest) == sboms)
        #expect(filtered.flatMap { $0 }.allSatisfy { $0.artifactType == "t/sbom" })
    }

    @Test("a type that nothing has gives an empty page, and so does a subject without referrers")
    func nothing() async throws {
        let (store, _, _) = try await Self.store(count: 3)
        #expect(try await Self.pages(store, artifactType: "t/none", limit: 5) == [[]])
        try await store.read { store in
            let (page, more) = try store.referrers(
                of: StoreFixture.digest("nobody"), in: store.repositoryID(RepositoryName(parsing: "r")) ?? 0, artifactType: nil,
                after: nil, limit: 5, budget: 1000)
            #expect(page.isEmpty && !more)
        }
    }

    @Test("a page ends where its annotations would be more than the budget")
    func budget() async throws {
        let (store, all, _) = try await Self.store(count: 9, annotation: 1000)
        // Each costs its annotations' JSON and 512 bytes more.
        let pages = try await Self.pages(store, limit: 100, budget: 3500)
        #expect(pages.map(\.count) == [2, 2, 2, 2, 1])
        #expect(pages.flatMap { $0 }.map(\.digest) == all)
        #expect(pages.flatMap { $0 }.allSatisfy { $0.annotations?["note"]?.count == 1000 })
    }

    @Test("a referrer that is larger than the budget is a page of its own")
    func overBudget() async throws {
        let (store, all, _) = try await Self.store(count: 3, annotation: 1000)
        let pages = try await Self.pages(store, limit: 100, budget: 10)
        #expect(pages.map(\.count) == [1, 1, 1])
        #expect(pages.flatMap { $0 }.map(\.digest) == all)
        #expect(pages.flatMap { $0 }.allSatisfy { $0.annotations != nil })
    }

    @Test("an entry says type, size, artifact type and annotations of the referrer")
    func entry() async throws {
        let store = try await StoreFixture.make()
        let entries = try await store.write { store in
            let repository = try store.repository("r")
            _ = try store.manifest(
                "{}", in: repository, mediaType: MediaType.dockerManifest, subject: Self.subject, artifactType: "t/x",
                annotations: ["a": "b\"é"])
            return try store.referrers(of: Self.subject, in: repository, artifactType: nil, after: nil, limit: 9, budget: 9999).page
        }
        let expected = Descriptor(
            mediaType: MediaType.dockerManifest, digest: StoreFixture.digest("{}"), size: 2, artifactType: "t/x",
            annotations: ["a": "b\"é"])
        #expect(entries == [expected])
    }
}
