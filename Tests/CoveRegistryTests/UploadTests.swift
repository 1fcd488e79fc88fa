import CoveBlobs
import CoveMetadata
import CoveOCI
import Foundation
import NIOCore
import TestSupport
import Testing

@testable import CoveRegistry

@Suite("Registry: uploads")
struct UploadTests {
    private let app: RepositoryName
    private let web: RepositoryName

    init() throws {
        app = try RepositoryName(parsing: "team/app")
        web = try RepositoryName(parsing: "team/web")
    }

    private func append(_ text: String, _ claim: ChunkClaim = .init(), to id: UploadID, _ fixture: RegistryFixture) async throws -> Int64 {
        try await fixture.registry.appendChunk(RegistryFixture.body(text), claim: claim, to: id, in: app)
    }

    private func finish(
        _ id: UploadID, as text: String, last: String = "", _ fixture: RegistryFixture, algorithm: Digest.Algorithm = .sha256
    )
        async throws
    {
        try await fixture.registry.finishUpload(
            id, expecting: Digest.of(text.utf8, algorithm: algorithm), body: RegistryFixture.body(last), claim: .init(), in: app,
            origin: fixture.origin)
    }

    @Test("chunks add up to a blob, and the status says how far they got", arguments: RegistryFixture.Kind.allCases)
    func chunks(kind: RegistryFixture.Kind) async throws {
        let fixture = try await RegistryFixture(kind)
        let id = try await fixture.registry.beginUpload(in: app, algorithm: .sha256)
        #expect(try await fixture.registry.uploadStatus(id, in: app) == 0)
        #expect(try await append("one ", .init(start: 0, length: 4), to: id, fixture) == 4)
        #expect(try await append("two ", .init(start: 4), to: id, fixture) == 8)
        #expect(try await fixture.registry.uploadStatus(id, in: app) == 8)
        try await finish(id, as: "one two three", last: "three", fixture)
        #expect(try await fixture.pull(Digest.of("one two three".utf8), from: app) == "one two three")
        #expect(await refusal { _ = try await fixture.registry.uploadStatus(id, in: app) } == "uploadUnknown")
    }

    @Test(
        "the digest may be of another algorithm than the upload began with", arguments: RegistryFixture.Kind.allCases,
        Digest.Algorithm.allCases)
    func algorithms(kind: RegistryFixture.Kind, begun: Digest.Algorithm) async throws {
        let fixture = try await RegistryFixture(kind)
        for ended in Digest.Algorithm.allCases {
            let id = try await fixture.registry.beginUpload(in: app, algorithm: begun)
            _ = try await append("some ", to: id, fixture)
            try await finish(id, as: "some \(ended)", last: "\(ended)", fixture, algorithm: ended)
            #expect(try await fixture.pull(Digest.of("some \(ended)".utf8, algorithm: ended), from: app) == "some \(ended)")
        }
    }

    @Test("an empty upload is the empty blob", arguments: RegistryFixture.Kind.allCases)
    func empty(kind: RegistryFixture.Kind) async throws {
        let fixture = try await RegistryFixture(kind)
        let id = try await fixture.registry.beginUpload(in: app, algorithm: .sha256)
        try await finish(id, as: "", fixture)
        #expect(try await fixture.pull(Digest.of([]), from: app) == "")
    }

    @Test(
        "a chunk out of order is refused with both places, and changes nothing", arguments: RegistryFixture.Kind.allCases,
        [0, 3, 5] as [Int64])
    func outOfOrder(kind: RegistryFixture.Kind, start: Int64) async throws {
        let fixture = try await RegistryFixture(kind)
        let id = try await fixture.registry.beginUpload(in: app, algorithm: .sha256)
        _ = try await append("four", to: id, fixture)
        for attempt in [
            { _ = try await append("x", .init(start: start), to: id, fixture) },
            { try await fixture.registry.checkChunk(.init(start: start), of: id, in: app) },
        ] as [() async throws -> Void] {
            do {
                try await attempt()
                Issue.record("it was accepted")
            } catch RegistryError.chunkOutOfOrder(let claimed, let received) {
                #expect(claimed == start)
                #expect(received == 4)
            }
        }
        #expect(try await fixture.registry.uploadStatus(id, in: app) == 4)
        _ = try await append("+", .init(start: 4), to: id, fixture)
        try await finish(id, as: "four+", fixture)
    }

    @Test(
        "a chunk that is not as long as stated is dropped, and what came before stays", arguments: RegistryFixture.Kind.allCases,
        [2, 6] as [Int64])
    func wrongLength(kind: RegistryFixture.Kind, length: Int64) async throws {
        let fixture = try await RegistryFixture(kind)
        let id = try await fixture.registry.beginUpload(in: app, algorithm: .sha256)
        #expect(await refusal { _ = try await append("bad", .init(length: length), to: id, fixture) } == "lengthMismatch")
        _ = try await append("good ", to: id, fixture)
        #expect(await refusal { _ = try await append("bad", .init(start: 5, length: length), to: id, fixture) } == "lengthMismatch")
        #expect(try await fixture.registry.uploadStatus(id, in: app) == 5)
        try await finish(id, as: "good end", last: "end", fixture)
        #expect(try await fixture.pull(Digest.of("good end".utf8), from: app) == "good end")
    }

    @Test("what arrived before a body broke off is kept, and the client goes on from there", arguments: RegistryFixture.Kind.allCases)
    func resume(kind: RegistryFixture.Kind) async throws {
        let fixture = try await RegistryFixture(kind)
        let id = try await fixture.registry.beginUpload(in: app, algorithm: .sha256)
        _ = try await append("one ", to: id, fixture)
        let broken = RegistryFixture.body([ByteBuffer(string: "two "), ByteBuffer(string: "thr")], breaks: true)
        #expect(await refusal { _ = try await fixture.registry.appendChunk(broken, claim: .init(), to: id, in: app) } == "bodyFailed")
        #expect(try await fixture.registry.uploadStatus(id, in: app) == 11)
        _ = try await append("ee", .init(start: 11), to: id, fixture)
        try await finish(id, as: "one two three", fixture)
    }

    @Test("an upload whose client went away keeps what arrived, though its task is cancelled", arguments: RegistryFixture.Kind.allCases)
    func cancelledTask(kind: RegistryFixture.Kind) async throws {
        let fixture = try await RegistryFixture(kind)
        let id = try await fixture.registry.beginUpload(in: app, algorithm: .sha256)
        let name = app
        let task = Task {
            await refusal { _ = try await fixture.registry.appendChunk(CancellingBody(), claim: .init(), to: id, in: name) }
        }
        #expect(await task.value == "bodyFailed")
        #expect(try await fixture.registry.uploadStatus(id, in: app) == 7)
        try await finish(id, as: "arrived + rest", last: " + rest", fixture)
    }

    /// Cancels the task that reads it, after its first piece.
    private struct CancellingBody: AsyncSequence {
        struct Iterator: AsyncIteratorProtocol {
            var isFirst = true

            mutating func next() async throws -> ByteBuffer? {
                defer { isFirst = false }
                if isFirst { return ByteBuffer(string: "arrived") }
                withUnsafeCurrentTask { $0?.cancel() }
                throw CancellationError()
            }
        }

        func makeAsyncIterator() -> Iterator { Iterator() }
    }

    @Test("a process that did not begin the upload goes on with it", arguments: RegistryFixture.Kind.allCases)
    func otherProcess(kind: RegistryFixture.Kind) async throws {
        let fixture = try await RegistryFixture(kind)
        let id = try await fixture.registry.beginUpload(in: app, algorithm: .sha512)
        _ = try await append("one ", to: id, fixture)
        let other = fixture.another()
        #expect(try await other.appendChunk(RegistryFixture.body("two "), claim: .init(start: 4), to: id, in: app) == 8)
        // The first process's open session is behind what is stored now.
        _ = try await append("three", .init(start: 8), to: id, fixture)
        try await other.finishUpload(
            id, expecting: Digest.of("one two three".utf8), body: RegistryFixture.body(), claim: .init(), in: app, origin: fixture.origin)
        #expect(try await fixture.pull(Digest.of("one two three".utf8), from: app) == "one two three")
    }

    @Test("a digest that does not match ends the upload and leaves nothing", arguments: RegistryFixture.Kind.allCases)
    func mismatch(kind: RegistryFixture.Kind) async throws {
        let fixture = try await RegistryFixture(kind)
        let id = try await fixture.registry.beginUpload(in: app, algorithm: .sha256)
        _ = try await append("sent", to: id, fixture)
        #expect(await refusal { try await finish(id, as: "expected", fixture) } == "digestMismatch")
        #expect(await refusal { _ = try await fixture.registry.uploadStatus(id, in: app) } == "uploadUnknown")
        #expect(await refusal { _ = try await fixture.pull(Digest.of("expected".utf8), from: app) } == "blobUnknown")
        #expect(await refusal { _ = try await fixture.pull(Digest.of("sent".utf8), from: app) } == "blobUnknown")
        #expect(fixture.files.isEmpty)
    }

    @Test("a cancelled upload is gone with its bytes", arguments: RegistryFixture.Kind.allCases)
    func cancel(kind: RegistryFixture.Kind) async throws {
        let fixture = try await RegistryFixture(kind)
        let id = try await fixture.registry.beginUpload(in: app, algorithm: .sha256)
        _ = try await append("x", to: id, fixture)
        try await fixture.registry.cancelUpload(id, in: app)
        #expect(await refusal { try await fixture.registry.cancelUpload(id, in: app) } == "uploadUnknown")
        #expect(await refusal { _ = try await append("x", to: id, fixture) } == "uploadUnknown")
        #expect(fixture.files.isEmpty)
    }

    @Test("pieces of any size and number arrive whole", arguments: 0..<6)
    func pieces(seed: UInt64) async throws {
        var random = SeededGenerator(seed: seed)
        let fixture = try await RegistryFixture(seed % 2 == 0 ? .memory : .filesystem)
        let id = try await fixture.registry.beginUpload(in: app, algorithm: .sha256)
        var whole: [UInt8] = []
        for _ in 0..<3 {
            var pieces: [ByteBuffer] = []
            for _ in 0..<Int.random(in: 0...200, using: &random) {
                pieces.append(ByteBuffer(bytes: random.bytes(Int.random(in: 0...3000, using: &random))))
            }
            let start = Int64(whole.count)
            whole += pieces.flatMap { Array($0.readableBytesView) }
            let received = try await fixture.registry.appendChunk(
                RegistryFixture.body(pieces), claim: .init(start: start, length: Int64(whole.count) - start), to: id, in: app)
            #expect(received == whole.count)
        }
        let digest = Digest.of(whole)
        try await fixture.registry.finishUpload(
            id, expecting: digest, body: RegistryFixture.body(), claim: .init(), in: app, origin: fixture.origin)
        #expect(try await fixture.registry.blobSize(digest, in: app) == whole.count)
    }
}
