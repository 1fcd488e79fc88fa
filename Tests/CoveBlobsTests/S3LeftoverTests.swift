import NIOCore
import TestSupport
import Testing

@testable import CoveBlobs

@Suite("S3: leftovers")
struct S3LeftoverTests {
    private static func uploads(_ storage: S3Storage) async throws -> Set<UploadID> {
        let found = Shared<Set<UploadID>>([])
        try await storage.leftovers { _ in
        } uploads: { ids in
            found.change { $0.formUnion(ids) }
        }
        return found.value
    }

    @Test("multipart uploads that nobody finished are found after a day by the service's clock, page by page")
    func multiparts() async throws {
        try await S3Fixture.with(page: 2) { fixture in
            var ids: Set<UploadID> = []
            for _ in 0..<5 {
                let id = UploadID()
                ids.insert(id)
                _ = try await fixture.storage.upload([.filled(S3Fixture.minimum + 1)], to: id)
            }
            fixture.later(23 * 3600)
            #expect(try await Self.uploads(fixture.storage) == [])
            fixture.later(2 * 3600)
            let young = UploadID()
            let writer = try await fixture.storage.openUpload(young, at: .start)
            try await writer.append([.filled(2 * S3Fixture.minimum)])
            #expect(try await Self.uploads(fixture.storage) == ids)
            for id in ids { try await fixture.withOtherNode { try await $0.discardUpload(id) } }
            #expect(fixture.multiparts == 1)
            await writer.close()
        }
    }

    @Test("what somebody has open here is work, however old")
    func active() async throws {
        try await S3Fixture.with { fixture in
            let id = UploadID()
            let writer = try await fixture.storage.openUpload(id, at: .start)
            try await writer.append([.filled(2 * S3Fixture.minimum)])
            fixture.later(48 * 3600)
            #expect(try await Self.uploads(fixture.storage) == [])
            await writer.close()
            #expect(try await Self.uploads(fixture.storage) == [id])
        }
    }
}
