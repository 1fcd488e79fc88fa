/// What does the jobs of a kind.
package protocol JobHandler: Sendable {
    /// As Harbor's API names it: `GARBAGE_COLLECTION`, `RETENTION`.
    var kind: String { get }
    /// What happens after a failure.
    var retry: JobRetry { get }
    /// Does a job. It may be run again from its beginning after its worker was lost, so what it does must bear that.
    ///
    /// It is cancelled when somebody stops the job, when the process ends (the job then runs again elsewhere), and when the
    /// worker may have been given up by others.
    ///
    /// - Throws: whatever keeps it from being done: it is tried again as ``retry`` says. ``JobFailure`` is final.
    func run(_ context: JobContext) async throws
}

/// How often something that failed is tried again, and when.
package struct JobRetry: Sendable, Equatable {
    /// Runs in all, the first among them.
    package var attempts: Int64
    /// Between the first failure and the next run; it doubles with each.
    package var delay: Duration
    package var longestDelay: Duration

    package init(attempts: Int64, delay: Duration = .seconds(5), longestDelay: Duration = .seconds(3600)) {
        self.attempts = attempts
        self.delay = delay
        self.longestDelay = longestDelay
    }

    package static let never = JobRetry(attempts: 1)

    /// How long to wait after a failure.
    ///
    /// - Parameters:
    ///   - failures: how often it has failed, at least once.
    ///   - share: from 0 to 1: up to a fifth is added, so that what failed together is not tried together.
    /// - Returns: microseconds; nil when it is not tried again.
    func wait(after failures: Int64, share: Double = .random(in: 0...1)) -> Int64? {
        guard failures < attempts else { return nil }
        let longest = Double(longestDelay.microseconds)
        let doubled = Double(delay.microseconds) * Double(UInt64(1) << UInt64(min(max(failures, 1) - 1, 40)))
        return Int64(min(doubled, longest) * (1 + share / 5))
    }
}

/// A failure that another run would not mend.
package struct JobFailure: Error, Sendable, Equatable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
}

extension Duration {
    var microseconds: Int64 { components.seconds * 1_000_000 + components.attoseconds / 1_000_000_000_000 }
}
