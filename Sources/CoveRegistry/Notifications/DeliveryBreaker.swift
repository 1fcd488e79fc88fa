/// How long to wait before the next try: not at all up to a number of failures in a row, then a pause after each.
struct DeliveryBreaker {
    private let threshold: Int
    private let backoff: Duration
    /// Failures since something was delivered last.
    private(set) var failures = 0
    private var last: Duration?

    init(threshold: Int, backoff: Duration) {
        self.threshold = threshold
        self.backoff = backoff
    }

    /// - Parameter now: by a clock that never goes back.
    mutating func fail(at now: Duration) {
        failures += 1
        last = now
    }

    mutating func succeed() {
        failures = 0
        last = nil
    }

    func pause(at now: Duration) -> Duration {
        guard let last, failures >= threshold else { return .zero }
        return max(.zero, last + backoff - now)
    }
}

/// Time as deliveries see it; tests have one of their own.
struct DeliveryClock: Sendable {
    /// Since an arbitrary moment.
    let now: @Sendable () -> Duration
    /// - Throws: `CancellationError`.
    let sleep: @Sendable (Duration) async throws -> Void

    static func continuous() -> DeliveryClock {
        let start = ContinuousClock.now
        return DeliveryClock(now: { ContinuousClock.now - start }, sleep: { try await Task.sleep(for: $0) })
    }
}
