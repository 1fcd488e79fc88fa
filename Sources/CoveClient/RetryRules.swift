/// How often, and after what pauses, a request is sent again that failed for a passing reason, and how long one may take.
package struct RetryRules: Sendable {
    /// Requests sent in all.
    package var tries = 3
    /// The longest pause after the first try. It doubles with each one.
    package var firstPause = Duration.milliseconds(200)
    package var longestPause = Duration.seconds(3)
    package var connect = Duration.seconds(5)
    /// An answer of which not a byte comes for this long is given up.
    package var stall = Duration.seconds(30)

    package init() {}

    /// A pause by "full jitter": anything up to the longest, so that nodes that failed together do not come back together.
    package func pause(afterTry number: Int) -> Duration {
        let longest = min(longestPause, firstPause * (1 << min(max(0, number - 1), 16)))
        return .nanoseconds(Int64.random(in: 0...max(0, longest.nanoseconds)))
    }
}

extension Duration {
    var nanoseconds: Int64 { components.seconds * 1_000_000_000 + components.attoseconds / 1_000_000_000 }
}
