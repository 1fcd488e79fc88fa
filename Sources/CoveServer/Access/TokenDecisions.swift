import CoveIdentity
import Foundation
import Synchronization

/// What was decided on tokens a moment ago: clients ask with one token for one thing after another. Any change of rights that this node
/// knows of ends all of it.
final class TokenDecisions: Sendable {
    private struct Question: Hashable {
        let header: String
        let needed: [Access]
        let useful: [Access]
    }

    private struct Answer {
        let grant: Grant
        let until: ContinuousClock.Instant
        /// Of the token, in seconds since 1970.
        let end: Double
    }

    private struct State {
        var generation = -1
        var answers: [Question: Answer] = [:]
    }

    /// Added to the time for which rights are remembered.
    private static let lifetime = Duration.seconds(1)
    private static let capacity = 10_000

    private let state = Mutex(State())

    /// - Parameter generation: of the rights, read before.
    func grant(_ header: String, _ required: RequiredAccess, _ generation: Int) -> Grant? {
        let question = Question(header: header, needed: required.needed, useful: required.useful)
        let answer = state.withLock { $0.generation == generation ? $0.answers[question] : nil }
        guard let answer, ContinuousClock.now < answer.until, Date.now.timeIntervalSince1970 <= answer.end else { return nil }
        return answer.grant
    }

    /// - Parameter generation: of the rights, read before it was decided.
    func remember(_ grant: Grant, of header: String, _ required: RequiredAccess, _ generation: Int, end: Double) {
        let question = Question(header: header, needed: required.needed, useful: required.useful)
        let answer = Answer(grant: grant, until: .now + Self.lifetime, end: end)
        state.withLock { state in
            guard generation >= state.generation else { return }
            if generation > state.generation || state.answers.count >= Self.capacity { state.answers = [:] }
            state.generation = generation
            state.answers[question] = answer
        }
    }
}
