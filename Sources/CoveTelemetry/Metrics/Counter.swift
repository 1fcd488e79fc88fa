import Synchronization

/// A number that only grows. An event costs one relaxed atomic addition, so it may be counted on any path.
package final class Counter: Sendable {
    private let count = Atomic(0)

    package init() {}

    package var value: Int { count.load(ordering: .relaxed) }

    package func add(_ amount: Int = 1) { count.add(amount, ordering: .relaxed) }
}

/// A number that goes up and down.
package final class Gauge: Sendable {
    private let level = Atomic(0)

    package init() {}

    package var value: Int { level.load(ordering: .relaxed) }

    package func add(_ amount: Int) { level.add(amount, ordering: .relaxed) }
    package func set(_ amount: Int) { level.store(amount, ordering: .relaxed) }
}

/// A fixed row of counters in one piece of memory.
package final class CounterRow: Sendable {
    package let count: Int
    /// Atomics cannot be in an array, as they cannot be copied.
    private nonisolated(unsafe) let cells: UnsafeMutablePointer<Atomic<Int>>

    package init(count: Int) {
        self.count = count
        cells = .allocate(capacity: count)
        for index in 0..<count { (cells + index).initialize(to: Atomic(0)) }
    }

    deinit {
        cells.deinitialize(count: count)
        cells.deallocate()
    }

    /// - Parameter index: beyond the row it is ignored.
    package func add(_ amount: Int = 1, at index: Int) {
        guard index >= 0, index < count else { return }
        cells[index].add(amount, ordering: .relaxed)
    }

    package subscript(index: Int) -> Int {
        index >= 0 && index < count ? cells[index].load(ordering: .relaxed) : 0
    }
}
