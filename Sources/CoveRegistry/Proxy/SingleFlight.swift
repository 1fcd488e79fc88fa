import Synchronization

/// Does a thing once for all who want it at the same time.
final class SingleFlight<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private typealias Outcome = Result<Value, RegistryError>

    private struct Flight {
        let number: UInt64
        let task: Task<Outcome, Never>
    }

    private struct State {
        var flights: [Key: Flight] = [:]
        var next: UInt64 = 0
    }

    private let state = Mutex(State())

    /// What `body` comes to, or what it comes to for whoever began first. It goes on when its clients have gone away.
    func run(
        _ key: Key, _ body: @escaping @Sendable () async throws(RegistryError) -> Value
    ) async throws(RegistryError) -> Value {
        let task = state.withLock { state -> Task<Outcome, Never> in
            if let flight = state.flights[key] { return flight.task }
            state.next += 1
            let number = state.next
            let task = Task { () -> Outcome in
                let outcome: Outcome
                do throws(RegistryError) { outcome = .success(try await body()) } catch { outcome = .failure(error) }
                self.land(key, number)
                return outcome
            }
            state.flights[key] = Flight(number: number, task: task)
            return task
        }
        return try await task.value.get()
    }

    /// Breaks off what is under way.
    func cancelAll() {
        let flights = state.withLock { $0.flights.values.map(\.task) }
        for flight in flights { flight.cancel() }
    }

    private func land(_ key: Key, _ number: UInt64) {
        state.withLock { state in
            if state.flights[key]?.number == number { state.flights[key] = nil }
        }
    }
}
