import CoveBlobs
import CoveOCI
import Foundation
import NIOCore
import TestSupport
import Testing

@Suite("Storage: blobs")
struct BlobTests {
    @Test("a committed upload is a blob and an upload no more", arguments: StorageFixture.Kind.allCases)
    func commit(kind: StorageFixture.Kind) async throws {
        let fixture = try StorageFixture(kind)
        let id = UploadID()
        try await fixture.storage.upload(["bytes"], to: id)
        let location = try await fixture.storage.commit(id, at: 5, as: Digest.of("bytes".utf8))
        #expect(try await fixture.storage.text(at: location) == "bytes")
        await #expect(throws: BlobStorageError.self) { _ = try await fixture.storage.commit(id, at: 5, as: Digest.of("bytes".utf8)) }
        await #expect(throws: BlobStorageError.self) { try await fixture.storage.text(of: id, to: 1) }
    }

    @Test(
        "what becomes of blob and upload is what recording the place came to", arguments: StorageFixture.Kind.allCases,
        [(PlacementOutcome.recorded, true, false), (.notNeeded, false, false), (.refused, false, true), (.unknown, true, false)])
    func outcomes(kind: StorageFixture.Kind, expected: (outcome: PlacementOutcome, blobStays: Bool, uploadStays: Bool)) async throws {
        let fixture = try StorageFixture(kind)
        let id = UploadID()
        try await fixture.storage.upload(["bytes"], to: id)
        let place = Shared("")
        try await fixture.storage.commit(id, at: 5, as: Digest.of("bytes".utf8)) { location in
            place.change { $0 = location }
            // The bytes are in place when the recording begins.
            #expect((try? await fixture.storage.text(at: location)) == "bytes")
            return expected.outcome
        }
        #expect(try await fixture.storage.size(of: place.value) == (expected.blobStays ? 5 : nil))
        let upload = try? await fixture.storage.text(of: id, to: 5)
        #expect(upload == (expected.uploadStays ? "bytes" : nil))
        if expected.uploadStays {
            let again = try await fixture.storage.commit(id, at: 5, as: Digest.of("bytes".utf8))
            #expect(again != place.value)
            #expect(try await fixture.storage.text(at: again) == "bytes")
        }
    }

    @Test("an upload that is not there gets no place, and nothing is recorded", arguments: StorageFixture.Kind.allCases)
    func commitMissing(kind: StorageFixture.Kind) async throws {
        let fixture = try StorageFixture(kind)
        await #expect(throws: BlobStorageError.self) {
            try await fixture.storage.commit(UploadID(), at: .start, as: Digest.of([])) { _ in
                Issue.record("a place was given")
                return .recorded
            }
        }
    }

    @Test("the same content twice has two locations, and deleting one leaves the other", arguments: StorageFixture.Kind.allCases)
    func locationsAreUnique(kind: StorageFixture.Kind) async throws {
        let fixture = try StorageFixture(kind)
        let first = try await fixture.storage.store("same")
        let second = try await fixture.storage.store("same")
        #expect(first != second)
        try await fixture.storage.deleteBlob(first)
        #expect(try await fixture.storage.text(at: second) == "same")
        await #expect(throws: BlobStorageError.self) { try await fixture.storage.text(at: first) }
    }

    @Test("an empty blob and one by SHA-512 are blobs", arguments: StorageFixture.Kind.allCases)
    func special(kind: StorageFixture.Kind) async throws {
        let fixture = try StorageFixture(kind)
        #expect(try await fixture.storage.text(at: fixture.storage.store("")) == "")
        let id = UploadID()
        try await fixture.storage.upload(["long"], to: id)
        let location = try await fixture.storage.commit(id, at: 4, as: Digest.of("long".utf8, algorithm: .sha512))
        #expect(location.contains("sha512"))
        #expect(try await fixture.storage.text(at: location) == "long")
    }

    @Test("a read gives what lies at its offset, less only at the end", arguments: StorageFixture.Kind.allCases)
    func offsets(kind: StorageFixture.Kind) async throws {
        let fixture = try StorageFixture(kind)
        var random = SeededGenerator(seed: 3)
        let content = random.text(of: "abcdefghij", length: 300...300)
        let reader = try await fixture.storage.openBlob(fixture.storage.store(content))
        for _ in 0..<200 {
            let offset = Int.random(in: 0...320, using: &random)
            let length = Int.random(in: 0...320, using: &random)
            let expected = content.dropFirst(offset).prefix(length)
            #expect(String(buffer: try await reader.read(at: Int64(offset), length: length)) == expected)
        }
        await reader.close()
    }

    @Test("what is read without waiting is the same, or nothing", arguments: StorageFixture.Kind.allCases)
    func atOnce(kind: StorageFixture.Kind) async throws {
        let fixture = try StorageFixture(kind)
        var random = SeededGenerator(seed: 4)
        let content = random.text(of: "abcdefghij", length: 300...300)
        let reader = try await fixture.storage.openBlob(fixture.storage.store(content))
        for _ in 0..<100 {
            let offset = Int.random(in: 0...320, using: &random)
            let length = Int.random(in: 1...320, using: &random)
            var buffer = ByteBuffer(string: "before ")
            let count = reader.readAtOnce(at: Int64(offset), length: length, into: &buffer)
            if kind == .memory || offset >= 300 { #expect((count == nil) == (offset >= 300)) }
            #expect(String(buffer: buffer) == "before " + content.dropFirst(offset).prefix(count ?? 0))
            #expect(count.map { (1...length).contains($0) } ?? true)
        }
        await reader.close()
    }

    @Test("several reads of one reader run at once", arguments: StorageFixture.Kind.allCases)
    func concurrentReads(kind: StorageFixture.Kind) async throws {
        let fixture = try StorageFixture(kind)
        let content = (0..<1000).map { String(format: "%04d", $0) }.joined()
        let reader = try await fixture.storage.openBlob(fixture.storage.store(content))
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for index in 0..<1000 {
                group.addTask {
                    let piece = try await reader.read(at: Int64(index * 4), length: 4)
                    return String(buffer: piece) == String(format: "%04d", index)
                }
            }
            for try await isRight in group { #expect(isRight) }
        }
        await reader.close()
    }

    @Test("whoever reads a blob goes on reading when it is deleted", arguments: StorageFixture.Kind.allCases)
    func deleteWhileReading(kind: StorageFixture.Kind) async throws {
        let fixture = try StorageFixture(kind)
        let location = try await fixture.storage.store("still here")
        let reader = try await fixture.storage.openBlob(location)
        try await fixture.storage.deleteBlob(location)
        #expect(String(buffer: try await reader.read(at: 6, length: 10)) == "here")
        await reader.close()
        await #expect(throws: BlobStorageError.self) { _ = try await fixture.storage.openBlob(location) }
        try await fixture.storage.deleteBlob(location)
    }

    @Test("a location that never was is missing", arguments: StorageFixture.Kind.allCases)
    func missing(kind: StorageFixture.Kind) async throws {
        let fixture = try StorageFixture(kind)
        await #expect {
            _ = try await fixture.storage.openBlob("blobs/sha256/ba/\(Digest.of("abc".utf8).hex).\(UploadID())")
        } throws: { error in
            if case .missing = error as? BlobStorageError { true } else { false }
        }
    }

    @Test("a storage that works passes its probe", arguments: StorageFixture.Kind.allCases)
    func probe(kind: StorageFixture.Kind) async throws {
        let fixture = try StorageFixture(kind)
        try await fixture.storage.probe()
        try await fixture.storage.probe()
    }
}
