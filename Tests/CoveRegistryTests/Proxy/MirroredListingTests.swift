import CoveMetadata
import CoveOCI
import TestSupport
import Testing

@testable import CoveRegistry

@Suite("Mirrors: lists, names and eviction")
struct MirroredListingTests {
    @Test("tags are the upstream's, and the store's when it is away")
    func tags() async throws {
        let fixture = try await MirrorFixture()
        for tag in ["1", "2", "3"] { fixture.upstream.put(tag, layer: tag) }
        _ = try await fixture.pull("2")
        let all = try await fixture.mirror.tags(in: fixture.repository, after: "", limit: 100)
        #expect(all.value.page == ["1", "2", "3"])
        #expect(all.staleness == nil)
        fixture.answer(500)
        let stored = try await fixture.mirror.tags(in: fixture.repository, after: "", limit: 100)
        #expect(stored.value.page == ["2"])
        #expect(stored.staleness != nil)
        fixture.answer(nil)
        let none = try RepositoryName(parsing: "no/such")
        #expect(await refusal { _ = try await fixture.mirror.tags(in: none, after: "", limit: 1) } == "repositoryUnknown")
        await fixture.end()
    }

    @Test("referrers are the upstream's, and those that are stored when it is away")
    func referrers() async throws {
        let fixture = try await MirrorFixture()
        let image = fixture.upstream.put("1", layer: "a")
        let subject = RegistryFixture.descriptor(image.manifest, size: 7, mediaType: MediaType.imageManifest)
        let signature = fixture.upstream.put("sig", layer: "s", more: #","subject":\#(subject),"artifactType":"a/sig""#)
        let entry = { (digest: Digest, type: String) in
            RegistryFixture.descriptor(digest, size: 9, mediaType: MediaType.imageManifest, more: #","artifactType":"\#(type)""#)
        }
        fixture.upstream.state.change { $0.referrers = [entry(signature.manifest, "a/sig"), entry(.of("other".utf8), "a/sbom")] }
        func list(_ type: String? = nil) async throws -> Mirrored<(page: [Descriptor], more: Bool)> {
            try await fixture.mirror.referrers(of: image.manifest, in: fixture.repository, artifactType: type, after: nil, limit: 10)
        }
        #expect(try await list().value.page.count == 2)
        #expect(try await list("a/sig").value.page.map(\.digest) == [signature.manifest])
        _ = try await fixture.pull("\(signature.manifest)")
        fixture.answer(500)
        let stored = try await list()
        #expect(stored.value.page.map(\.digest) == [signature.manifest])
        #expect(stored.staleness != nil)
        await fixture.end()
    }

    @Test("a name belongs to the upstream with the longest prefix")
    func prefixes() async throws {
        let fixture = try await MirrorFixture(prefix: "docker.io")
        let client = fixture.mirror.upstream.client
        let upstreams = Upstreams([
            Upstream(prefix: "", namespace: "whole.test", client: client), Upstream(prefix: "mirror", namespace: "m.test", client: client),
            Upstream(prefix: "mirror/hub", namespace: "docker.io", client: client),
        ])
        func owner(_ name: String) throws -> String? { upstreams.upstream(of: try RepositoryName(parsing: name))?.namespace }
        #expect(try owner("mirror/hub/library/alpine") == "docker.io")
        #expect(try owner("mirror/hubs/alpine") == "m.test")
        #expect(try owner("mirror") == "whole.test")
        #expect(try owner("team/app") == "whole.test")
        #expect(upstreams.all[0].remoteName(of: try RepositoryName(parsing: "mirror/hub/library/alpine")) == "library/alpine")
        #expect(Upstreams([upstreams.all[0]]).upstream(of: try RepositoryName(parsing: "team/app")) == nil)
        await fixture.end()
    }

    @Test(
        "ns chooses the upstream",
        arguments: [
            ("library/alpine", "docker.io", "docker.io/library/alpine"),
            ("library/alpine", "registry-1.docker.io", "docker.io/library/alpine"),
            ("docker.io/library/alpine", "docker.io", "docker.io/library/alpine"), ("team/app", "ghcr.io", nil),
            ("team/app", "here.test:5000", "team/app"),
        ] as [(String, String, String?)])
    func namespaces(name: String, namespace: String, local: String?) async throws {
        let fixture = try await MirrorFixture(prefix: "docker.io")
        let upstreams = Upstreams([Upstream(prefix: "docker.io", namespace: "docker.io", client: fixture.mirror.upstream.client)])
        #expect(upstreams.localName(name, namespace: namespace, hosts: ["here.test:5000"]) == local)
        await fixture.end()
    }

    @Test("a registry that mirrors everything is whatever ns says")
    func wholeNamespace() async throws {
        let fixture = try await MirrorFixture()
        #expect(fixture.mirrors.localName("library/alpine", namespace: "quay.io", hosts: []) == "library/alpine")
        await fixture.end()
    }

    @Test(
        "what nobody pulls for ttl goes, and its bytes with the collector; what is pulled stays",
        arguments: RegistryFixture.Kind.allCases)
    func eviction(kind: RegistryFixture.Kind) async throws {
        let fixture = try await MirrorFixture(kind)
        let registry = fixture.local.registry
        let old = fixture.upstream.put("old", layer: "old layer")
        let used = fixture.upstream.put("used", layer: "used layer")
        for (tag, image) in [("old", old), ("used", used)] {
            _ = try await fixture.pull(tag)
            _ = try await fixture.blob(image.layer)
        }
        try await fixture.settle()
        await registry.pulls.flush()
        let cutoff = Int64.nowMicroseconds + 1
        try await Task.sleep(for: .milliseconds(2))
        _ = try await fixture.pull("used")
        await registry.pulls.flush()
        try await registry.evict(from: fixture.repository, unusedSince: cutoff)
        #expect(try await fixture.local.rows("SELECT name FROM tag") == [["used"]])
        #expect(try await fixture.local.rows("SELECT digest FROM manifest") == [["\(used.manifest)"]])
        var options = Upkeep.Options()
        options.blobGrace = .zero
        try await Upkeep(registry: registry, options: options).collectBlobs()
        let kept = try await fixture.local.rows("SELECT digest FROM blob").flatMap { $0 }
        #expect(kept == ["\(used.layer)"])
        fixture.answer(500)
        #expect(await refusal { _ = try await fixture.pull("\(old.manifest)") } == "upstream")
        #expect(await refusal { _ = try await fixture.blob(old.layer) } == "upstream")
        #expect(try await fixture.blob(used.layer) == "used layer")
        await fixture.end()
    }

    @Test("without a ttl nothing goes, nor from repositories that are not mirrored")
    func keeping() async throws {
        let fixture = try await MirrorFixture(prefix: "up.test") { $0.timeToLive = nil }
        fixture.upstream.put("1", layer: "a")
        _ = try await fixture.pull("1")
        try await fixture.mirrors.evict()
        #expect(try await fixture.local.rows("SELECT name FROM tag") == [["1"]])
        #expect(fixture.mirrors.evictionInterval == nil)
        await fixture.end()
        let short = try await MirrorFixture(prefix: "up.test") { $0.timeToLive = .milliseconds(1) }
        let own = try RepositoryName(parsing: "own/app")
        try await short.local.pushManifest(try await short.local.image("x", in: own), as: "1", to: own)
        try await Task.sleep(for: .milliseconds(5))
        try await short.mirrors.evict()
        #expect(try await short.local.rows("SELECT name FROM tag") == [["1"]])
        await short.end()
    }
}
