/// Leaves a server alone for a while after it failed: 100 ms the first time, twice as long each time after, 5 s at most.
/// Then one command tries it, and the others still do without until that has been answered.
struct CircuitBreaker: Sendable {
    enum Permit: Sendable, Equatable {
        case regular
        /// The command tries whether the server is back. It must be reported as succeeded or failed.
        case trial
    }

    private enum State {
        case closed
        case open(until: ContinuousClock.Instant)
        case trying
    }

    private static let shortestPause = Duration.milliseconds(100)
    private static let longestPause = Duration.seconds(5)
    /// A failure that comes later than this after the last one is a new one.
    private static let memory = Duration.seconds(30)

    private var state = State.closed
    private var pause = Self.shortestPause
    private var lastFailure: ContinuousClock.Instant?

    var isClosed: Bool { if case .closed = state { true } else { false } }

    /// Whether a command may be sent; nil when it may not.
    mutating func permit(at now: ContinuousClock.Instant) -> Permit? {
        switch state {
        case .closed: return .regular
        case .open(let until) where until <= now:
            state = .trying
            return .trial
        case .open, .trying: return nil
        }
    }

    /// - Returns: whether the server is back.
    mutating func succeeded(_ permit: Permit) -> Bool {
        guard permit == .trial else { return false }
        state = .closed
        return true
    }

    /// - Returns: whether it counts. The many commands that fail with the first do not, once the server is left alone.
    mutating func failed(_ permit: Permit, at now: ContinuousClock.Instant) -> Bool {
        guard permit == .trial || isClosed else { return false }
        if let lastFailure, now - lastFailure < Self.memory {
            pause = min(pause * 2, Self.longestPause)
        } else {
            pause = Self.shortestPause
        }
        lastFailure = now
        state = .open(until: now + pause)
        return true
    }
}
