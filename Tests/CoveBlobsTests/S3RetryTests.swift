import Foundation
import NIOCore
import NIOHTTP1
import TestSupport
import Testing

@testable import CoveBlobs

@Suite("S3: what is tried again")
struct S3RetryTests {
    private static let part = S3Fixture.minimum
    private static let large: [ByteBuffer] = [.filled(part, seed: 1), .filled(part, seed: 2), .filled(1_000_000, seed: 3)]

    @Test(
        "every request of a push survives errors that pass",
        arguments: ["PUT", "POST uploads", "PUT uploadId partNumber", "POST uploadId"],
        [(503, "SlowDown"), (500, "InternalError"), (429, ""), (400, "RequestTimeout"), (200, "InternalError")])
    func passing(name: String, error: (status: Int, code: String)) async throws {
        // Only operations that answer before they are done say in the body of a success that they failed.
        guard error.status != 200 || name == "POST uploadId" else { return }
        try await S3Fixture.with { fixture in
            fixture.server.fail(3, .answer(FakeBucket.error(error.status, error.code))) { $0.name == name }
            let id = UploadID()
            let checkpoint = try await fixture.storage.upload(Self.large, to: id)
            let location = try await fixture.storage.commit(id, at: checkpoint)
            #expect(try await fixture.storage.bytes(at: location) == .joined(Self.large))
            #expect(fixture.server.requests.value.filter { $0.name == name }.count >= 4)
        }
    }

    @Test("a connection that is closed instead of an answer is followed by another")
    func hangUp() async throws {
        try await S3Fixture.with { fixture in
            fixture.server.fail(2, .hangUp) { $0.name == "PUT uploadId partNumber" }
            fixture.server.fail(2, .hangUp) { $0.name == "POST uploads" }
            let id = UploadID()
            let location = try await fixture.storage.commit(id, at: try await fixture.storage.upload(Self.large, to: id))
            #expect(try await fixture.storage.bytes(at: location) == .joined(Self.large))
        }
    }

    @Test("a request that stalls is given up and sent again", arguments: ["silence", "deafness"])
    func stalls(kind: String) async throws {
        try await S3Fixture.with(stall: .seconds(2)) { fixture in
            fixture.server.fail(2, kind == "silence" ? .silence : .deafness) { $0.name == "PUT uploadId partNumber" }
            let id = UploadID()
            let location = try await fixture.storage.commit(id, at: try await fixture.storage.upload(Self.large, to: id))
            #expect(try await fixture.storage.bytes(at: location) == .joined(Self.large))
            #expect(fixture.server.count()["PUT uploadId partNumber"] ?? 0 >= 5)
        }
    }

    @Test("with one request in ten failing in one way or another, pushes and pulls succeed, and nothing is left over")
    func soak() async throws {
        try await S3Fixture.with(stall: .seconds(2)) { fixture in
            let faults: [FakeServer.Fault] = [
                .hangUp, .loseAnswer, .answer(FakeBucket.error(503, "SlowDown")), .answer(FakeBucket.error(500, "InternalError")),
                .cut(50_000), .silence,
            ]
            for (index, fault) in faults.enumerated() {
                let random = Shared(SeededGenerator(seed: UInt64(index)))
                fixture.server.fail(.max, fault) { request in
                    // A multipart upload whose id got lost is for the leftovers' search.
                    guard request.name != "POST uploads" else { return false }
                    var isHit = false
                    random.change { isHit = Int.random(in: 0..<60, using: &$0) == 0 }
                    return isHit
                }
            }
            let locations = try await withThrowingTaskGroup(of: String.self) { group in
                for index in 0..<24 {
                    group.addTask {
                        let id = UploadID()
                        let size = [1000, 100_000, Self.part + 1, 2 * Self.part + 9][index % 4]
                        let bytes = ByteBuffer.filled(size, seed: UInt64(index))
                        let writer = try await fixture.storage.openUpload(id, at: .start)
                        try await writer.append([bytes])
                        let location = try await fixture.storage.commit(id, at: try await writer.synchronize())
                        await writer.close()
                        #expect(try await fixture.storage.bytes(at: location) == bytes)
                        return location
                    }
                }
                return try await group.reduce(into: Set<String>()) { $0.insert($1) }
            }
            #expect(locations.count == 24)
            #expect(fixture.objects == locations)
            #expect(fixture.multiparts == 0)
        }
    }

    @Test("parts that were joined without our being told are found joined")
    func lostAnswer() async throws {
        try await S3Fixture.with { fixture in
            fixture.server.fail(1, .loseAnswer) { $0.name == "POST uploadId" }
            let id = UploadID()
            let location = try await fixture.storage.commit(id, at: try await fixture.storage.upload(Self.large, to: id))
            #expect(try await fixture.storage.bytes(at: location) == .joined(Self.large))
            #expect(fixture.server.requests.value.filter { $0.name == "POST uploadId" }.count == 2)
        }
    }

    @Test("what does not pass is an error after a bounded number of tries")
    func bounded() async throws {
        try await S3Fixture.with { fixture in
            fixture.server.fail(100, .answer(FakeBucket.error(503, "SlowDown")))
            await #expect(throws: BlobStorageError.self) { _ = try await fixture.storage.size(of: S3Location(UploadID()).text) }
            #expect(fixture.server.count() == ["HEAD": 6])
        }
    }

    @Test("an error of the request's is not tried again", arguments: [(403, "AccessDenied"), (400, "InvalidArgument")])
    func final(status: Int, code: String) async throws {
        try await S3Fixture.with { fixture in
            fixture.server.fail(100, .answer(FakeBucket.error(status, code)))
            let error = await #expect(throws: BlobStorageError.self) {
                _ = try await fixture.storage.upload([ByteBuffer(string: "x")], to: UploadID())
            }
            #expect("\(error.map(String.init(describing:)) ?? "")".contains(code))
            #expect(fixture.server.count() == ["PUT": 1])
        }
    }

    @Test("no more room is said as that", arguments: [(507, "XMinioStorageFull"), (403, "QuotaExceeded")])
    func full(status: Int, code: String) async throws {
        try await S3Fixture.with { fixture in
            fixture.server.fail(100, .answer(FakeBucket.error(status, code)))
            await #expect(throws: BlobStorageError.full) {
                _ = try await fixture.storage.upload([ByteBuffer(string: "x")], to: UploadID())
            }
            #expect(fixture.server.count() == ["PUT": 1])
        }
    }

    @Test("a part that cannot be sent fails the upload, and nothing of it is taken for stored")
    func brokenUpload() async throws {
        try await S3Fixture.with { fixture in
            fixture.server.fail(100, .answer(FakeBucket.error(403, "AccessDenied"))) { $0.name == "PUT uploadId partNumber" }
            let writer = try await fixture.storage.openUpload(UploadID(), at: .start)
            try await writer.append(Self.large)
            await #expect(throws: BlobStorageError.self) { _ = try await writer.synchronize() }
            await #expect(throws: BlobStorageError.self) { _ = try await writer.synchronize() }
            await writer.close()
        }
    }

    @Test("a clock that is wrong is put right by the service's")
    func clock() async throws {
        try await S3Fixture.with { fixture in
            fixture.later(20 * 60)
            fixture.server.fail(1, .answer(Self.skewed(fixture)))
            #expect(try await fixture.storage.size(of: S3Location(UploadID()).text) == nil)
            #expect(fixture.server.count() == ["HEAD": 2])
            _ = try await fixture.storage.size(of: S3Location(UploadID()).text)
            let stamp = try #require(fixture.server.requests.value.last?.headers.first(name: "x-amz-date"))
            #expect(stamp > AmazonTime.stamp(Date().addingTimeInterval(19 * 60)))
        }
    }

    private static func skewed(_ fixture: S3Fixture) -> FakeServer.Answer {
        var answer = FakeBucket.error(403, "RequestTimeTooSkewed")
        answer.headers = fixture.bucket.answer(.init(method: "GET", path: "/", query: [:], headers: [:], body: ByteBuffer())).headers
        return answer
    }

    @Test("pauses grow with the tries, by chance, up to the longest")
    func pauses() {
        let policy = RetryPolicy()
        for number in 1...40 {
            let longest = min(policy.longestPause, policy.firstPause * (1 << min(number - 1, 10)))
            let pauses = (0..<50).map { _ in policy.pause(afterTry: number) }
            #expect(pauses.allSatisfy { $0 >= .zero && $0 <= longest })
            #expect(Set(pauses).count > 1)
        }
    }
}
