import CoveRegistry
import HTTPTypes
import HummingbirdCore
import Synchronization

/// `/healthz`: the process is alive. `/readyz`: it can serve, that is, the store and the storage answer and no shutdown
/// has begun. `/` answers as registry:2 does, for load balancers that look there.
struct HealthResponder: Sendable {
    let state: ReadinessState

    func respond(_ exchange: Exchange, path: Substring) async -> Response? {
        struct Report: Encodable {
            let status: String
            var reason: String?
        }
        switch path {
        case "/", "": return .empty(.ok)
        case "/healthz": return .json(Report(status: "ok"))
        case "/readyz":
            if let reason = await state.reasonNotReady() {
                return .json(Report(status: "unavailable", reason: reason), status: .serviceUnavailable)
            }
            return .json(Report(status: "ok"))
        default: return nil
        }
    }
}

/// Whether this node should get traffic.
final class ReadinessState: Sendable {
    private let registry: Registry
    private let isShuttingDown = Atomic<Bool>(false)

    init(registry: Registry) {
        self.registry = registry
    }

    func beginShutdown() {
        isShuttingDown.store(true, ordering: .relaxed)
    }

    /// Nil when ready. The store's own words are for the log.
    func reasonNotReady() async -> String? {
        if isShuttingDown.load(ordering: .relaxed) { return "shutting down" }
        do {
            try await registry.probe()
            return nil
        } catch {
            registry.report("\(error)")
            return "the metadata store or the blob storage does not answer"
        }
    }
}
