import Synchronization

/// For how long a worker may be sure that nobody has given it up: from each sign of life for two thirds of the time after which
/// others would. By this machine's own clock, which goes on while the machine sleeps.
final class JobLease: Sendable {
    private let span: Duration?
    private let until: Mutex<ContinuousClock.Instant>

    /// - Parameter length: after which others give it up; nil where there are no others.
    init(_ length: Duration?) {
        span = length.map { $0 * 2 / 3 }
        until = Mutex(.now + (length ?? .zero) * 2 / 3)
    }

    /// - Parameter start: when the sign of life was begun, which others saw later.
    func renew(since start: ContinuousClock.Instant) {
        guard let span else { return }
        until.withLock { $0 = max($0, start + span) }
    }

    var isOver: Bool {
        guard span != nil else { return false }
        return until.withLock { $0 } < .now
    }
}
