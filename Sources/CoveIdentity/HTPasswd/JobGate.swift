import Synchronization

/// Lets so many jobs run at one time and so many wait, first come, first served; the others are turned away.
final class JobGate: Sendable {
    private struct State {
        var running = 0
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let running: Int
    private let waiting: Int
    private let state = Mutex(State())

    init(running: Int, waiting: Int) {
        self.running = running
        self.waiting = waiting
    }

    /// Runs `job` when its turn comes. Nil when too many wait already.
    func run<Result>(_ job: () async -> Result) async -> Result? {
        guard await enter() else { return nil }
        defer { leave() }
        return await job()
    }

    private func enter() async -> Bool {
        enum Turn { case now, never, later }
        var isAdmitted = true
        await withCheckedContinuation { continuation in
            let turn = state.withLock { state -> Turn in
                if state.running < running {
                    state.running += 1
                    return .now
                }
                guard state.waiting.count < waiting else { return .never }
                state.waiting.append(continuation)
                return .later
            }
            switch turn {
            case .now: continuation.resume()
            case .never:
                isAdmitted = false
                continuation.resume()
            case .later: break
            }
        }
        return isAdmitted
    }

    /// Hands the place on to whoever waits longest.
    private func leave() {
        let next = state.withLock { state -> CheckedContinuation<Void, Never>? in
            if state.waiting.isEmpty {
                state.running -= 1
                return nil
            }
            return state.waiting.removeFirst()
        }
        next?.resume()
    }
}
