import CoveOCI

/// Why a registry did not give what it was asked for. Texts hold no credentials.
package enum ClientError: Error, Sendable, Equatable {
    /// No connection, or no answer in time.
    case unreachable(String)
    /// The registry says that it failed (5xx), and went on doing so.
    case failed(status: Int)
    /// 429; how long it wants to be left alone, where it says so.
    case tooManyRequests(retryAfter: Duration?)
    /// There is no such thing there.
    case notFound
    /// The registry does not give it to whoever we are there (401, 403). Many say so of what does not exist.
    case denied(status: Int)
    /// The login itself does not work: the token service refused it, or the credential helper did not give one.
    case login(String)
    /// The content is not what its digest says.
    case digestMismatch(expected: Digest, actual: Digest)
    /// An answer that a registry cannot give.
    case invalidAnswer(String)
    case cancelled
}

extension ClientError {
    /// Whether asking again at once may help.
    package var isPassing: Bool {
        switch self {
        case .unreachable, .failed: true
        default: false
        }
    }
}

extension ClientError {
    /// What a sentence that says already that a server cannot be reached goes on with.
    package var reason: String {
        guard case .unreachable(let why) = self else { return description }
        return why
    }
}

extension ClientError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .unreachable(let why): "it cannot be reached: \(why)"
        case .failed(let status): "it failed with status \(status)"
        case .tooManyRequests(let after):
            "it has had too many requests (429)\(after.map { "; it wants none for \($0.components.seconds) s" } ?? "")"
        case .notFound: "it has no such content (404)"
        case .denied(let status): "it denies access (\(status))"
        case .login(let why): "logging in failed: \(why)"
        case .digestMismatch(let expected, let actual): "it sent content of digest \(actual) for \(expected)"
        case .invalidAnswer(let why): "it gave an answer that is none: \(why)"
        case .cancelled: "the request was cancelled"
        }
    }
}
