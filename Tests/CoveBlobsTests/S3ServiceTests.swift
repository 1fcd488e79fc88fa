import AsyncHTTPClient
import Foundation
import Logging
import NIOCore
import NIOHTTP1
import TestSupport
import Testing

@testable import CoveBlobs

private let serviceAddress = ProcessInfo.processInfo.environment["COVE_TEST_S3"]?.split(separator: " ").map(String.init)

/// Against a real service: `COVE_TEST_S3="http://127.0.0.1:9000 bucket access-key secret-key"`.
@Suite("S3: a real service", .enabled(if: serviceAddress != nil), .serialized)
struct S3ServiceTests {
    private static let part = 5 << 20
    private static let large: [ByteBuffer] = [.filled(part, seed: 1), .filled(part, seed: 2), .filled(1_000_000, seed: 3)]

    /// Runs `body` with a storage of a root directory of its own.
    private static func with(
        _ change: (inout S3Options) -> Void = { _ in }, _ body: (S3Storage) async throws -> Void
    ) async throws {
        let address = try #require(serviceAddress)
        var options = S3Options(bucket: address[1], region: "us-east-1")
        options.endpoint = address[0]
        options.skipVerify = address[0].hasPrefix("https:")
        options.forcePathStyle = true
        options.accessKey = address[2]
        options.secretKey = address[3]
        options.chunkSize = part
        options.rootDirectory = "test +\u{E9}/\(UploadID())"
        change(&options)
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let storage = try S3Storage(options, environment: [:], logger: logger, leftoverAge: .zero)
        do {
            try await body(storage)
        } catch {
            await storage.close()
            throw error
        }
        await storage.close()
    }

    private static func keys(_ storage: S3Storage) async throws -> [String] {
        try await storage.place.client.listObjects(storage.place.key("")).items.map(\.key)
    }

    @Test("blobs of every kind of size come back, and nothing else is left", arguments: [0, 1, 100_000, part, part + 1, 2 * part + 77])
    func blobs(size: Int) async throws {
        try await Self.with { storage in
            let id = UploadID()
            let bytes = ByteBuffer.filled(size)
            let writer = try await storage.openUpload(id, at: .start)
            try await writer.append([bytes])
            let location = try await storage.commit(id, at: try await writer.synchronize())
            await writer.close()
            #expect(try await storage.bytes(at: location) == bytes)
            #expect(try await storage.size(of: location) == Int64(size))
            #expect(try await Self.keys(storage) == [storage.place.key(location)])
            #expect(try await storage.place.client.multipartUploads(storage.place.key("")).isEmpty)
            try await storage.deleteBlob(location)
            try await storage.deleteBlob(location)
            #expect(try await storage.size(of: location) == nil)
        }
    }

    @Test("an upload in chunks goes on from its checkpoints alone")
    func chunks() async throws {
        try await Self.with { storage in
            let id = UploadID()
            var checkpoint = UploadCheckpoint.start
            let chunks = (0..<8).map { ByteBuffer.filled(1_700_000, seed: UInt64($0)) }
            for chunk in chunks { checkpoint = try await storage.upload([chunk], to: id, at: checkpoint) }
            #expect(try await storage.bytes(of: id, to: checkpoint) == .joined(chunks))
            let location = try await storage.commit(id, at: checkpoint)
            #expect(try await storage.bytes(at: location) == .joined(chunks))
            #expect(try await Self.keys(storage) == [storage.place.key(location)])
        }
    }

    @Test("an upload whose parts were joined goes on in another")
    func goOn() async throws {
        try await Self.with { storage in
            let id = UploadID()
            let checkpoint = try await storage.upload(Self.large, to: id)
            _ = try await storage.commit(id, at: checkpoint, .refused)
            let end = try await storage.upload([.filled(9)], to: id, at: checkpoint)
            let location = try await storage.commit(id, at: end)
            #expect(try await storage.bytes(at: location) == .joined(Self.large + [.filled(9)]))
        }
    }

    @Test("parts of a blob are read from where they are asked for")
    func ranges() async throws {
        try await Self.with { storage in
            let id = UploadID()
            let bytes = ByteBuffer.filled(300_000)
            let location = try await storage.commit(id, at: try await storage.upload([bytes], to: id))
            let reader = try await storage.openBlob(location)
            reader.expect(100_000..<250_000)
            #expect(try await reader.read(at: 100_000, length: 100_000) == bytes.getSlice(at: 100_000, length: 100_000))
            #expect(try await reader.read(at: 200_000, length: 100_000) == bytes.getSlice(at: 200_000, length: 100_000))
            #expect(try await reader.read(at: 7, length: 9) == bytes.getSlice(at: 7, length: 9))
            #expect(try await reader.read(at: 300_000, length: 9).readableBytes == 0)
            await reader.close()
        }
    }

    @Test("a discarded upload leaves nothing")
    func discard() async throws {
        try await Self.with { storage in
            let id = UploadID()
            _ = try await storage.upload(Self.large, to: id)
            try await storage.discardUpload(id)
            #expect(try await Self.keys(storage).isEmpty)
            #expect(try await storage.place.client.multipartUploads(storage.place.key("")).isEmpty)
        }
    }

    @Test("many objects are deleted at once")
    func deleteMany() async throws {
        try await Self.with { storage in
            let keys = (0..<5).map { storage.place.key("cove/x\($0)&<") }
            for key in keys { _ = try await storage.place.client.putObject(key, RequestBody("x")) }
            #expect(try await Self.keys(storage).sorted() == keys.sorted())
            try await storage.place.client.deleteObjects(keys + [storage.place.key("absent")])
            #expect(try await Self.keys(storage).isEmpty)
        }
    }

    @Test("a signed URL gives the blob to whoever has it")
    func directURL() async throws {
        try await Self.with { storage in
            let id = UploadID()
            let location = try await storage.commit(id, at: try await storage.upload([ByteBuffer(string: "content")], to: id))
            let url = try #require(try await storage.directURL(of: location, type: "application/x-test"))
            // Whoever has it need not trust a test's certificate.
            guard !url.hasPrefix("https:") else { return }
            let answer = try await storage.place.client.transport.fetch(HTTPClientRequest(url: url))
            #expect(answer.status == 200)
            #expect(String(buffer: answer.body) == "content")
            #expect(answer.headers["content-type"] == ["application/x-test"])
        }
    }

    @Test("the bucket is reached, and one that is not there is said not to be")
    func connect() async throws {
        try await Self.with { storage in
            try await storage.connect()
            try await storage.probe()
        }
        try await Self.with {
            $0.bucket = "no-such-bucket"
        } _: { storage in
            let error = await #expect(throws: BlobStorageError.self) { try await storage.connect() }
            #expect(error.map { "\($0)" }?.contains("storage.s3.bucket: ") == true)
        }
    }
}
