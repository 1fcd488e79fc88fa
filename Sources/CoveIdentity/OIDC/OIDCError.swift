/// Why a login at an identity provider comes to nothing.
package enum OIDCError: Error, Sendable, Equatable, CustomStringConvertible {
    /// It does not answer, or not as OpenID Connect has it.
    case provider(String)
    case misconfigured(String)
    /// The provider says no, or what it says cannot be believed.
    case refused(String)
    /// The browser was not sent by this server, or long ago.
    case unknownLogin

    package var description: String {
        switch self {
        case .provider(let reason): "the identity provider does not answer as it should: \(reason)"
        case .misconfigured(let reason): reason
        case .refused(let reason): "the identity provider's login is not accepted: \(reason)"
        case .unknownLogin: "this login was not begun in this browser, or more than ten minutes ago; log in again"
        }
    }
}
