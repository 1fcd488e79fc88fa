import Synchronization

/// Keys whose change Redis could not be told. For a while, whatever it says of them may be old.
final class UntoldChanges: Sendable {
    private struct State {
        var until: [BlobKey: ContinuousClock.Instant] = [:]
        /// More than are remembered: until then nothing is believed.
        var allUntil: ContinuousClock.Instant?
    }

    private let bound: Int
    private let duration: Duration
    private let state = Mutex(State())

    /// - Parameters:
    ///   - duration: how long an old value may live.
    ///   - bound: how many keys are remembered.
    init(for duration: Duration, bound: Int = 10_000) {
        self.duration = duration
        self.bound = bound
    }

    func contains(_ key: BlobKey) -> Bool {
        state.withLock { state in
            if state.until.isEmpty, state.allUntil == nil { return false }
            let now = ContinuousClock.now
            if let allUntil = state.allUntil, now < allUntil { return true }
            guard let until = state.until[key] else { return false }
            return now < until
        }
    }

    func insert(_ key: BlobKey) {
        state.withLock { state in
            let now = ContinuousClock.now
            let until = now + duration
            if state.until.count >= bound {
                state.until = state.until.filter { now < $0.value }
                if state.until.count >= bound {
                    state.until = [:]
                    state.allUntil = until
                }
            }
            state.until[key] = until
        }
    }
}
