/// Why a server did not do what it was asked. Texts hold no credentials.
package enum HarborError: Error, Sendable, Equatable {
    /// No connection, or no answer in time.
    case unreachable(server: String, why: String)
    case refused(HarborRefusal)
    /// An answer that Harbor's API does not give.
    case invalidAnswer(server: String, why: String)
    /// What was asked for by name is not there.
    case missing(String)
    /// The request makes no sense as it is; nothing was sent.
    case unusable(String)
}

/// What a server said when it refused.
package struct HarborRefusal: Sendable, Equatable {
    package let status: Int
    /// Harbor's word for the reason, such as `CONFLICT`; empty when it gave none.
    package let code: String
    package let message: String
    package let request: String
    package let requestID: String?
    package let server: String
    package let user: String?
}

extension HarborError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .unreachable(let server, let why):
            "\(server) cannot be reached: \(why)"
        case .invalidAnswer(let server, let why):
            "\(server) does not answer as Harbor's API does: \(why); is it the right address?"
        case .missing(let text), .unusable(let text): text
        case .refused(let refusal): refusal.description
        }
    }

    package var status: Int? {
        guard case .refused(let refusal) = self else { return nil }
        return refusal.status
    }
}

extension HarborRefusal: CustomStringConvertible {
    package var description: String {
        let said = message.isEmpty ? "\(request) was refused" : message
        let what = [code, "status \(status)", requestID.map { "request \($0)" }].compactMap { $0 }.filter { !$0.isEmpty }
        return "\(said) (\(what.joined(separator: ", ")))\(remedy.map { "\n  \($0)" } ?? "")"
    }

    private var remedy: String? {
        switch status {
        case 401 where user == nil: "nobody is logged in at \(server): cove login \(server)"
        case 401: "\(server) did not accept the login of '\(user ?? "")'; log in again: cove login \(server) -u '\(user ?? "")'"
        case 403: "'\(user ?? "anonymous")' may not do this at \(server); use another login with --context, or have a role given to it"
        case 501: "\(server) does not offer \(request)"
        default: nil
        }
    }
}
