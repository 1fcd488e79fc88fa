import CoveMetadata
import CoveOCI
import Testing

@testable import CoveRegistry

@Suite("Registry: referrers")
struct ReferrerTests {
    private let app: RepositoryName

    init() throws {
        app = try RepositoryName(parsing: "team/app")
    }

    private func list(_ subject: Digest, type: String? = nil, after: Digest? = nil, limit: Int = 100, in fixture: RegistryFixture)
        async throws
        -> (
            [Digest], Bool
        )
    {
        let (page, more) = try await fixture.registry.referrers(of: subject, in: app, artifactType: type, after: after, limit: limit)
        return (page.map(\.digest), more)
    }

    @Test(
        "referrers are listed before and after their subject is there, and no more once deleted", arguments: RegistryFixture.Kind.allCases)
    func lifecycle(kind: RegistryFixture.Kind) async throws {
        let fixture = try await RegistryFixture(kind)
        let image = try await fixture.image("subject", in: app)
        let subject = Digest.of(image.utf8)
        let more = #","subject":"# + RegistryFixture.descriptor(subject, size: image.utf8.count, mediaType: MediaType.imageManifest)
        let signature = try await fixture.image("signature", in: app, more: more + #","artifactType":"t/signature""#)
        let receipt = try await fixture.pushManifest(signature, as: Digest.of(signature.utf8).description, to: app)
        #expect(receipt.subject == subject)
        #expect(try await list(subject, in: fixture) == ([receipt.digest], false))
        try await fixture.pushManifest(image, as: "v1", to: app)
        #expect(try await list(subject, in: fixture) == ([receipt.digest], false))
        let entry = try #require(
            try await fixture.registry.referrers(of: subject, in: app, artifactType: nil, after: nil, limit: 1).page.first)
        #expect(entry.artifactType == "t/signature")
        #expect(entry.annotations == ["note": "signature"])
        #expect(entry.size == signature.utf8.count)
        try await fixture.registry.deleteManifest(.digest(receipt.digest), in: app, origin: fixture.origin)
        #expect(try await list(subject, in: fixture) == ([], false))
    }

    @Test("an index may refer to a subject")
    func index() async throws {
        let fixture = try await RegistryFixture()
        let subject = Digest.of("subject".utf8)
        let json = RegistryFixture.index(
            [],
            more: #","artifactType":"t/list","subject":"# + RegistryFixture.descriptor(subject, size: 7, mediaType: MediaType.imageManifest)
        )
        let receipt = try await fixture.pushManifest(json, as: "list", to: app)
        #expect(try await list(subject, type: "t/list", in: fixture) == ([receipt.digest], false))
    }

    @Test("a list is filtered and paged in digest order")
    func paging() async throws {
        let fixture = try await RegistryFixture()
        let subject = Digest.of("subject".utf8)
        let more = #","subject":"# + RegistryFixture.descriptor(subject, size: 7, mediaType: MediaType.imageManifest)
        var (all, sboms): ([Digest], [Digest]) = ([], [])
        for number in 0..<7 {
            let type = number % 2 == 0 ? "t/sbom" : "t/signature"
            let json = try await fixture.image("\(number)", in: app, more: more + #","artifactType":"\#(type)""#)
            let digest = try await fixture.pushManifest(json, as: "t\(number)", to: app).digest
            all.append(digest)
            if number % 2 == 0 { sboms.append(digest) }
        }
        all.sort { $0.hex < $1.hex }
        sboms.sort { $0.hex < $1.hex }
        #expect(try await list(subject, in: fixture) == (all, false))
        #expect(try await list(subject, limit: 3, in: fixture) == (Array(all[..<3]), true))
        #expect(try await list(subject, after: all[2], limit: 4, in: fixture) == (Array(all[3...]), false))
        #expect(try await list(subject, type: "t/sbom", in: fixture) == (sboms, false))
        #expect(try await list(subject, type: "t/sbom", after: sboms[0], limit: 2, in: fixture) == (Array(sboms[1...2]), true))
        #expect(try await list(subject, type: "t/none", in: fixture) == ([], false))
    }

    @Test("a repository or subject that is not there has no referrers")
    func nothing() async throws {
        let fixture = try await RegistryFixture()
        #expect(try await list(Digest.of([]), in: fixture) == ([], false))
        try await fixture.push("x", to: app)
        #expect(try await list(Digest.of([]), in: fixture) == ([], false))
    }
}
