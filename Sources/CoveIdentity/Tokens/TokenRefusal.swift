/// Why a token is not believed, in words for who sent it.
package enum TokenRefusal: Error, Sendable, Equatable, CustomStringConvertible {
    /// It is not a signed token of three parts, or a part is not what it must be.
    case malformed(String)
    /// Its algorithm is not among those that are allowed.
    case algorithmRefused(String)
    /// It names a key that is of another kind than its algorithm.
    case algorithmMismatch(String)
    /// It has none of the headers kid, jwk and x5c.
    case namesNoKey
    case unknownKey(id: String)
    /// The key or the certificates in its header are not trusted.
    case untrusted(String)
    case badSignature
    case wrongIssuer(String)
    case wrongAudience([String])
    /// - Parameter seconds: how long ago, above 0.
    case expired(seconds: Int)
    /// - Parameter seconds: in how long.
    case notYetValid(seconds: Int)

    package var description: String {
        switch self {
        case .malformed(let reason): "it is malformed: \(reason)"
        case .algorithmRefused(let name): "its algorithm '\(name.prefix(20))' is not accepted"
        case .algorithmMismatch(let name): "its algorithm \(name) does not fit its key"
        case .namesNoKey: "it names no key; it must have one of the headers kid, jwk and x5c"
        case .unknownKey(let id): "it is signed with the key '\(id.prefix(80))', which is not known here"
        case .untrusted(let reason): "its key is not trusted: \(reason)"
        case .badSignature: "its signature is not that of its key"
        case .wrongIssuer(let issuer): "its issuer is '\(issuer.prefix(120))', which is not the one that is trusted here"
        case .wrongAudience(let audience):
            "it is for '\(audience.prefix(3).joined(separator: "', '").prefix(120))', and not for this registry"
        case .expired(let seconds): "it expired \(seconds) s ago"
        case .notYetValid(let seconds): "it is valid in \(seconds) s only; are the clocks right?"
        }
    }
}
