import CoveIdentity
import CoveMetadata
import CoveRegistry
import HTTPTypes
import HummingbirdCore
import Logging

/// Whether what the registry stands on answers: each is asked now.
struct HealthGroup: HarborGroup {
    let platform: Platform

    var handlers: [HarborOperation: HarborHandler] { [.getHealth: get] }

    private func get(_ call: HarborCall) async throws -> Response {
        async let database = component("database", "the metadata store does not answer") { try await platform.metadata.ping() }
        async let storage = component("registry", "the storage does not answer") { try await platform.registry.probeStorage() }
        async let cache = cache()
        async let jobs = component("jobservice", "no worker has been heard of for a while") {
            let last = try await platform.metadata.read { try $0.workers().map(\.beatAt).max() }
            guard let last, Int64.nowMicroseconds - last < Self.longestSilence else { throw NoWorkers() }
        }
        // Whoever answers this is well.
        let components = await [Harbor.ComponentHealthStatus(name: "core", status: "healthy"), database, jobs] + cache + [storage]
        let isHealthy = components.allSatisfy { $0.status == "healthy" }
        return .json(Harbor.OverallHealthStatus(status: isHealthy ? "healthy" : "unhealthy", components: components))
    }

    /// In microseconds. Workers say every ten seconds that they live.
    private static let longestSilence: Int64 = 60_000_000

    private struct NoWorkers: Error {}

    private func cache() async -> [Harbor.ComponentHealthStatus] {
        guard let probe = platform.registry.cacheProbe else { return [] }
        return [await component("redis", "Redis does not answer", probe)]
    }

    /// The cause of a failure is for the log: anybody may ask this.
    private func component(
        _ name: String, _ failure: String, _ ask: @Sendable () async throws -> Void
    ) async -> Harbor.ComponentHealthStatus {
        do {
            try await ask()
            return Harbor.ComponentHealthStatus(name: name, status: "healthy")
        } catch {
            platform.logger.warning("a component is unhealthy", metadata: ["component": "\(name)", "reason": "\(error)"])
            return Harbor.ComponentHealthStatus(name: name, status: "unhealthy", error: failure)
        }
    }
}
