import CoveBlobs
import CoveMetadata
import CoveOCI
import Foundation
import NIOCore
import TestSupport
import Testing

@testable import CoveRegistry

@Suite("Mirrors: blobs")
struct MirroredBlobTests {
    private static let large = String(repeating: "0123456789abcdef", count: 16_384)

    @Test("a blob comes from the upstream once, and from the store after that", arguments: RegistryFixture.Kind.allCases)
    func once(kind: RegistryFixture.Kind) async throws {
        let fixture = try await MirrorFixture(kind)
        let image = fixture.upstream.put("1", layer: Self.large)
        #expect(try await fixture.blob(image.layer) == Self.large)
        try await fixture.settle()
        #expect(try await fixture.blob(image.layer) == Self.large)
        #expect(fixture.upstream.server.lines() == ["GET /v2/team/app/blobs/\(image.layer)"])
        await fixture.local.registry.pulls.flush()
        #expect(try await fixture.local.rows("SELECT action, count FROM event") == [["pull", "2"]])
        #expect(
            fixture.mirror.status.blobs
                == .init(hits: 1, misses: 1, bytesFetched: Int64(Self.large.utf8.count), bytesGiven: 2 * Int64(Self.large.utf8.count)))
        await fixture.end()
    }

    @Test("a hundred who want one cold blob share one download", arguments: RegistryFixture.Kind.allCases)
    func sharing(kind: RegistryFixture.Kind) async throws {
        let fixture = try await MirrorFixture(kind)
        let image = fixture.upstream.put("1", layer: Self.large)
        fixture.upstream.state.change { $0.pause = .milliseconds(50) }
        let right = await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<100 { group.addTask { (try? await fixture.blob(image.layer)) == Self.large } }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(right == 100)
        #expect(fixture.upstream.server.lines() == ["GET /v2/team/app/blobs/\(image.layer)"])
        await fixture.end()
    }

    @Test("clients have what has come before the rest is there, from any offset, and never the end before it is verified")
    func streaming() async throws {
        let fixture = try await MirrorFixture()
        let image = fixture.upstream.put("1", layer: Self.large)
        fixture.upstream.state.change { $0.isHeld = true }
        let content = try await fixture.mirror.openBlob(image.layer, in: fixture.repository, origin: fixture.local.origin)
        #expect(content.size == Int64(Self.large.utf8.count))
        guard case .storage(let reader) = content.bytes else {
            Issue.record("it is not streamed")
            return
        }
        let first = try await reader.read(at: 3, length: 5)
        #expect(String(buffer: first) == "34567")
        let half = Self.large.utf8.count / 2
        var buffer = ByteBuffer()
        #expect(reader.readAtOnce(at: Int64(half), length: 1, into: &buffer) == nil)
        fixture.upstream.state.change { $0.isHeld = false }
        #expect(String(buffer: try await reader.read(at: content.size - 2, length: 100)).hasPrefix("e"))
        await fixture.end()
    }

    @Test("bytes that are not the digest's are never given to their end, and nothing is kept", arguments: RegistryFixture.Kind.allCases)
    func wrongBytes(kind: RegistryFixture.Kind) async throws {
        let fixture = try await MirrorFixture(kind)
        let image = fixture.upstream.put("1", layer: Self.large)
        let forged = String(Self.large.dropLast()) + "X"
        fixture.upstream.state.change { $0.blobs["team/app@\(image.layer)"] = forged }
        await #expect(throws: (any Error).self) { try await fixture.blob(image.layer) }
        try await fixture.settle()
        #expect(try await fixture.local.rows("SELECT id FROM blob") == [])
        #expect(fixture.local.files == [])
        // And the next may be right.
        fixture.upstream.state.change { $0.blobs["team/app@\(image.layer)"] = Self.large }
        #expect(try await fixture.blob(image.layer) == Self.large)
        await fixture.end()
    }

    @Test("a download that breaks off goes on where it was")
    func resumption() async throws {
        let fixture = try await MirrorFixture()
        let image = fixture.upstream.put("1", layer: Self.large)
        fixture.upstream.state.change { $0.breaks = 1 }
        #expect(try await fixture.blob(image.layer) == Self.large)
        let requests = fixture.upstream.server.requests
        #expect(requests.count == 2)
        // What had come when the connection broke, which may be a little less than was sent.
        let range = try #require(requests.last?.header("range"))
        let start = try #require(Int(range.dropFirst("bytes=".count).dropLast()))
        #expect((1...Self.large.utf8.count / 2).contains(start))
        await fixture.end()
    }

    @Test("it goes on when its client has gone away")
    func abandoned() async throws {
        let fixture = try await MirrorFixture()
        let image = fixture.upstream.put("1", layer: Self.large)
        fixture.upstream.state.change { $0.pause = .milliseconds(50) }
        let content = try await fixture.mirror.openBlob(image.layer, in: fixture.repository, origin: fixture.local.origin)
        let reading = Task {
            guard case .storage(let reader) = content.bytes else { return }
            _ = try await reader.read(at: content.size - 1, length: 1)
        }
        reading.cancel()
        await #expect(throws: (any Error).self) { try await reading.value }
        try await fixture.settle()
        #expect(try await fixture.local.rows("SELECT size FROM blob") == [["\(Self.large.utf8.count)"]])
        await fixture.end()
    }

    @Test("one that takes longer than it may is given up, and nothing of it is kept")
    func tooSlow() async throws {
        let fixture = try await MirrorFixture { $0.blobTimeout = .milliseconds(20) }
        let image = fixture.upstream.put("1", layer: Self.large)
        fixture.upstream.state.change { $0.pause = .milliseconds(200) }
        await #expect(throws: (any Error).self) { _ = try await fixture.blob(image.layer) }
        try await fixture.settle()
        #expect(try await fixture.local.rows("SELECT size FROM blob").isEmpty)
        await fixture.end()
    }

    @Test("the size of a cold blob is the upstream's to say, and nothing is fetched for it")
    func size() async throws {
        let fixture = try await MirrorFixture()
        let image = fixture.upstream.put("1", layer: Self.large)
        #expect(try await fixture.mirror.blobSize(image.layer, in: fixture.repository, origin: nil) == Int64(Self.large.utf8.count))
        #expect(fixture.upstream.server.lines() == ["HEAD /v2/team/app/blobs/\(image.layer)"])
        await fixture.end()
    }

    @Test("an unknown blob is unknown, and not asked for again for a while")
    func unknown() async throws {
        let fixture = try await MirrorFixture()
        for _ in 0..<2 {
            #expect(await refusal { _ = try await fixture.blob(.of("x".utf8)) } == "blobUnknown")
            #expect(
                await refusal { _ = try await fixture.mirror.blobSize(.of("x".utf8), in: fixture.repository, origin: nil) } == "blobUnknown"
            )
        }
        #expect(fixture.upstream.server.lines().count == 1)
        await fixture.end()
    }

    @Test(
        "a blob that came with another repository is not fetched again once the upstream has it there as well",
        arguments: RegistryFixture.Kind.allCases)
    func shared(kind: RegistryFixture.Kind) async throws {
        let fixture = try await MirrorFixture(kind)
        let image = fixture.upstream.put("1", layer: Self.large)
        _ = try await fixture.blob(image.layer)
        try await fixture.settle()
        let other = try RepositoryName(parsing: "team/other")
        _ = fixture.upstream.server.lines()
        #expect(
            await refusal { _ = try await fixture.mirror.openBlob(image.layer, in: other, origin: fixture.local.origin) } == "blobUnknown")
        #expect(fixture.upstream.server.lines() == ["HEAD /v2/team/other/blobs/\(image.layer)"])
        let third = try RepositoryName(parsing: "team/third")
        fixture.upstream.put("1", layer: Self.large, in: "team/third")
        let content = try await fixture.mirror.openBlob(image.layer, in: third, origin: fixture.local.origin)
        #expect(try await fixture.read(content) == Self.large)
        #expect(fixture.upstream.server.lines() == ["HEAD /v2/team/third/blobs/\(image.layer)"])
        await fixture.end()
    }

    @Test("blobs that are stored are served when the upstream is away")
    func offline() async throws {
        let fixture = try await MirrorFixture()
        let image = fixture.upstream.put("1", layer: Self.large)
        _ = try await fixture.blob(image.layer)
        try await fixture.settle()
        fixture.answer(503)
        #expect(try await fixture.blob(image.layer) == Self.large)
        #expect(await refusal { _ = try await fixture.blob(.of("cold".utf8)) } == "upstream")
        await fixture.end()
    }
}
