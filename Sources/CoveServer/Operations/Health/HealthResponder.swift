import CoveOCI
import CoveRegistry
import HTTPTypes
import HummingbirdCore

/// `/healthz`: the process is alive. `/readyz`: it can serve, that is, the store and the storage answer, the health checks
/// are well and no shutdown has begun. `/` answers as registry:2 does, for load balancers that look there: 200 while no
/// check fails.
struct HealthResponder: Sendable {
    let readiness: Readiness

    /// - Returns: nil when the path is not one of these.
    /// - Throws: ``OCIFailure`` for a method other than GET and HEAD.
    func respond(_ exchange: Exchange, path: Substring) async throws(OCIFailure) -> Response? {
        struct Report: Encodable {
            let status: String
            var reason: String?
        }
        guard ["/", "", "/healthz", "/readyz"].contains(path) else { return nil }
        guard exchange.method == .get || exchange.method == .head else {
            throw .methodNotAllowed(exchange.method, allowed: [.get, .head])
        }
        switch path {
        case "/", "":
            guard readiness.failures.isEmpty else { throw Self.outOfService }
            return .empty(.ok, headers: [.cacheControl: "no-cache"])
        case "/healthz": return .json(Report(status: "ok"))
        case "/readyz":
            if let reason = await readiness.reasonNotReady() {
                return .json(Report(status: "unavailable", reason: reason), status: .serviceUnavailable)
            }
            return .json(Report(status: "ok"))
        default: return nil
        }
    }

    /// Refuses a request while a check that the configuration names fails.
    ///
    /// - Throws: ``OCIFailure``.
    func refuseOutOfService() throws(OCIFailure) {
        if readiness.checks.isOutOfService { throw Self.outOfService }
    }

    private static var outOfService: OCIFailure {
        OCIFailure(
            status: .serviceUnavailable, code: .unavailable,
            message: "the registry is out of service: a health check fails; its debug address says which, at /debug/health",
            headers: [.retryAfter: "10"])
    }
}
