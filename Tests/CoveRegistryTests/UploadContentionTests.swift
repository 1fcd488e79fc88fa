import CoveBlobs
import CoveMetadata
import CoveOCI
import Foundation
import TestSupport
import Testing

@testable import CoveRegistry

@Suite("Registry: requests that meet at an upload")
struct UploadContentionTests {
    private let app: RepositoryName
    private let web: RepositoryName

    init() throws {
        app = try RepositoryName(parsing: "team/app")
        web = try RepositoryName(parsing: "team/web")
    }

    @Test("of two that finish one upload at once, exactly one wins", arguments: RegistryFixture.Kind.allCases, 0..<5)
    func twoFinish(kind: RegistryFixture.Kind, round: Int) async throws {
        let fixture = try await RegistryFixture(kind)
        let id = try await fixture.registry.beginUpload(in: app, algorithm: .sha256)
        _ = try await fixture.append("\(round)", to: id, in: app)
        let outcomes = await withTaskGroup(of: String?.self) { group in
            for _ in 0..<2 { group.addTask { await refusal { try await fixture.finish(id, as: "\(round)", in: app) } } }
            return await group.reduce(into: []) { $0.append($1) }
        }
        // Busy: on a slow machine the second may have waited for too long.
        #expect(outcomes.count { $0 == nil } == 1)
        #expect(outcomes.allSatisfy { $0 == nil || $0 == "uploadUnknown" || $0 == "uploadBusy" })
        #expect(try await fixture.pull(Digest.of("\(round)".utf8), from: app) == "\(round)")
        #expect(fixture.files.count == (kind == .memory ? 0 : 1))
    }

    @Test("an upload of another repository, or none, is unknown and is not disturbed", arguments: RegistryFixture.Kind.allCases)
    func foreign(kind: RegistryFixture.Kind) async throws {
        let fixture = try await RegistryFixture(kind)
        let id = try await fixture.registry.beginUpload(in: app, algorithm: .sha256)
        _ = try await fixture.append("mine", to: id, in: app)
        let registry = fixture.registry
        for stranger in [id, UploadID()] {
            let digest = Digest.of("mine".utf8)
            for attempt in [
                { _ = try await registry.uploadStatus(stranger, in: web) },
                { try await registry.checkChunk(.init(), of: stranger, in: web) },
                { _ = try await registry.appendChunk(RegistryFixture.body("x"), claim: .init(), to: stranger, in: web) },
                { try await registry.cancelUpload(stranger, in: web) },
                {
                    try await registry.finishUpload(
                        stranger, expecting: digest, body: RegistryFixture.body(), claim: .init(), in: web, origin: fixture.origin)
                },
            ] as [() async throws -> Void] {
                #expect(await refusal(attempt) == "uploadUnknown")
            }
        }
        try await fixture.finish(id, as: "mine", in: app)
    }

    #if os(Linux)
        @Test("requests for a foreign upload leave no file open")
        func noLeak() async throws {
            let fixture = try await RegistryFixture(.filesystem)
            let id = try await fixture.registry.beginUpload(in: app, algorithm: .sha256)
            for _ in 0..<5 {
                _ = try await fixture.append("x", to: id, in: app)
                _ = await refusal { _ = try await fixture.registry.appendChunk(RegistryFixture.body("x"), claim: .init(), to: id, in: web) }
                _ = await refusal { try await fixture.registry.cancelUpload(id, in: web) }
            }
            #expect(await Self.settles { Self.openFiles(named: id.description) <= 1 })
            try await fixture.registry.cancelUpload(id, in: app)
            #expect(await Self.settles { Self.openFiles(named: id.description) == 0 })
        }

        /// Files are closed in the background.
        private static func settles(_ condition: () -> Bool) async -> Bool {
            for _ in 0..<1000 {
                if condition() { return true }
                try? await Task.sleep(for: .milliseconds(10))
            }
            return false
        }

        private static func openFiles(named name: String) -> Int {
            let descriptors = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? []
            return descriptors.count { descriptor in
                (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\(descriptor)"))?.contains(name) ?? false
            }
        }
    #endif
}

extension RegistryFixture {
    fileprivate func append(_ text: String, to id: UploadID, in repository: RepositoryName) async throws -> Int64 {
        try await registry.appendChunk(Self.body(text), claim: .init(), to: id, in: repository)
    }

    fileprivate func finish(_ id: UploadID, as text: String, in repository: RepositoryName) async throws {
        try await registry.finishUpload(
            id, expecting: Digest.of(text.utf8), body: Self.body(), claim: .init(), in: repository, origin: origin)
    }
}
