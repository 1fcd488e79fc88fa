import Synchronization

/// A cache over the store that never serves what was changed before the change was acknowledged.
///
/// A loader announces itself before it reads the store; ``invalidate(_:)``, called after a commit and before its
/// acknowledgement, withdraws the announcements of that key as well as the value. So a loader that read the old state
/// cannot put it back afterwards.
///
/// Where other nodes write to the store, nobody calls here. Then a value is given only for its ``validity`` after the
/// store was asked, and whoever changes something acknowledges it only when that time has passed since the commit
/// (``Registry/outlastCaches()``): an answer to a request that began after an acknowledgement is never older than it. No
/// node has to know of another, and no clock has to be right. One request in half that time asks again for all.
final class CoherentCache<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private struct Entry {
        var value: Value
        /// When the store was asked for it.
        var confirmed: ContinuousClock.Instant
    }

    private struct State {
        var entries: LeastRecentlyUsed<Key, Entry>
        var loading: [Key: UInt64] = [:]
        var nextTicket: UInt64 = 0
    }

    private enum Finding {
        case current(Value)
        /// To be loaded. What was known is perhaps still right.
        case load(ticket: UInt64, known: Value?)
    }

    private let validity: Duration?
    private let now: @Sendable () -> ContinuousClock.Instant
    private let state: Mutex<State>

    /// - Parameter validity: how long a value may be given without asking the store; nil for as long as nobody
    ///   invalidates it.
    init(
        capacity: Int, validity: Duration? = nil, now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }
    ) {
        self.validity = validity
        self.now = now
        state = Mutex(State(entries: LeastRecentlyUsed(capacity: capacity)))
    }

    func value(for key: Key) -> Value? {
        state.withLock { state in
            guard let entry = state.entries.value(for: key), isCurrent(entry, within: validity) else { return nil }
            return entry.value
        }
    }

    /// The cached value, or what `load` finds. A nil is not remembered.
    ///
    /// - Parameters:
    ///   - cost: what keeping a value takes, in the unit of the capacity.
    ///   - load: asks the store. It is told the value that was known, which may still be right.
    func value(
        for key: Key, cost: (Value) -> Int, load: (Value?) async throws(RegistryError) -> Value?
    ) async throws(RegistryError) -> Value? {
        switch find(key) {
        case .current(let value): return value
        case .load(let ticket, let known):
            let began = now()
            let loaded: Value?
            do throws(RegistryError) {
                loaded = try await load(known)
            } catch {
                state.withLock { if $0.loading[key] == ticket { $0.loading[key] = nil } }
                throw error
            }
            let price = loaded.map(cost) ?? 0
            state.withLock { state in
                guard state.loading[key] == ticket else { return }
                state.loading[key] = nil
                if let loaded {
                    state.entries.insert(Entry(value: loaded, confirmed: began), for: key, cost: price)
                } else {
                    state.entries.remove(key)
                }
            }
            return loaded
        }
    }

    func invalidate(_ keys: some Sequence<Key>) {
        state.withLock { state in
            for key in keys {
                state.entries.remove(key)
                state.loading[key] = nil
            }
        }
    }

    func removeAll() {
        state.withLock { state in
            state.entries.removeAll()
            state.loading = [:]
        }
    }

    private func find(_ key: Key) -> Finding {
        state.withLock { state in
            let entry = state.entries.value(for: key)
            if let entry {
                if isCurrent(entry, within: validity.map { $0 / 2 }) { return .current(entry.value) }
                if state.loading[key] != nil, isCurrent(entry, within: validity) { return .current(entry.value) }
            }
            state.nextTicket += 1
            state.loading[key] = state.nextTicket
            return .load(ticket: state.nextTicket, known: entry?.value)
        }
    }

    private func isCurrent(_ entry: Entry, within limit: Duration?) -> Bool {
        guard let limit else { return true }
        return now() - entry.confirmed < limit
    }
}
