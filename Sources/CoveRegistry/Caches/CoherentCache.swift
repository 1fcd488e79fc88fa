import CoveTelemetry
import Synchronization

/// A cache over the store that never serves what was changed before the change was acknowledged.
///
/// A loader announces itself before it reads the store; ``invalidate(_:)``, called after a commit and before its
/// acknowledgement, withdraws the announcements of that key as well as the value. So a loader that read the old state
/// cannot put it back afterwards.
///
/// Where other nodes write to the store, nobody calls here. Then a settled value is given for a lease that began before
/// the store was asked for it: whoever changes it gives notice, and waits until every lease has run out
/// (``MetadataStore/lease``). Any other request is answered with what the store said after the request began, and what is
/// kept only spares the store from sending it again. Of a key, one question at a time is under way; those who come
/// meanwhile share the next one. So every node gives the answers of one store, whoever changed it and however long ago: no
/// node has to know of another, and no clock has to be right.
final class CoherentCache<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    /// What the store says.
    struct Answer {
        let value: Value
        /// Whether it will be right for a lease.
        let isSettled: Bool

        init(_ value: Value, isSettled: Bool = false) {
            self.value = value
            self.isSettled = isSettled
        }
    }

    private struct Entry {
        let value: Value
        /// From when on the store should be asked again, and until when the value is known to be right.
        var lease: Range<ContinuousClock.Instant>?
    }

    /// What a loader finds, for those who wait for it.
    private typealias Found = Result<Value?, RegistryError>
    private typealias Waiting = [CheckedContinuation<Turn, Never>]

    private struct Loading {
        let ticket: UInt64
        let began: ContinuousClock.Instant
        /// Those who came before it began.
        var waiting: Waiting = []
        /// Those who came later: what it finds may be too old for them.
        var next: Waiting = []
    }

    private struct State {
        var entries: LeastRecentlyUsed<Key, Entry>
        var loading: [Key: Loading] = [:]
        var lastTicket: UInt64 = 0

        /// Announces a loader.
        mutating func begin(_ key: Key, _ now: ContinuousClock.Instant, waiting: Waiting = []) -> Turn {
            lastTicket += 1
            loading[key] = Loading(ticket: lastTicket, began: now, waiting: waiting)
            return .load(ticket: lastTicket, known: entries.value(for: key)?.value)
        }
    }

    /// What a request is to do.
    private enum Turn {
        case answer(Found)
        /// To ask the store. What was known is perhaps still right.
        case load(ticket: UInt64, known: Value?)
        /// To look again: the loader it waited for was withdrawn.
        case again
    }

    let statistics = CacheStatistics()
    private let patience: Duration?
    private let lease: Duration
    private let state: Mutex<State>

    /// - Parameter patience: for a store that others write to as well: how long a request waits for a loader that began
    ///   before it, until it asks the store itself. Nil for a store of our own.
    /// - Parameter lease: how long a settled value is given there, from the moment before it was asked for.
    init(capacity: Int, patience: Duration? = nil, lease: Duration = .zero) {
        self.patience = patience
        self.lease = lease
        state = Mutex(State(entries: LeastRecentlyUsed(capacity: capacity)))
    }

    /// What is kept, right or not where others write.
    func value(for key: Key) -> Value? {
        state.withLock { $0.entries.value(for: key)?.value }
    }

    /// The cached value, or what `load` finds. A nil is not remembered.
    ///
    /// - Parameters:
    ///   - cost: what keeping a value takes, in the unit of the capacity.
    ///   - load: asks the store. It is told the value that was known, which may still be right.
    func value(
        for key: Key, cost: (Value) -> Int, load: (Value?) async throws(RegistryError) -> Answer?
    ) async throws(RegistryError) -> Value? {
        while true {
            var turn = look(for: key)
            if turn == nil { turn = await wait(for: key) }
            switch turn {
            case .answer(let found):
                statistics.hits.add()
                return try found.get()
            case .load(let ticket, let known):
                statistics.misses.add()
                let found: Found
                var isSettled = false
                do throws(RegistryError) {
                    let answer = try await load(known)
                    isSettled = answer?.isSettled ?? false
                    found = .success(answer?.value)
                } catch {
                    found = .failure(error)
                }
                finish(key, ticket, found, isSettled, cost)
                return try found.get()
            case .again, nil: continue
            }
        }
    }

    func invalidate(_ keys: some Sequence<Key>) {
        let waiting = state.withLock { state -> Waiting in
            var waiting: Waiting = []
            for key in keys {
                state.entries.remove(key)
                guard let loading = state.loading.removeValue(forKey: key) else { continue }
                waiting += loading.waiting + loading.next
            }
            return waiting
        }
        for continuation in waiting { continuation.resume(returning: .again) }
    }

    /// What to do at once; nil to wait.
    private func look(for key: Key) -> Turn? {
        let now = patience.map { _ in ContinuousClock.now }
        return state.withLock { state in
            guard let patience, let now else {
                if let entry = state.entries.value(for: key) { return .answer(.success(entry.value)) }
                return state.begin(key, .now)
            }
            let loading = state.loading[key]
            if let entry = state.entries.value(for: key), let lease = entry.lease, now < lease.upperBound,
                // Before it runs out, one request has it renewed, and the others need not wait.
                now < lease.lowerBound || loading != nil
            {
                return .answer(.success(entry.value))
            }
            guard let loading else { return state.begin(key, now) }
            if now - loading.began < patience { return nil }
            // Whoever waits for one that takes too long goes on with the one that begins now.
            return state.begin(key, now, waiting: loading.waiting + loading.next)
        }
    }

    private func wait(for key: Key) async -> Turn {
        await withCheckedContinuation { continuation in
            let isWaiting = state.withLock { state in
                state.loading[key]?.next.append(continuation)
                return state.loading[key] != nil
            }
            if !isWaiting { continuation.resume(returning: .again) }
        }
    }

    private func finish(_ key: Key, _ ticket: UInt64, _ found: Found, _ isSettled: Bool, _ cost: (Value) -> Int) {
        let loaded = try? found.get()
        let price = loaded.map(cost) ?? 0
        let (waiting, leader) = state.withLock { state -> (Waiting, (CheckedContinuation<Turn, Never>, Turn)?) in
            guard let loading = state.loading[key], loading.ticket == ticket else { return ([], nil) }
            state.loading[key] = nil
            let end = loading.began + lease
            let lease = isSettled ? loading.began + lease / 2..<end : nil
            if let loaded {
                state.entries.insert(Entry(value: loaded, lease: lease), for: key, cost: price)
            } else if case .success = found {
                state.entries.remove(key)
            }
            if lease != nil, .now < end { return (loading.waiting + loading.next, nil) }
            guard let leader = loading.next.first else { return (loading.waiting, nil) }
            // Not before this moment, which is after all of them came.
            let turn = state.begin(key, .now, waiting: Waiting(loading.next.dropFirst()))
            return (loading.waiting, (leader, turn))
        }
        for continuation in waiting { continuation.resume(returning: .answer(found)) }
        if let (continuation, turn) = leader { continuation.resume(returning: turn) }
    }
}
