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

    @Test("objects are asked about after a day, page by page, and those that are nobody's are deleted at once")
    func sweep() async throws {
        try await S3Fixture.with(page: 2) { fixture in
            var kept: Set<String> = []
            var uploads: Set<UploadID> = []
            for _ in 0..<3 {
                let id = UploadID()
                uploads.insert(id)
                let checkpoint = try await fixture.storage.upload([ByteBuffer(string: "x")], to: id)
                kept.insert(try await fixture.storage.commit(id, at: checkpoint))
                _ = try await fixture.storage.upload([ByteBuffer(string: "y")], to: UploadID())
            }
            _ = try await fixture.storage.place.client.putObject(fixture.storage.place.key("cove/foreign"), RequestBody("z"))
            try await fixture.storage.sweep { _ in
                Issue.record("nothing was a day old")
                return []
            }
            fixture.later(25 * 3600)
            let asked = Shared<Set<StoredObject>>([])
            try await fixture.storage.sweep { [kept] objects in
                asked.change { $0.formUnion(objects) }
                return objects.filter { !kept.contains($0.location) }
            }
            #expect(asked.value.count == 6)
            #expect(Set(asked.value.filter { kept.contains($0.location) }.map(\.upload)) == uploads)
            #expect(fixture.objects == kept.union(["cove/foreign"]))
        }
    }

    @Test("an object of an upload that is open here is nobody's to ask about")
    func openUpload() async throws {
        try await S3Fixture.with { fixture in
            let writer = try await fixture.storage.openUpload(UploadID(), at: .start)
            try await writer.append([ByteBuffer(string: "x")])
            _ = try await writer.synchronize()
            fixture.later(25 * 3600)
            try await fixture.storage.sweep { _ in
                Issue.record("it is open")
                return []
            }
            await writer.close()
        }
    }
}
