import CoveOCI
import CoveOutbound
import NIOCore
import TestSupport
import Testing

@testable import CoveClient

@Suite("Requests to a registry")
struct RequestTests {
    @Test("what fails for a passing reason is asked again, three times in all", arguments: [500, 502, 503, 504])
    func retries(status: Int) async throws {
        let counter = Counter()
        let fixture = try await ClientFixture { _ in counter.next() < 2 ? .init(status) : .init(200, [("Content-Length", "7")]) }
        #expect(try await fixture.client.blobSize(ClientFixture.digest, in: "a") == 7)
        await fixture.end()
        let failing = try await ClientFixture { _ in .init(status) }
        await #expect(throws: ClientError.failed(status: status)) { try await failing.client.blobSize(ClientFixture.digest, in: "a") }
        #expect(failing.fake.requests.count == 3)
        await failing.end()
    }

    @Test(
        "what cannot change is asked once",
        arguments: [
            (404, ClientError.notFound), (403, .denied(status: 403)), (400, .invalidAnswer("status 400")), (401, .denied(status: 401)),
        ])
    func once(status: Int, error: ClientError) async throws {
        let fixture = try await ClientFixture { _ in .init(status) }
        await #expect(throws: error) { try await fixture.client.blobSize(ClientFixture.digest, in: "a") }
        #expect(fixture.fake.requests.count == 1)
        await fixture.end()
    }

    @Test(
        "429 is not asked again, and says how long to wait",
        arguments: [
            ("7", Duration.seconds(7)), ("999999999", .seconds(6 * 3600)), ("Sun, 06 Nov 1994 08:49:37 GMT", .zero), ("soon", nil),
            (nil, nil),
        ] as [(String?, Duration?)])
    func tooMany(header: String?, wait: Duration?) async throws {
        let fixture = try await ClientFixture { _ in .init(429, header.map { [("Retry-After", $0)] } ?? []) }
        await #expect(throws: ClientError.tooManyRequests(retryAfter: wait)) {
            try await fixture.client.blobSize(ClientFixture.digest, in: "a")
        }
        #expect(fixture.fake.requests.count == 1)
        await fixture.end()
    }

    @Test("the registry's limits are kept")
    func limits() async throws {
        let fixture = try await ClientFixture { _ in
            .init(
                200,
                [
                    ("RateLimit-Limit", "100;w=21600"), ("RateLimit-Remaining", "76;w=21600"), ("Docker-RateLimit-Source", "192.0.2.1"),
                    ("Content-Length", "1"),
                ])
        }
        _ = try await fixture.client.blobSize(ClientFixture.digest, in: "a")
        #expect(fixture.client.rateLimit == RateLimit(limit: 100, remaining: 76, seconds: 21_600, source: "192.0.2.1"))
        await fixture.end()
    }

    @Test("a server that says nothing, or is not there, is unreachable")
    func unreachable() async throws {
        let fixture = try await ClientFixture(stall: .seconds(1)) { _ in .init(200, [("Content-Length", "9")], "short") }
        let blob = try await fixture.client.openBlob(ClientFixture.digest, in: "a")
        await #expect(throws: ClientError.unreachable("nothing came for 1 s")) { try await fixture.text(blob) }
        await fixture.fake.stop()
        await fixture.connections.close()
        let gone = try await ClientFixture(url: { _ in "http://127.0.0.1:1" }) { _ in .init(200) }
        let error = await #expect(throws: ClientError.self) { try await gone.client.ping() }
        guard case .unreachable = error else { return #expect(Bool(false), "\(String(describing: error))") }
        await gone.end()
    }

    @Test("redirects end, and lead nowhere but to the web", arguments: ["/a", "ftp://x/", "http://"])
    func redirects(location: String) async throws {
        let fixture = try await ClientFixture { _ in .init(302, [("Location", location)]) }
        await #expect(throws: ClientError.self) { try await fixture.client.ping() }
        #expect(fixture.fake.requests.count <= 6)
        await fixture.end()
    }

    @Test("a manifest's bytes must be what its digest says, asked for or stated", arguments: [true, false])
    func digests(isByDigest: Bool) async throws {
        let fixture = try await ClientFixture { _ in
            .init(200, [("Docker-Content-Digest", "\(ClientFixture.digest)"), ("Content-Type", "application/x; charset=utf-8")], "other")
        }
        let reference: Reference = isByDigest ? .digest(ClientFixture.digest) : .tag(try Tag(parsing: "1"))
        await #expect(throws: ClientError.digestMismatch(expected: ClientFixture.digest, actual: .of("other".utf8))) {
            try await fixture.client.manifest(reference, in: "a")
        }
        await fixture.end()
    }

    @Test("a manifest is what was sent, under the type it was sent as, and all types are accepted")
    func manifest() async throws {
        let fixture = try await ClientFixture { _ in .init(200, [("Content-Type", MediaType.dockerManifest)], "hel", "lo") }
        let manifest = try await fixture.client.manifest(.tag(Tag(parsing: "1")), in: "a")
        #expect(manifest.digest == ClientFixture.digest)
        #expect(manifest.mediaType == MediaType.dockerManifest)
        #expect(String(buffer: manifest.payload) == "hello")
        let accept = try #require(fixture.fake.requests.first?.header("accept"))
        for type in MediaType.manifests { #expect(accept.contains(type)) }
        await fixture.end()
    }

    @Test("a manifest of more than four mebibytes is refused")
    func large() async throws {
        let text = String(repeating: "x", count: 4 * 1024 * 1024 + 1)
        let fixture = try await ClientFixture { _ in .init(200, [], text) }
        await #expect(throws: ClientError.invalidAnswer("it has more than 4194304 bytes")) {
            try await fixture.client.manifest(.tag(Tag(parsing: "1")), in: "a")
        }
        await fixture.end()
    }

    @Test(
        "whether a tag has moved is asked with a condition",
        arguments: [
            (304, nil, TagState.unchanged), (200, "same", .unchanged), (200, "other", .moved(Digest.of("other".utf8))),
            (200, nil, .moved(nil)),
        ] as [(Int, String?, TagState)])
    func check(status: Int, digest: String?, expected: TagState) async throws {
        let header = digest.map { $0 == "same" ? "\(ClientFixture.digest)" : "\(Digest.of($0.utf8))" }
        let fixture = try await ClientFixture { _ in .init(status, header.map { [("Docker-Content-Digest", $0)] } ?? []) }
        #expect(try await fixture.client.check(Tag(parsing: "1"), in: "a/b", knowing: ClientFixture.digest) == expected)
        let request = try #require(fixture.fake.requests.first)
        #expect(request.line == "HEAD /v2/a/b/manifests/1")
        #expect(request.header("if-none-match") == "\"\(ClientFixture.digest)\"")
        await fixture.end()
    }

    @Test("a blob goes on where it broke off, or from the start where the registry knows no ranges")
    func ranges() async throws {
        let fixture = try await ClientFixture { request in
            request.header("range") == "bytes=2-" ? .init(206, [("Content-Range", "bytes 2-4/5")], "llo") : .init(200, [], "hello")
        }
        let rest = try await fixture.client.openBlob(ClientFixture.digest, in: "a", from: 2)
        #expect((rest.size, rest.start) == (5, 2))
        #expect(try await fixture.text(rest) == "llo")
        let whole = try await fixture.client.openBlob(ClientFixture.digest, in: "a", from: 3)
        #expect((whole.size, whole.start) == (5, 0))
        await fixture.end()
    }

    @Test("the referrers of a registry without the API are read from their tag")
    func referrers() async throws {
        let entry = #"{"mediaType":"\#(MediaType.imageManifest)","digest":"\#(Digest.of("s".utf8))","size":3,"artifactType":"a/b"}"#
        let index = #"{"schemaVersion":2,"mediaType":"\#(MediaType.imageIndex)","manifests":[\#(entry)]}"#
        for hasAPI in [true, false] {
            let fixture = try await ClientFixture { request in
                request.path.contains(hasAPI ? "/referrers/" : "/manifests/sha256-")
                    ? .init(200, [("Content-Type", MediaType.imageIndex)], index) : .init(404)
            }
            let found = try await fixture.client.referrers(of: ClientFixture.digest, in: "a")
            #expect(found.map(\.artifactType) == ["a/b"])
            await fixture.end()
        }
        let none = try await ClientFixture { _ in .init(404) }
        #expect(try await none.client.referrers(of: ClientFixture.digest, in: "a").isEmpty)
        await none.end()
    }

    @Test("all tags are listed, sorted, whatever pages the registry makes of them")
    func tags() async throws {
        let fixture = try await ClientFixture { request in
            switch request.query {
            case "n=1000":
                .init(200, [("Link", #"<http://elsewhere/v2/a/b/tags/list?n=2&last=c>; rel="next""#)], #"{"name":"a","tags":["c","b"]}"#)
            case "n=2&last=c": .init(200, [("Link", #"</v2/a/b/tags/list?again>; rel="next""#)], #"{"name":"a","tags":["A"]}"#)
            // One that leads in circles.
            default: .init(200, [("Link", #"</v2/a/b/tags/list?again>; rel="next""#)], #"{"name":"a","tags":null}"#)
            }
        }
        #expect(try await fixture.client.tags(in: "a/b") == ["A", "b", "c"])
        #expect(fixture.fake.requests.count == 3)
        await fixture.end()
    }
}
