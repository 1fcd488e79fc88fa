import CoveClient
import CoveMetadata
import CoveOCI
import NIOCore
import TestSupport
import Testing

@testable import CoveRegistry

@Suite("Mirrors: manifests")
struct MirroredManifestTests {
    @Test("the first pull fetches a manifest, the next only asks whether its tag has moved, and a digest asks nothing")
    func revalidation() async throws {
        let fixture = try await MirrorFixture()
        let image = fixture.upstream.put("1", layer: "a")
        #expect(try await fixture.digest("1") == "\(image.manifest)")
        #expect(fixture.upstream.server.lines() == ["GET /v2/team/app/manifests/1"])
        #expect(try await fixture.digest("1") == "\(image.manifest)")
        #expect(fixture.upstream.server.lines() == ["HEAD /v2/team/app/manifests/1"])
        #expect(try await fixture.digest("\(image.manifest)") == "\(image.manifest)")
        #expect(fixture.upstream.server.lines() == [])
        await fixture.end()
    }

    @Test("it is stored as it was sent, without what it refers to, and no event tells of a push")
    func exactness() async throws {
        let fixture = try await MirrorFixture()
        let image = fixture.upstream.put("1", layer: "a", more: #", "annotations" : {"x":"y"}"#)
        let answer = try await fixture.pull("1").value
        #expect(String(buffer: answer.payload) == fixture.upstream.state.value.manifests["team/app@\(image.manifest)"]?.text)
        #expect(answer.mediaType == MediaType.imageManifest)
        await fixture.local.registry.pulls.flush()
        #expect(try await fixture.local.rows("SELECT action, tag, count FROM event") == [["pull", "1", "1"]])
        #expect(try await fixture.local.rows("SELECT count FROM tag_pull") == [["1"]])
        await fixture.end()
    }

    @Test("a tag that has moved is followed", arguments: RegistryFixture.Kind.allCases)
    func moves(kind: RegistryFixture.Kind) async throws {
        let fixture = try await MirrorFixture(kind)
        let first = fixture.upstream.put("1", layer: "a")
        _ = try await fixture.digest("1")
        let second = fixture.upstream.put("1", layer: "b")
        #expect(try await fixture.digest("1") == "\(second.manifest)")
        // Back to one that is stored: nothing is fetched.
        fixture.upstream.state.change { $0.tags["team/app:1"] = "\(first.manifest)" }
        _ = fixture.upstream.server.lines()
        #expect(try await fixture.digest("1") == "\(first.manifest)")
        #expect(fixture.upstream.server.lines() == ["HEAD /v2/team/app/manifests/1"])
        await fixture.end()
    }

    @Test("what is stored is served while the upstream fails or wants quiet, and said to be stale", arguments: [500, 503, 429])
    func stale(status: Int) async throws {
        let fixture = try await MirrorFixture()
        let image = fixture.upstream.put("1", layer: "a")
        _ = try await fixture.digest("1")
        fixture.answer(status)
        #expect(try await fixture.digest("1") == "\(image.manifest) stale")
        #expect(try await fixture.digest("\(image.manifest)") == "\(image.manifest)")
        // It is left alone for a moment.
        _ = fixture.upstream.server.lines()
        #expect(try await fixture.digest("1") == "\(image.manifest) stale")
        #expect(fixture.upstream.server.lines() == [])
        await fixture.end()
    }

    @Test("an upstream that wants quiet gets it, and clients are told how long")
    func quiet() async throws {
        let fixture = try await MirrorFixture()
        fixture.upstream.put("1", layer: "a")
        fixture.answer(429, [("Retry-After", "30")])
        for _ in 0..<3 {
            let error = await #expect(throws: RegistryError.self) { try await fixture.pull("1") }
            guard case .upstream(let failure) = error, case .tooManyRequests(let after?) = failure.kind else {
                Issue.record("\(String(describing: error))")
                continue
            }
            #expect(after <= .seconds(30))
        }
        #expect(fixture.upstream.server.lines().count == 1)
        #expect(fixture.mirror.status.quiet != nil)
        await fixture.end()
    }

    @Test("what the upstream does not have is unknown, and not asked for again for a while", arguments: [404, 401, 403])
    func absent(status: Int) async throws {
        let fixture = try await MirrorFixture()
        fixture.answer(status)
        for _ in 0..<3 { #expect(await refusal { _ = try await fixture.pull("1") } == "manifestUnknown") }
        #expect(fixture.upstream.server.lines().count == 1)
        await fixture.end()
        let eager = try await MirrorFixture { $0.negativeTimeToLive = .zero }
        for _ in 0..<2 { #expect(await refusal { _ = try await eager.pull("1") } == "manifestUnknown") }
        #expect(eager.upstream.server.lines().count == 2)
        await eager.end()
    }

    @Test("a tag that is gone there is gone here, also when the upstream is away after that")
    func deleted() async throws {
        let fixture = try await MirrorFixture()
        let image = fixture.upstream.put("1", layer: "a")
        _ = try await fixture.pull("1")
        fixture.upstream.state.change { $0.tags = [:] }
        #expect(await refusal { _ = try await fixture.pull("1") } == "manifestUnknown")
        fixture.answer(500)
        #expect(await refusal { _ = try await fixture.pull("1") } == "manifestUnknown")
        #expect(try await fixture.digest("\(image.manifest)") == "\(image.manifest)")
        await fixture.end()
    }

    @Test("an upstream that cannot be reached is named, when nothing is stored")
    func unreachable() async throws {
        let fixture = try await MirrorFixture()
        await fixture.upstream.server.stop()
        let error = await #expect(throws: RegistryError.self) { try await fixture.pull("1") }
        guard case .upstream(let failure) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(failure.upstream == fixture.upstream.server.url)
        #expect(fixture.mirror.status.isAway)
        await fixture.end()
    }

    @Test("a manifest whose bytes are not its digest's is not kept")
    func wrongBytes() async throws {
        let fixture = try await MirrorFixture()
        let image = fixture.upstream.put("1", layer: "a")
        fixture.upstream.state.change { $0.manifests["team/app@\(image.manifest)"]?.text += " " }
        #expect(await refusal { _ = try await fixture.pull("1") } == "upstream")
        #expect(await refusal { _ = try await fixture.pull("\(image.manifest)") } == "upstream")
        #expect(try await fixture.local.rows("SELECT id FROM manifest") == [])
        await fixture.end()
    }

    @Test("a manifest that Cove would not take from a client is handed on, and not kept")
    func odd() async throws {
        let fixture = try await MirrorFixture()
        let text = #"{"schemaVersion":2,"mediaType":"application/vnd.odd+json","size":1}"#
        let digest = Digest.of(text.utf8)
        fixture.upstream.state.change {
            $0.manifests["team/app@\(digest)"] = ("application/vnd.odd+json", text)
            $0.tags["team/app:odd"] = "\(digest)"
        }
        let answer = try await fixture.pull("odd").value
        #expect(String(buffer: answer.payload) == text)
        #expect(answer.mediaType == "application/vnd.odd+json")
        #expect(try await fixture.local.rows("SELECT id FROM manifest") == [])
        await fixture.end()
    }

    @Test("a read-only registry hands on and keeps nothing")
    func readOnly() async throws {
        var options = Registry.Options()
        options.readOnly = true
        let fixture = try await MirrorFixture(options: options)
        let image = fixture.upstream.put("1", layer: "a")
        #expect(try await fixture.digest("1") == "\(image.manifest)")
        #expect(try await fixture.blob(image.layer) == "a")
        try await fixture.settle()
        #expect(try await fixture.local.rows("SELECT id FROM manifest") == [])
        #expect(try await fixture.local.rows("SELECT id FROM blob") == [])
        await fixture.end()
    }

    @Test("those who pull a tag at once share a request")
    func flight() async throws {
        let fixture = try await MirrorFixture()
        let image = fixture.upstream.put("1", layer: "a")
        let digests = await withTaskGroup(of: String?.self) { group in
            for _ in 0..<50 { group.addTask { try? await fixture.digest("1") } }
            return await group.reduce(into: Set<String?>()) { $0.insert($1) }
        }
        #expect(digests == ["\(image.manifest)"])
        let lines = fixture.upstream.server.lines()
        #expect(lines.filter { $0.hasPrefix("GET") }.count == 1)
        #expect(lines.count < 10)
        await fixture.end()
    }

    @Test("within tagttl a tag is not asked for")
    func tagTimeToLive() async throws {
        let fixture = try await MirrorFixture { $0.tagTimeToLive = .seconds(60) }
        fixture.upstream.put("1", layer: "a")
        for _ in 0..<3 { _ = try await fixture.pull("1") }
        #expect(fixture.upstream.server.lines() == ["GET /v2/team/app/manifests/1"])
        await fixture.end()
    }

    @Test("nothing is changed in a mirrored repository, and others are the registry's own")
    func pushes() async throws {
        let fixture = try await MirrorFixture(prefix: "up.test")
        let (registry, origin) = (fixture.local.registry, fixture.local.origin)
        let mirrored = try fixture.repository
        #expect(await refusal { _ = try await registry.beginUpload(in: mirrored, algorithm: .sha256) } == "mirrored")
        #expect(await refusal { try await fixture.local.push("x", to: mirrored) } == "mirrored")
        #expect(await refusal { try await fixture.local.pushManifest("{}", as: "1", to: mirrored) } == "mirrored")
        #expect(await refusal { try await registry.deleteManifest(.tag(Tag(parsing: "1")), in: mirrored, origin: origin) } == "mirrored")
        #expect(await refusal { try await registry.deleteBlob(.of("x".utf8), in: mirrored, origin: origin) } == "mirrored")
        #expect(
            await refusal { _ = try await registry.mountBlob(.of("x".utf8), from: nil, to: mirrored, origin: origin) } == "mirrored")
        let own = try RepositoryName(parsing: "team/app")
        #expect(fixture.mirrors.mirror(of: own) == nil)
        try await fixture.local.push("x", to: own)
        await fixture.end()
    }
}
