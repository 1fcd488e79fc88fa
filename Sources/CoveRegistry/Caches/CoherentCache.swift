import CoveTelemetry
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

    /// What a loader finds, for those who wait for it.
    private typealias Found = Result<Value?, RegistryError>

    private struct Loading {
        let ticket: UInt64
        let began: ContinuousClock.Instant
        var waiting: [CheckedContinuation<Found?, Never>] = []
    }

    private struct State {
        var entries: LeastRecentlyUsed<Key, Entry>
        var loading: [Key: Loading] = [:]
        var nextTicket: UInt64 = 0
    }

    private enum Finding {
        case current(Value)
        /// To be loaded. What was known is perhaps still right.
        case load(ticket: UInt64, known: Value?)
        /// Somebody has been asking the store for a moment, which is not too long ago for this request as well.
        case wait
    }

    let statistics = CacheStatistics()
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
        let now = now()
        return state.withLock { state in
            guard let entry = state.entries.value(for: key), isCurrent(entry.confirmed, now, within: validity) else { return nil }
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
        while true {
            let began = now()
            switch find(key, began) {
            case .current(let value):
                statistics.hits.add()
                return value
            case .load(let ticket, let known):
                statistics.misses.add()
                let found: Found
                do throws(RegistryError) {
                    found = .success(try await load(known))
                } catch {
                    found = .failure(error)
                }
                finish(key, ticket, began, found, cost)
                return try found.get()
            case .wait:
                if let found = await result(of: key, began) {
                    // Somebody else asked the store for both.
                    statistics.hits.add()
                    return try found.get()
                }
            }
        }
    }

    func invalidate(_ keys: some Sequence<Key>) {
        let waiting = state.withLock { state -> [CheckedContinuation<Found?, Never>] in
            var waiting: [CheckedContinuation<Found?, Never>] = []
            for key in keys {
                state.entries.remove(key)
                waiting += state.loading.removeValue(forKey: key)?.waiting ?? []
            }
            return waiting
        }
        Self.sendOn(waiting)
    }

    func removeAll() {
        let waiting = state.withLock { state in
            defer { state.loading = [:] }
            state.entries.removeAll()
            return state.loading.values.flatMap(\.waiting)
        }
        Self.sendOn(waiting)
    }

    /// Has those who waited for a withdrawn loader look again.
    private static func sendOn(_ waiting: [CheckedContinuation<Found?, Never>]) {
        for continuation in waiting { continuation.resume(returning: nil) }
    }

    private func finish(
        _ key: Key, _ ticket: UInt64, _ began: ContinuousClock.Instant, _ found: Found, _ cost: (Value) -> Int
    ) {
        let loaded = try? found.get()
        let price = loaded.map(cost) ?? 0
        let waiting = state.withLock { state -> [CheckedContinuation<Found?, Never>] in
            guard let loading = state.loading[key], loading.ticket == ticket else { return [] }
            state.loading[key] = nil
            if let loaded {
                state.entries.insert(Entry(value: loaded, confirmed: began), for: key, cost: price)
            } else if case .success = found {
                state.entries.remove(key)
            }
            return loading.waiting
        }
        for continuation in waiting { continuation.resume(returning: found) }
    }

    /// What the loader that is under way finds; nil when there is none any more that began recently enough.
    private func result(of key: Key, _ asked: ContinuousClock.Instant) async -> Found? {
        await withCheckedContinuation { continuation in
            let isWaiting = state.withLock { state in
                guard let loading = state.loading[key], isCurrent(loading.began, asked, within: validity) else { return false }
                state.loading[key]?.waiting.append(continuation)
                return true
            }
            if !isWaiting { continuation.resume(returning: nil) }
        }
    }

    private func find(_ key: Key, _ now: ContinuousClock.Instant) -> Finding {
        state.withLock { state in
            let entry = state.entries.value(for: key)
            if let entry {
                if isCurrent(entry.confirmed, now, within: validity.map { $0 / 2 }) { return .current(entry.value) }
                if state.loading[key] != nil, isCurrent(entry.confirmed, now, within: validity) { return .current(entry.value) }
            }
            if validity != nil, let loading = state.loading[key], isCurrent(loading.began, now, within: validity) { return .wait }
            state.nextTicket += 1
            // Who waits for one that has taken too long goes on waiting for it.
            let waiting = state.loading[key]?.waiting ?? []
            state.loading[key] = Loading(ticket: state.nextTicket, began: now, waiting: waiting)
            return .load(ticket: state.nextTicket, known: entry?.value)
        }
    }

    private func isCurrent(_ moment: ContinuousClock.Instant, _ now: ContinuousClock.Instant, within limit: Duration?) -> Bool {
        guard let limit else { return true }
        return now - moment < limit
    }
}
