/// How accounts are locked after wrong passwords: for a while that doubles with each further one.
package struct Lockout: Sendable {
    /// Wrong passwords on end; 0 for never.
    package var failures = 5
    package var delay = Duration.seconds(5)
    package var longestDelay = Duration.seconds(900)

    package init() {}

    /// For how long an account is locked, in microseconds; nil for not at all.
    ///
    /// - Parameter count: wrong passwords on end.
    package func time(after count: Int64) -> Int64? {
        guard failures > 0, count >= Int64(failures) else { return nil }
        let doublings = min(count - Int64(failures), 40)
        let first = Int64(delay / .microseconds(1))
        let (time, overflows) = first.multipliedReportingOverflow(by: 1 << doublings)
        return min(overflows ? .max : time, Int64(longestDelay / .microseconds(1)))
    }
}
