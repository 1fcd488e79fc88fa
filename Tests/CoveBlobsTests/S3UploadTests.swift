import CoveOCI
import NIOCore
import TestSupport
import Testing

@testable import CoveBlobs

@Suite("S3: uploads")
struct S3UploadTests {
    private static let part = S3Fixture.minimum
    /// Two full parts and a rest.
    private static let large: [ByteBuffer] = [.filled(part, seed: 1), .filled(part, seed: 2), .filled(1_000_000, seed: 3)]

    @Test("an upload that fits in a part is one request, and its commit none")
    func small() async throws {
        try await S3Fixture.with { fixture in
            let id = UploadID()
            let bytes = ByteBuffer.filled(100_000)
            let writer = try await fixture.storage.openUpload(id, at: .start)
            try await writer.append([bytes])
            let checkpoint = try await writer.synchronize()
            let location = try await fixture.storage.commit(id, at: checkpoint)
            await writer.close()
            #expect(fixture.server.count() == ["PUT": 1])
            #expect(fixture.objects == [location])
            #expect(location.hasPrefix("cove/\(id.description.prefix(2))/\(id)."))
            #expect(try await fixture.storage.bytes(at: location) == bytes)
            #expect(try await fixture.storage.size(of: location) == 100_000)
        }
    }

    @Test("a large upload is sent in parts and joined, with no copy of anything")
    func large() async throws {
        try await S3Fixture.with { fixture in
            let id = UploadID()
            let writer = try await fixture.storage.openUpload(id, at: .start)
            for piece in Self.large { try await writer.append([piece]) }
            let checkpoint = try await writer.synchronize()
            #expect(checkpoint.offset == Int64(2 * Self.part + 1_000_000))
            #expect(checkpoint.mark.utf8.count < 300)
            let location = try await fixture.storage.commit(id, at: checkpoint)
            await writer.close()
            #expect(
                fixture.server.count() == [
                    "POST uploads": 1, "PUT uploadId partNumber": 3, "PUT": 1, "POST uploadId": 1, "DELETE": 1,
                ])
            #expect(fixture.objects == [location])
            #expect(fixture.multiparts == 0)
            #expect(try await fixture.storage.bytes(at: location) == .joined(Self.large))
        }
    }

    @Test("an empty upload becomes an empty blob; one that was never begun, none")
    func empty() async throws {
        try await S3Fixture.with { fixture in
            let id = UploadID()
            let checkpoint = try await fixture.storage.upload([], to: id)
            #expect(checkpoint == .start)
            let location = try await fixture.storage.commit(id, at: checkpoint)
            #expect(fixture.objects == [location])
            #expect(try await fixture.storage.size(of: location) == 0)
            #expect(try await fixture.storage.bytes(at: location) == ByteBuffer())
            await #expect(throws: BlobStorageError.self) { _ = try await fixture.storage.commit(UploadID(), at: .start) }
        }
    }

    @Test("small pieces come out as they went in")
    func manyPieces() async throws {
        try await S3Fixture.with { fixture in
            var random = SeededGenerator(seed: 5)
            let pieces = (0..<3000).map { ByteBuffer.filled(Int.random(in: 0...6000, using: &random), seed: UInt64($0)) }
            let id = UploadID()
            let checkpoint = try await fixture.storage.upload(pieces, to: id)
            let location = try await fixture.storage.commit(id, at: checkpoint)
            #expect(try await fixture.storage.bytes(at: location) == .joined(pieces))
        }
    }

    @Test(
        "what becomes of the bytes is what recording the place came to", arguments: [1000, 2 * part + 9],
        [(PlacementOutcome.recorded, true), (.notNeeded, false), (.refused, true), (.unknown, true)])
    func outcomes(size: Int, expected: (outcome: PlacementOutcome, stays: Bool)) async throws {
        try await S3Fixture.with { fixture in
            let id = UploadID()
            let checkpoint = try await fixture.storage.upload([.filled(size)], to: id)
            let place = Shared("")
            try await fixture.storage.commit(id, at: checkpoint, as: Digest.of([])) { location in
                place.change { $0 = location }
                // The bytes are in place when the recording begins.
                #expect((try? await fixture.storage.size(of: location)) == Int64(size))
                return expected.outcome
            }
            #expect(fixture.objects.contains(place.value) == expected.stays)
            #expect(fixture.multiparts == 0)
            if expected.outcome == .refused {
                // Not lost: the client may try again, here or elsewhere.
                #expect(try await fixture.storage.bytes(of: id, to: checkpoint) == .filled(size))
                let again = try await fixture.withOtherNode { try await $0.commit(id, at: checkpoint) }
                #expect(try await fixture.storage.bytes(at: again) == .filled(size))
            } else {
                #expect(fixture.objects == (expected.stays ? [place.value] : []))
                await #expect(throws: BlobStorageError.self) { _ = try await fixture.storage.commit(id, at: checkpoint) }
            }
        }
    }

    @Test("an upload goes on where it was left, on another node", arguments: [1000, part, part + 1, 2 * part + 1_000_000])
    func otherNode(size: Int) async throws {
        try await S3Fixture.with { fixture in
            let id = UploadID()
            let (first, second) = (ByteBuffer.filled(size, seed: 1), ByteBuffer.filled(Self.part, seed: 2))
            var checkpoint = try await fixture.storage.upload([first], to: id)
            checkpoint = try await fixture.withOtherNode { try await $0.upload([second], to: id, at: checkpoint) }
            #expect(checkpoint.offset == Int64(size + Self.part))
            let location = try await fixture.storage.commit(id, at: checkpoint)
            #expect(try await fixture.storage.bytes(at: location) == .joined([first, second]))
            #expect(fixture.server.count().keys.allSatisfy { !$0.contains("copy") })
            #expect(fixture.multiparts == 0)
        }
    }

    @Test("an upload in many chunks keeps the rests of two checkpoints, and of none when it is over")
    func chunks() async throws {
        try await S3Fixture.with { fixture in
            let id = UploadID()
            let chunks = (0..<12).map { ByteBuffer.filled(1_100_000, seed: UInt64($0)) }
            let writer = try await fixture.storage.openUpload(id, at: .start)
            var checkpoints: [UploadCheckpoint] = []
            for chunk in chunks {
                try await writer.append([chunk])
                checkpoints.append(try await writer.synchronize())
                #expect(fixture.objects.count <= 2)
                // The one before is the one that is recorded until this one is.
                guard let recorded = checkpoints.dropLast().last else { continue }
                let known = try await fixture.withOtherNode { try await $0.openUpload(id, at: recorded).synchronize() }
                #expect(known == recorded)
            }
            #expect(try await writer.synchronize() == checkpoints.last)
            let location = try await fixture.storage.commit(id, at: checkpoints[11])
            await writer.close()
            #expect(fixture.objects == [location])
            #expect(try await fixture.storage.bytes(at: location) == .joined(chunks))
        }
    }

    @Test("bytes beyond a checkpoint are dropped when it is opened again")
    func openDrops() async throws {
        try await S3Fixture.with { fixture in
            let id = UploadID()
            let writer = try await fixture.storage.openUpload(id, at: .start)
            for piece in Self.large { try await writer.append([piece]) }
            let checkpoint = try await writer.synchronize()
            for seed in UInt64(20)..<24 { try await writer.append([.filled(Self.part, seed: seed)]) }
            _ = try await writer.synchronize()
            await writer.close()
            let rest = ByteBuffer.filled(6_000_000, seed: 9)
            let end = try await fixture.withOtherNode { try await $0.upload([rest], to: id, at: checkpoint) }
            let location = try await fixture.storage.commit(id, at: end)
            #expect(try await fixture.storage.bytes(at: location) == .joined(Self.large + [rest]))
        }
    }

    @Test("a part that a competing node has written anew is noticed, when opening and when joining")
    func competition() async throws {
        try await S3Fixture.with { fixture in
            let id = UploadID()
            let start = try await fixture.storage.upload([.filled(Self.part + 1, seed: 1)], to: id)
            let writer = try await fixture.storage.openUpload(id, at: start)
            try await writer.append([.filled(Self.part, seed: 2)])
            let mine = try await writer.synchronize()
            let theirs = try await fixture.withOtherNode { try await $0.upload([.filled(Self.part, seed: 3)], to: id, at: start) }
            #expect(mine != theirs)
            await #expect(throws: BlobStorageError.self) { _ = try await fixture.storage.commit(id, at: mine) }
            await writer.close()
            await #expect(throws: BlobStorageError.missing("upload \(id)")) {
                _ = try await fixture.storage.openUpload(id, at: mine)
            }
            let location = try await fixture.withOtherNode { try await $0.commit(id, at: theirs) }
            let expected = ByteBuffer.joined([.filled(Self.part + 1, seed: 1), .filled(Self.part, seed: 3)])
            #expect(try await fixture.storage.bytes(at: location) == expected)
        }
    }

    @Test("an upload can be read before it is committed, and the commit then joins nothing")
    func readThenCommit() async throws {
        try await S3Fixture.with { fixture in
            let id = UploadID()
            let checkpoint = try await fixture.storage.upload(Self.large, to: id)
            #expect(try await fixture.storage.bytes(of: id, to: checkpoint) == .joined(Self.large))
            _ = fixture.server.count()
            let location = try await fixture.withOtherNode { try await $0.commit(id, at: checkpoint) }
            #expect(fixture.server.count()["POST uploadId"] == nil)
            #expect(try await fixture.storage.bytes(at: location) == .joined(Self.large))
        }
    }

    @Test("an upload whose parts were joined can still go on", arguments: [1000, part + 1_000_000])
    func goOn(size: Int) async throws {
        try await S3Fixture.with { fixture in
            let id = UploadID()
            let (first, second) = (ByteBuffer.filled(size, seed: 1), ByteBuffer.filled(Self.part, seed: 2))
            let checkpoint = try await fixture.storage.upload([first], to: id)
            _ = try await fixture.storage.commit(id, at: checkpoint, .refused)
            let end = try await fixture.storage.upload([second], to: id, at: checkpoint)
            #expect(try await fixture.storage.bytes(of: id, to: end) == .joined([first, second]))
            let location = try await fixture.storage.commit(id, at: end)
            #expect(fixture.objects == [location])
            #expect(try await fixture.storage.bytes(at: location) == .joined([first, second]))
        }
    }

    @Test("a writer takes back what it has not sent as a part, and says so when it cannot")
    func truncate() async throws {
        try await S3Fixture.with { fixture in
            let id = UploadID()
            let writer = try await fixture.storage.openUpload(id, at: .start)
            try await writer.append([ByteBuffer(string: "keep refused")])
            _ = try await writer.synchronize()
            try await writer.truncate(to: 4)
            try await writer.append([ByteBuffer(string: " on going")])
            try await writer.truncate(to: 7)
            let checkpoint = try await writer.synchronize()
            #expect(try await fixture.storage.bytes(of: id, to: checkpoint) == ByteBuffer(string: "keep on"))
            try await writer.append(Self.large)
            await #expect(throws: BlobStorageError.self) { try await writer.truncate(to: 3) }
            await writer.close()
        }
    }

    @Test("a discarded upload leaves nothing, and discarding nothing is no error", arguments: [1000, 2 * part + 9])
    func discard(size: Int) async throws {
        try await S3Fixture.with { fixture in
            let id = UploadID()
            let checkpoint = try await fixture.storage.upload([.filled(size)], to: id)
            try await fixture.storage.discardUpload(id)
            try await fixture.storage.discardUpload(id)
            #expect(fixture.objects.isEmpty && fixture.multiparts == 0)
            await #expect(throws: BlobStorageError.self) { _ = try await fixture.storage.bytes(of: id, to: checkpoint) }
            await #expect(throws: BlobStorageError.self) { _ = try await fixture.storage.commit(id, at: checkpoint) }
            await #expect(throws: BlobStorageError.self) { _ = try await fixture.storage.openUpload(id, at: checkpoint) }
        }
    }

    @Test("an upload discarded on another node frees its parts, but no object that may be a blob by now")
    func discardElsewhere() async throws {
        try await S3Fixture.with { fixture in
            let id = UploadID()
            _ = try await fixture.storage.upload(Self.large, to: id)
            try await fixture.withOtherNode { try await $0.discardUpload(id) }
            #expect(fixture.multiparts == 0)
            #expect(fixture.objects.count == 1)
        }
    }

    @Test("what this process did not write is safe from its discarding")
    func discardIsOwn() async throws {
        try await S3Fixture.with { fixture in
            let id = UploadID()
            let writer = try await fixture.storage.openUpload(id, at: .start)
            try await writer.append([ByteBuffer(string: "lost")])
            _ = try await writer.synchronize()
            let location = try await fixture.withOtherNode { other in
                try await other.commit(id, at: try await other.upload([ByteBuffer(string: "won")], to: id))
            }
            try await fixture.storage.discardUpload(id)
            await writer.close()
            #expect(fixture.objects == [location])
        }
    }

    @Test(
        "a note of another storage, or of nothing, is of a missing upload",
        arguments: ["", "1", "2 a - 0", "1 a ../../x 5", "1 a 0123456789abcdef 5", "1 a - 0", "1 a - 0 0123456789abcdef 1 id"])
    func foreignMark(mark: String) async throws {
        try await S3Fixture.with { fixture in
            let id = UploadID()
            await #expect(throws: BlobStorageError.missing("upload \(id)")) {
                _ = try await fixture.storage.openUpload(id, at: UploadCheckpoint(offset: 5, mark: mark))
            }
        }
    }

    @Test("a cancelled task still puts its bytes away")
    func cancelled() async throws {
        try await S3Fixture.with { fixture in
            let id = UploadID()
            let task = Task {
                withUnsafeCurrentTask { $0?.cancel() }
                return try await fixture.storage.commit(id, at: try await fixture.storage.upload(Self.large, to: id))
            }
            let location = try await task.value
            #expect(try await fixture.storage.size(of: location) == Int64(2 * Self.part + 1_000_000))
        }
    }
}
