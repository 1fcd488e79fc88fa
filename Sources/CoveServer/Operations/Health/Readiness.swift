import CoveRegistry
import Logging
import ServiceLifecycle
import Synchronization

/// Whether this node should get traffic: its store and storage answer, nothing else that it depends on fails, and no
/// shutdown has begun.
///
/// The store is checked at a regular interval, and when somebody asks, but never more than once a second. Several failures
/// in a row make the node not ready; one success makes it ready again. Requests are answered all the same: each finds out
/// by itself whether it needs what fails, and a full disk still serves pulls.
final class Readiness: Service {
    struct Options: Sendable {
        /// `health.storagedriver.enabled`.
        var isEnabled = true
        var interval = Duration.seconds(10)
        /// Failures in a row that make the node not ready.
        var threshold = 3
        /// What the check is called in `/debug/health`, as Distribution does.
        var name = "storagedriver"
    }

    private struct State {
        var isShuttingDown = false
        var failures = 0
        var reason = ""
        var checked: ContinuousClock.Instant?
    }

    private static let mostOften = Duration.seconds(1)

    private let registry: Registry
    private let options: Options
    /// What the configuration looks at beside the store.
    let checks: HealthChecks
    private let logger: Logger
    private let state = Mutex(State())

    init(registry: Registry, options: Options, checks: HealthChecks? = nil, logger: Logger) {
        self.registry = registry
        self.options = options
        self.checks = checks ?? HealthChecks(logger: logger)
        self.logger = logger
    }

    func run() async throws {
        await withGracefulShutdownHandler {
            await cancelWhenGracefulShutdown {
                while !Task.isCancelled {
                    if self.options.isEnabled { await self.check() }
                    do { try await Task.sleep(for: self.options.interval) } catch { return }
                }
            }
        } onGracefulShutdown: {
            self.beginShutdown()
        }
    }

    func beginShutdown() {
        state.withLock { $0.isShuttingDown = true }
    }

    /// Nil when ready. The store's own words are for the log.
    func reasonNotReady() async -> String? {
        if options.isEnabled { await check() }
        return reason
    }

    /// As of the last checks.
    var isReady: Bool { reason == nil }

    /// What is wrong, by check: as of the last ones, and not for the public.
    var failures: [String: String] {
        var failures = checks.failures
        state.withLock { state in if state.failures >= options.threshold { failures[options.name] = state.reason } }
        return failures
    }

    private var reason: String? {
        let reason = state.withLock { state -> String? in
            if state.isShuttingDown { return "shutting down" }
            return state.failures >= options.threshold ? "the metadata store or the blob storage does not answer" : nil
        }
        return reason ?? (checks.isOutOfService ? "a health check fails" : nil)
    }

    private func check() async {
        let isDue = state.withLock { state in
            if let checked = state.checked, ContinuousClock.now - checked < Self.mostOften { return false }
            state.checked = .now
            return true
        }
        guard isDue else { return }
        do {
            try await registry.probe()
            state.withLock { $0.failures = 0 }
        } catch {
            let failures = state.withLock { state in
                state.failures += 1
                state.reason = "\(error)"
                return state.failures
            }
            logger.error("a check of the store failed", metadata: ["reason": "\(error)", "failures": "\(failures)"])
        }
    }
}
