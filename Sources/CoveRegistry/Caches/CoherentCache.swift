import Synchronization

/// A cache over the store that never serves what was changed before the change was acknowledged.
///
/// A loader announces itself before it reads the store; ``invalidate(_:)``, called after a commit and before its
/// acknowledgement, withdraws the announcements of that key as well as the value. So a loader that read the old state
/// cannot put it back afterwards.
final class CoherentCache<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private struct State {
        var values: LeastRecentlyUsed<Key, Value>
        var loading: [Key: UInt64] = [:]
        var nextTicket: UInt64 = 0
    }

    private let state: Mutex<State>

    init(capacity: Int) {
        state = Mutex(State(values: LeastRecentlyUsed(capacity: capacity)))
    }

    func value(for key: Key) -> Value? {
        state.withLock { $0.values.value(for: key) }
    }

    /// The cached value, or what `load` finds. A nil is not remembered.
    ///
    /// - Parameter cost: what keeping a value takes, in the unit of the capacity.
    func value(
        for key: Key, cost: (Value) -> Int, load: () async throws(RegistryError) -> Value?
    ) async throws(RegistryError) -> Value? {
        if let value = value(for: key) { return value }
        let ticket = state.withLock { state in
            state.nextTicket += 1
            state.loading[key] = state.nextTicket
            return state.nextTicket
        }
        let loaded: Value?
        do throws(RegistryError) {
            loaded = try await load()
        } catch {
            withdraw(key, ticket)
            throw error
        }
        guard let loaded else {
            withdraw(key, ticket)
            return nil
        }
        let price = cost(loaded)
        state.withLock { state in
            guard state.loading[key] == ticket else { return }
            state.loading[key] = nil
            state.values.insert(loaded, for: key, cost: price)
        }
        return loaded
    }

    func invalidate(_ keys: some Sequence<Key>) {
        state.withLock { state in
            for key in keys {
                state.values.remove(key)
                state.loading[key] = nil
            }
        }
    }

    func removeAll() {
        state.withLock { state in
            state.values.removeAll()
            state.loading = [:]
        }
    }

    private func withdraw(_ key: Key, _ ticket: UInt64) {
        state.withLock { if $0.loading[key] == ticket { $0.loading[key] = nil } }
    }
}
