import CoveClient
import Logging
import Synchronization

/// What has been learnt of an upstream by asking it: whether it is away, and how long it wants to be left alone.
final class UpstreamHealth: Sendable {
    private struct State {
        /// Until when it is taken to be away without asking.
        var awayUntil: ContinuousClock.Instant?
        /// Until when it wants no requests (429).
        var quietUntil: ContinuousClock.Instant?
        var isAway = false
    }

    /// After it could not be reached. What is stored is served at once meanwhile.
    private static let awayTime = Duration.seconds(5)
    /// After a 429 that does not say how long.
    private static let usualQuiet = Duration.seconds(60)

    private let name: String
    private let logger: Logger
    private let state = Mutex(State())

    init(name: String, logger: Logger) {
        self.name = name
        self.logger = logger
    }

    /// How long it still wants no requests; nil when it may be asked.
    var quiet: Duration? {
        let now = ContinuousClock.now
        return state.withLock { $0.quietUntil }.flatMap { $0 > now ? $0 - now : nil }
    }

    /// Whether it was away a moment ago.
    var isAway: Bool { state.withLock { $0.awayUntil.map { $0 > .now } ?? false } }

    func note(_ error: ClientError?) {
        enum News { case none, away, back, quiet }
        let news = state.withLock { state -> News in
            switch error {
            case .unreachable, .failed, .login, .invalidAnswer:
                state.awayUntil = .now + Self.awayTime
                defer { state.isAway = true }
                return state.isAway ? .none : .away
            case .tooManyRequests(let after):
                let isFirst = state.quietUntil.map { $0 <= .now } ?? true
                state.quietUntil = .now + (after ?? Self.usualQuiet)
                return isFirst ? .quiet : .none
            case .cancelled: return .none
            case nil, .notFound, .denied, .digestMismatch:
                state.awayUntil = nil
                defer { state.isAway = false }
                return state.isAway ? .back : .none
            }
        }
        let metadata: Logger.Metadata = ["upstream": "\(name)"]
        switch news {
        case .none: break
        case .away:
            logger.warning("an upstream does not answer; what is stored is served", metadata: metadata.with("error", error))
        case .back: logger.info("an upstream answers again", metadata: metadata)
        case .quiet:
            logger.warning("an upstream has had too many requests and is left alone", metadata: metadata.with("error", error))
        }
    }
}

extension Logger.Metadata {
    fileprivate func with(_ key: String, _ error: ClientError?) -> Logger.Metadata {
        merging([key: "\(error.map(\.description) ?? "")"]) { $1 }
    }
}
