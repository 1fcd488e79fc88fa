import CoveBlobs
import CoveMetadata
import CoveRegistry
import Foundation
import HTTPTypes
import HummingbirdCore
import NIOPosix
import ServiceLifecycleTestKit
import TestSupport
import Testing

@testable import CoveServer

@Suite("Health")
struct HealthTests {
    private func answer(_ readiness: Readiness, _ path: Substring, _ method: HTTPRequest.Method = .get) async throws -> Answer? {
        let response: Response?
        do throws(OCIFailure) {
            response = try await HealthResponder(readiness: readiness).respond(Requests.exchange(method, String(path)), path: path)
        } catch {
            response = error.response
        }
        guard let response else { return nil }
        return try await Answer(response)
    }

    private func readiness(_ registry: Registry, threshold: Int = 3, isEnabled: Bool = true) -> Readiness {
        Readiness(registry: registry, options: .init(isEnabled: isEnabled, threshold: threshold), logger: Requests.logger)
    }

    @Test("a node whose stores answer is ready and alive, and other paths are not its business")
    func ready() async throws {
        let readiness = readiness(try await Requests.registry())
        #expect(try await answer(readiness, "/readyz")?.status == 200)
        #expect(try await answer(readiness, "/healthz")?.body == #"{"status":"ok"}"#)
        #expect(try await answer(readiness, "/")?.status == 200)
        #expect(try await answer(readiness, "/other") == nil)
        let refused = try #require(try await answer(readiness, "/readyz", .post))
        #expect(refused.status == 405 && refused.headers[.allow] == "GET, HEAD")
    }

    @Test("a node is not ready once its shutdown has begun, but still alive")
    func shutdown() async throws {
        let readiness = readiness(try await Requests.registry())
        try await testGracefulShutdown { trigger in
            async let run: Void = readiness.run()
            trigger.triggerGracefulShutdown()
            try await run
        }
        let refused = try #require(try await answer(readiness, "/readyz"))
        #expect(refused.status == 503)
        #expect(refused.body == #"{"reason":"shutting down","status":"unavailable"}"#)
        #expect(try await answer(readiness, "/healthz")?.status == 200)
    }

    @Test(
        "a store that fails as often as the threshold makes the node not ready",
        arguments: [(1, true, 503), (2, true, 200), (1, false, 200)])
    func threshold(threshold: Int, isEnabled: Bool, status: Int) async throws {
        let directory = try TemporaryDirectory()
        let storage = try FilesystemStorage(root: directory.file("gone"), pool: .singleton, synchronous: false)
        let registry = Registry(
            metadata: try await .open(SQLiteEngine(.memory)), storage: storage, options: .init(), logger: Requests.logger)
        try FileManager.default.removeItem(atPath: directory.file("gone"))
        #expect(try await answer(readiness(registry, threshold: threshold, isEnabled: isEnabled), "/readyz")?.status == status)
    }
}
