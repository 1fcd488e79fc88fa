import Synchronization

/// Values by key, remembered for a few seconds. What was being read while it was told to forget is not kept.
final class Memo<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private struct State {
        var entries: [Key: (value: Value, end: ContinuousClock.Instant)] = [:]
        /// Counts what was forgotten.
        var generation = 0
    }

    private let lifetime: Duration
    private let capacity: Int
    private let state = Mutex(State())

    init(lifetime: Duration, capacity: Int) {
        self.lifetime = lifetime
        self.capacity = capacity
    }

    /// - Parameter load: its nil is not remembered.
    func value(_ key: Key, else load: () async throws -> Value?) async throws -> Value? {
        let (known, generation) = state.withLock { ($0.entries[key], $0.generation) }
        let now = ContinuousClock.now
        if let known, now < known.end { return known.value }
        guard let loaded = try await load() else { return nil }
        state.withLock { state in
            guard state.generation == generation else { return }
            if state.entries.count >= capacity, state.entries[key] == nil { state.entries = [:] }
            state.entries[key] = (loaded, now + lifetime)
        }
        return loaded
    }

    func forget() {
        state.withLock { state in
            state.entries = [:]
            state.generation += 1
        }
    }

    func forget(_ key: Key) {
        state.withLock { state in
            state.entries[key] = nil
            state.generation += 1
        }
    }
}
