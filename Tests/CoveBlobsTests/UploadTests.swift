import CoveBlobs
import CoveOCI
import NIOCore
import TestSupport
import Testing

@Suite("Storage: uploads")
struct UploadTests {
    @Test("pieces are stored in order", arguments: StorageFixture.Kind.allCases)
    func append(kind: StorageFixture.Kind) async throws {
        let fixture = try StorageFixture(kind)
        let id = UploadID()
        let writer = try await fixture.storage.openUpload(id, at: 0)
        try await writer.append([ByteBuffer(string: "one "), ByteBuffer(string: "two ")])
        try await writer.append([])
        try await writer.append([ByteBuffer(string: "three")])
        #expect(try await writer.synchronize() == 13)
        await writer.close()
        #expect(try await fixture.storage.text(of: id, to: 13) == "one two three")
        #expect(try await fixture.storage.text(of: id, to: 5) == "one t")
        #expect(try await fixture.storage.text(of: id, to: 0) == "")
    }

    @Test("an upload goes on where it was left", arguments: StorageFixture.Kind.allCases)
    func resume(kind: StorageFixture.Kind) async throws {
        let fixture = try StorageFixture(kind)
        let id = UploadID()
        try await fixture.storage.upload(["begin"], to: id)
        try await fixture.storage.upload([" middle"], to: id, at: 5)
        try await fixture.storage.upload([" end"], to: id, at: 12)
        #expect(try await fixture.storage.text(of: id, to: 16) == "begin middle end")
    }

    @Test("opening at an offset drops what is beyond it", arguments: StorageFixture.Kind.allCases)
    func openDrops(kind: StorageFixture.Kind) async throws {
        let fixture = try StorageFixture(kind)
        let id = UploadID()
        try await fixture.storage.upload(["acknowledged, torn"], to: id)
        try await fixture.storage.upload(["!"], to: id, at: 12)
        let location = try await fixture.storage.commit(id, at: 13, as: Digest.of("acknowledged!".utf8))
        #expect(try await fixture.storage.text(at: location) == "acknowledged!")
    }

    @Test("opening at 0 begins anew", arguments: StorageFixture.Kind.allCases)
    func openAtZero(kind: StorageFixture.Kind) async throws {
        let fixture = try StorageFixture(kind)
        let id = UploadID()
        try await fixture.storage.upload(["old and long"], to: id)
        try await fixture.storage.upload(["new"], to: id)
        let location = try await fixture.storage.commit(id, at: 3, as: Digest.of("new".utf8))
        #expect(try await fixture.storage.text(at: location) == "new")
    }

    @Test("opening beyond what is stored is refused and changes nothing", arguments: StorageFixture.Kind.allCases)
    func openBeyond(kind: StorageFixture.Kind) async throws {
        let fixture = try StorageFixture(kind)
        let (id, absent) = (UploadID(), UploadID())
        try await fixture.storage.upload(["abc"], to: id)
        await #expect(throws: BlobStorageError.self) { _ = try await fixture.storage.openUpload(id, at: 4) }
        await #expect(throws: BlobStorageError.self) { _ = try await fixture.storage.openUpload(absent, at: 1) }
        #expect(try await fixture.storage.text(of: id, to: 3) == "abc")
    }

    @Test("a writer takes back what it appended", arguments: StorageFixture.Kind.allCases)
    func truncate(kind: StorageFixture.Kind) async throws {
        let fixture = try StorageFixture(kind)
        let id = UploadID()
        let writer = try await fixture.storage.openUpload(id, at: 0)
        try await writer.append([ByteBuffer(string: "keep refused")])
        try await writer.truncate(to: 4)
        try await writer.append([ByteBuffer(string: " on")])
        await writer.close()
        let location = try await fixture.storage.commit(id, at: 7, as: Digest.of("keep on".utf8))
        #expect(try await fixture.storage.text(at: location) == "keep on")
    }

    @Test("reading more of an upload than there is fails", arguments: StorageFixture.Kind.allCases)
    func readBeyond(kind: StorageFixture.Kind) async throws {
        let fixture = try StorageFixture(kind)
        let id = UploadID()
        try await fixture.storage.upload(["abc"], to: id)
        await #expect(throws: BlobStorageError.self) { try await fixture.storage.text(of: id, to: 4) }
        await #expect(throws: BlobStorageError.self) { try await fixture.storage.text(of: UploadID(), to: 1) }
    }

    @Test("a discarded upload is gone, and discarding nothing is no error", arguments: StorageFixture.Kind.allCases)
    func discard(kind: StorageFixture.Kind) async throws {
        let fixture = try StorageFixture(kind)
        let id = UploadID()
        try await fixture.storage.upload(["abc"], to: id)
        try await fixture.storage.discardUpload(id)
        try await fixture.storage.discardUpload(id)
        await #expect(throws: BlobStorageError.self) { try await fixture.storage.text(of: id, to: 1) }
        await #expect(throws: BlobStorageError.self) { _ = try await fixture.storage.commit(id, at: 3, as: Digest.of("abc".utf8)) }
    }

    @Test("an upload of many large pieces comes back as it went in", arguments: StorageFixture.Kind.allCases)
    func large(kind: StorageFixture.Kind) async throws {
        let fixture = try StorageFixture(kind)
        var random = SeededGenerator(seed: 7)
        let piece = ByteBuffer(bytes: random.bytes(1_000_000))
        let id = UploadID()
        let writer = try await fixture.storage.openUpload(id, at: 0)
        // Beyond the step at which write-back is asked for.
        for _ in 0..<10 { try await writer.append([piece]) }
        let end = try await writer.synchronize()
        #expect(end == 10_000_000)
        await writer.close()
        let location = try await fixture.storage.commit(id, at: end, as: Digest.of([]))
        let reader = try await fixture.storage.openBlob(location)
        for index in 0..<10 { #expect(try await reader.read(at: Int64(index) * 1_000_000, length: 1_000_000) == piece) }
        #expect(try await reader.read(at: 10_000_000, length: 1).readableBytes == 0)
        await reader.close()
    }
}
