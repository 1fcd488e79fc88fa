import Foundation
import NIOCore
import NIOHTTP1
import TestSupport
import Testing

@testable import CoveBlobs

@Suite("S3: reading blobs")
struct S3ReadingTests {
    private static let content = ByteBuffer.filled(1_000_003)

    private static func store(_ fixture: S3Fixture, _ bytes: ByteBuffer = content) async throws -> String {
        let id = UploadID()
        let location = try await fixture.storage.commit(id, at: try await fixture.storage.upload([bytes], to: id))
        _ = fixture.server.count()
        return location
    }

    /// Reads a part as the server does: piece by piece.
    private static func read(_ reader: any BlobReader, _ part: Range<Int64>) async throws -> ByteBuffer {
        var all = ByteBuffer()
        var offset = part.lowerBound
        while offset < part.upperBound {
            var piece = try await reader.read(at: offset, length: Int(min(262_144, part.upperBound - offset)))
            guard piece.readableBytes > 0 else { break }
            offset += Int64(piece.readableBytes)
            all.writeBuffer(&piece)
        }
        return all
    }

    private static func slice(_ part: Range<Int64>) -> ByteBuffer? {
        content.getSlice(at: Int(part.lowerBound), length: part.count)
    }

    @Test("pieces that follow one another are one request, to the end of what is expected", arguments: [0..<1_000_003, 5..<700_000])
    func sequential(part: Range<Int64>) async throws {
        try await S3Fixture.with { fixture in
            let reader = try await fixture.storage.openBlob(Self.store(fixture))
            reader.expect(part)
            #expect(try await Self.read(reader, part) == Self.slice(part))
            await reader.close()
            #expect(fixture.server.requests.value.map { $0.headers["range"] } == [["bytes=\(part.lowerBound)-\(part.upperBound - 1)"]])
        }
    }

    @Test("without being told what is expected, it is one request all the same")
    func openEnded() async throws {
        try await S3Fixture.with { fixture in
            let reader = try await fixture.storage.openBlob(Self.store(fixture))
            #expect(try await Self.read(reader, 0..<2_000_000) == Self.content)
            await reader.close()
            #expect(fixture.server.count() == ["GET": 1])
        }
    }

    @Test("a read gives what lies at its offset, less only at the end")
    func offsets() async throws {
        try await S3Fixture.with { fixture in
            let content = Self.content.getSlice(at: 0, length: 300) ?? ByteBuffer()
            let reader = try await fixture.storage.openBlob(Self.store(fixture, content))
            reader.expect(100..<200)
            var random = SeededGenerator(seed: 3)
            for _ in 0..<200 {
                let offset = Int.random(in: 0...320, using: &random)
                let length = Int.random(in: 0...320, using: &random)
                let expected = content.getSlice(at: min(offset, 300), length: min(length, max(0, 300 - offset)))
                #expect(try await reader.read(at: Int64(offset), length: length) == expected)
            }
            await reader.close()
        }
    }

    @Test("several reads of one reader run at once")
    func concurrent() async throws {
        try await S3Fixture.with { fixture in
            let reader = try await fixture.storage.openBlob(Self.store(fixture))
            try await withThrowingTaskGroup(of: Bool.self) { group in
                for index in 0..<100 {
                    let part = Int64(index * 10_000)..<Int64(index * 10_000 + 10_000)
                    group.addTask { try await reader.read(at: part.lowerBound, length: part.count) == Self.slice(part) }
                }
                for try await isRight in group { #expect(isRight) }
            }
            await reader.close()
        }
    }

    @Test("a connection that breaks or stalls midway is followed by another, and the client notices nothing")
    func resumes() async throws {
        try await S3Fixture.with(stall: .seconds(1)) { fixture in
            let location = try await Self.store(fixture)
            fixture.server.fail(3, .cut(100_000)) { $0.method == "GET" }
            fixture.server.fail(1, .stall(70_000)) { $0.method == "GET" }
            fixture.server.fail(2, .answer(FakeBucket.error(503, "SlowDown"))) { $0.method == "GET" }
            let reader = try await fixture.storage.openBlob(location)
            reader.expect(0..<1_000_003)
            #expect(try await Self.read(reader, 0..<1_000_003) == Self.content)
            await reader.close()
            // Six that fail and one that does not; a slow machine may stall once more by itself.
            let requests = fixture.server.count()
            #expect(requests.keys.elementsEqual(["GET"]) && requests["GET", default: 0] >= 7)
        }
    }

    @Test("a connection that breaks without end is an error, not a short blob")
    func givesUp() async throws {
        try await S3Fixture.with { fixture in
            let location = try await Self.store(fixture)
            fixture.server.fail(100, .cut(0)) { $0.method == "GET" }
            let reader = try await fixture.storage.openBlob(location)
            await #expect(throws: BlobStorageError.self) { _ = try await reader.read(at: 0, length: 10) }
            await reader.close()
        }
    }

    @Test("what nobody takes is not fetched")
    func backPressure() async throws {
        try await S3Fixture.with { fixture in
            let id = UploadID()
            let bytes = ByteBuffer.filled(40 << 20)
            let location = try await fixture.storage.commit(id, at: try await fixture.storage.upload([bytes], to: id))
            let reader = try await fixture.storage.openBlob(location)
            _ = try await reader.read(at: 0, length: 10)
            try await Task.sleep(for: .milliseconds(200))
            // The rest of the answer is still in the server: the connection has not been used again.
            #expect(try await reader.read(at: 10, length: 10) == bytes.getSlice(at: 10, length: 10))
            await reader.close()
        }
    }

    @Test("a blob that is not there is missing")
    func missing() async throws {
        try await S3Fixture.with { fixture in
            let location = try await Self.store(fixture)
            try await fixture.storage.deleteBlob(location)
            try await fixture.storage.deleteBlob(location)
            #expect(try await fixture.storage.size(of: location) == nil)
            let reader = try await fixture.storage.openBlob(location)
            await #expect(throws: BlobStorageError.missing(location)) { _ = try await reader.read(at: 0, length: 10) }
            await reader.close()
        }
    }

    @Test("a reader that is closed ends what is under way, and one that is cancelled does not hang")
    func closing() async throws {
        try await S3Fixture.with(stall: .seconds(60)) { fixture in
            let location = try await Self.store(fixture)
            fixture.server.fail(1, .silence) { $0.method == "GET" }
            let reader = try await fixture.storage.openBlob(location)
            let task = Task { try await reader.read(at: 0, length: 10) }
            try await Task.sleep(for: .milliseconds(50))
            task.cancel()
            await #expect(throws: BlobStorageError.self) { _ = try await task.value }
            await reader.close()
        }
    }

    @Test("a URL for the client is signed for the key and names the type")
    func directURL() async throws {
        try await S3Fixture.with { fixture in
            let location = try await Self.store(fixture)
            let url = try #require(try await fixture.storage.directURL(of: location, type: "application/octet-stream"))
            let parts = try #require(URLComponents(string: url))
            #expect(url.hasPrefix(fixture.server.url + "/bucket/some/root/\(location)?"))
            let query = Dictionary(uniqueKeysWithValues: (parts.queryItems ?? []).map { ($0.name, $0.value ?? "") })
            #expect(query["response-content-type"] == "application/octet-stream")
            #expect(query["X-Amz-Expires"] == "1200")
            #expect(query["X-Amz-Signature"]?.count == 64)
            #expect(!url.contains("not-so-secret"))
        }
    }
}
