/// How often amounts fell between given bounds, and their sum. An observation costs two atomic additions.
package final class Histogram: Sendable {
    /// What amounts are counted in, and shown in.
    package enum Unit: Sendable {
        /// Counted in nanoseconds, shown in seconds.
        case seconds
        case bytes
        /// Plain numbers.
        case items
    }

    /// What was observed until some moment.
    package struct Snapshot: Sendable, Equatable {
        /// Upper bounds as shown, without the last, which is infinite.
        package var bounds: [Double]
        /// Observations up to each bound, those up to lower ones among them; the last is of all.
        package var cumulative: [Int]
        package var sum: Double

        package var count: Int { cumulative.last ?? 0 }
    }

    private let unit: Unit
    private let bounds: [Int]
    /// A cell for each bound, one for what is above all, and the sum.
    private let cells: CounterRow

    /// - Parameter bounds: ascending, in the unit that is shown.
    package init(_ unit: Unit, bounds: [Double]) {
        self.unit = unit
        self.bounds = bounds.map { Int((unit == .seconds ? $0 * 1e9 : $0).rounded()) }
        cells = CounterRow(count: bounds.count + 2)
    }

    /// - Parameter amount: nanoseconds, bytes or items.
    package func observe(_ amount: Int) {
        var index = 0
        while index < bounds.count, bounds[index] < amount { index += 1 }
        cells.add(at: index)
        cells.add(amount, at: bounds.count + 1)
    }

    package func observe(_ duration: Duration) { observe(duration.inNanoseconds) }

    /// Observes the time since then.
    package func observe(since start: ContinuousClock.Instant) { observe(ContinuousClock.now - start) }

    package var snapshot: Snapshot {
        let scale = unit == .seconds ? 1e9 : 1
        var total = 0
        let cumulative = (0...bounds.count).map { index in
            total += cells[index]
            return total
        }
        return Snapshot(
            bounds: bounds.map { Double($0) / scale }, cumulative: cumulative, sum: Double(cells[bounds.count + 1]) / scale)
    }
}

extension Histogram {
    /// Bounds of times from half a millisecond to five minutes; those of Distribution are among them.
    package static let times: [Double] = [
        0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 60, 300,
    ]

    /// Bounds of short times, from 50 microseconds to ten seconds.
    package static let shortTimes: [Double] = [
        0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
    ]

    /// Distribution's bounds of sizes: 1 KiB to 2 GiB, each the double of the one before.
    package static let sizes: [Double] = (0..<22).map { Double(1024 << $0) }
}

extension Duration {
    /// At most 292 years.
    package var inNanoseconds: Int { Int(components.seconds) * 1_000_000_000 + Int(components.attoseconds / 1_000_000_000) }
}
