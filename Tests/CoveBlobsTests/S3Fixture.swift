import CoveOCI
import Foundation
import Logging
import NIOCore
import TestSupport

@testable import CoveBlobs

/// A storage on a bucket of its own, with short pauses and timeouts.
final class S3Fixture: Sendable {
    let bucket: FakeBucket
    let server: FakeServer
    let storage: S3Storage
    private let options: S3Options
    private let retries: RetryPolicy

    static let minimum = 5 * 1024 * 1024

    /// Runs `body` with a storage, and closes it after.
    static func with(
        page: Int = 1000, stall: Duration = .seconds(10), leftoverAge: Duration = .seconds(24 * 3600),
        _ change: (inout S3Options) -> Void = { _ in }, _ body: (S3Fixture) async throws -> Void
    ) async throws {
        let bucket = FakeBucket(page: page)
        let server = try await FakeServer.start { bucket.answer($0) }
        var options = S3Options(bucket: FakeBucket.name, region: "us-east-1")
        options.endpoint = server.url
        options.forcePathStyle = true
        options.accessKey = "AKIATEST"
        options.secretKey = "not-so-secret"
        options.chunkSize = minimum
        options.rootDirectory = "some/root"
        change(&options)
        var retries = RetryPolicy()
        retries.firstPause = .milliseconds(2)
        retries.stall = stall
        let fixture = try S3Fixture(bucket, server, options, retries, leftoverAge)
        do {
            try await body(fixture)
        } catch {
            await fixture.close()
            throw error
        }
        await fixture.close()
    }

    private init(
        _ bucket: FakeBucket, _ server: FakeServer, _ options: S3Options, _ retries: RetryPolicy, _ leftoverAge: Duration
    ) throws {
        self.bucket = bucket
        self.server = server
        self.options = options
        self.retries = retries
        storage = try S3Storage(
            options, environment: [:], logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, retries: retries,
            leftoverAge: leftoverAge)
    }

    private func close() async {
        await storage.close()
        await server.stop()
    }

    /// Runs `body` with another node's storage on the same bucket.
    func withOtherNode<T>(_ body: (S3Storage) async throws -> T) async throws -> T {
        let other = try S3Storage(
            options, environment: [:], logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, retries: retries)
        do {
            let result = try await body(other)
            await other.close()
            return result
        } catch {
            await other.close()
            throw error
        }
    }

    /// Keys of the bucket's objects, without the root directory.
    var objects: Set<String> { Set(bucket.keys.map { String($0.dropFirst("some/root/".count)) }) }
    var multiparts: Int { bucket.state.value.multiparts.count }

    func later(_ seconds: TimeInterval) {
        bucket.state.change { $0.now += seconds }
    }
}

extension S3Storage {
    /// Appends to an upload and makes it durable.
    func upload(_ pieces: [ByteBuffer], to id: UploadID, at checkpoint: UploadCheckpoint = .start) async throws -> UploadCheckpoint {
        let writer = try await openUpload(id, at: checkpoint)
        for piece in pieces { try await writer.append([piece]) }
        let checkpoint = try await writer.synchronize()
        await writer.close()
        return checkpoint
    }

    /// Commits an upload, and returns its location.
    func commit(
        _ id: UploadID, at checkpoint: UploadCheckpoint, _ outcome: PlacementOutcome = .recorded
    ) async throws -> String {
        let place = Shared("")
        try await commit(id, at: checkpoint, as: Digest.of([])) { location in
            place.change { $0 = location }
            return outcome
        }
        return place.value
    }

    func bytes(at location: String) async throws -> ByteBuffer {
        let reader = try await openBlob(location)
        let bytes = try await reader.read(at: 0, length: 100 << 20)
        await reader.close()
        return bytes
    }

    func bytes(of id: UploadID, to checkpoint: UploadCheckpoint) async throws -> ByteBuffer {
        let collected = Shared(ByteBuffer())
        try await readUpload(id, to: checkpoint) { piece in _ = collected.change { $0.writeBytes(piece) } }
        return collected.value
    }
}

extension ByteBuffer {
    /// So many bytes that differ with `seed`, and from one 64 KiB to the next.
    static func filled(_ length: Int, seed: UInt64 = 1) -> ByteBuffer {
        var random = SeededGenerator(seed: seed)
        var block = ByteBuffer()
        for _ in 0..<min(length / 8 + 1, 64 << 7) { block.writeInteger(random.next() as UInt64) }
        var buffer = ByteBuffer()
        buffer.reserveCapacity(length + block.readableBytes)
        while buffer.readableBytes < length {
            block.setInteger(UInt64(buffer.readableBytes), at: 0)
            buffer.writeImmutableBuffer(block)
        }
        buffer.moveWriterIndex(to: length)
        return buffer
    }

    static func joined(_ pieces: [ByteBuffer]) -> ByteBuffer {
        var all = ByteBuffer()
        for var piece in pieces { all.writeBuffer(&piece) }
        return all
    }
}
