import Logging
import ServiceLifecycle
import Synchronization

/// Something outside of the node that must be in order for it to serve.
struct HealthCheck: Sendable {
    /// What is looked at.
    let name: String
    let interval: Duration
    /// Failures in a row that count.
    let threshold: Int
    /// Whether it is looked at as soon as the node starts. What is asked over the network is not: it may be a service that
    /// starts with the node, or the node itself.
    let isImmediate: Bool
    /// Nil when it is in order, else what is wrong.
    let look: @Sendable () async -> String?
}

/// Looks at what `health` names, at intervals. While one of the checks fails, the node is out of service, as with
/// Distribution: whoever configures one wants to turn the node away by it.
final class HealthChecks: Service {
    private struct State {
        var failures = 0
        var reason: String?
    }

    private let checks: [HealthCheck]
    private let logger: Logger
    private let states = Mutex<[String: State]>([:])
    private let failing = Atomic(0)

    init(_ checks: [HealthCheck] = [], logger: Logger) {
        self.checks = checks
        self.logger = logger
    }

    /// Whether requests are to be refused. Asked with each.
    var isOutOfService: Bool { failing.load(ordering: .relaxed) > 0 }

    /// What is wrong, by the checks that have failed often enough.
    var failures: [String: String] {
        states.withLock { states in
            var failures: [String: String] = [:]
            for check in checks {
                guard let state = states[check.name], state.failures >= check.threshold else { continue }
                failures[check.name] = state.reason
            }
            return failures
        }
    }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            await withTaskGroup(of: Void.self) { group in
                for check in self.checks { group.addTask { await self.repeat(check) } }
                // A service that ends would end the server.
                group.addTask { while !Task.isCancelled { try? await Task.sleep(for: .seconds(86_400)) } }
            }
        }
    }

    private func `repeat`(_ check: HealthCheck) async {
        if check.isImmediate { await look(at: check) }
        while !Task.isCancelled {
            do { try await Task.sleep(for: check.interval) } catch { return }
            await look(at: check)
        }
    }

    func look(at check: HealthCheck) async {
        let reason = await check.look()
        guard !Task.isCancelled else { return }
        let change = states.withLock { states -> Int in
            var state = states[check.name] ?? State()
            let wasFailing = state.failures >= check.threshold
            state.failures = reason == nil ? 0 : min(state.failures, check.threshold) + 1
            state.reason = reason
            states[check.name] = state
            let isFailing = state.failures >= check.threshold
            return isFailing == wasFailing ? 0 : isFailing ? 1 : -1
        }
        guard change != 0 else { return }
        failing.add(change, ordering: .relaxed)
        if change > 0 {
            logger.error("a health check fails", metadata: ["check": "\(check.name)", "reason": "\(reason ?? "")"])
        } else {
            logger.info("a health check is well again", metadata: ["check": "\(check.name)"])
        }
    }
}
