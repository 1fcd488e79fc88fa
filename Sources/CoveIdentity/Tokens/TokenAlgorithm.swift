/// The signatures that are verified (RFC 7518 section 3.1, RFC 8037 section 3.1): those of public keys, and so neither
/// `none` nor the `HS` ones, whose key would have to be a secret of this server.
package enum TokenAlgorithm: String, Sendable, CaseIterable {
    case rs256 = "RS256"
    case rs384 = "RS384"
    case rs512 = "RS512"
    case ps256 = "PS256"
    case ps384 = "PS384"
    case ps512 = "PS512"
    case es256 = "ES256"
    case es384 = "ES384"
    case es512 = "ES512"
    case edDSA = "EdDSA"
}
