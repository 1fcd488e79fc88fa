/// Why a directory did not do what it was asked.
package enum LDAPError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Nothing answers there, or not in time, or TLS was not agreed on.
    case unreachable(String)
    /// The name or the password is wrong (code 49).
    case invalidCredentials
    /// What the settings say cannot be: a name or a filter that is none.
    case misconfigured(String)
    case refused(String)
    /// More ask than this node works off.
    case overloaded

    package var description: String {
        switch self {
        case .unreachable(let reason): "the LDAP server cannot be reached: \(reason)"
        case .invalidCredentials: "the LDAP server does not accept the name and the password"
        case .misconfigured(let reason): reason
        case .refused(let reason): "the LDAP server refuses: \(reason)"
        case .overloaded: "too many wait for the LDAP server; try again in a moment"
        }
    }
}
