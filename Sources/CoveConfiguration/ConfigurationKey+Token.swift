/// The keys of `auth.token`.
extension ConfigurationKey {
    static let token: [ConfigurationKey] = [
        .acts(
            "auth.token.realm", .text, "",
            "URL of the token server, such as https://auth.example.org/token, where clients get tokens. Needed."),
        .acts("auth.token.service", .text, "", "What this registry is called there; tokens must have it in aud. Needed."),
        .acts("auth.token.issuer", .text, "", "What tokens must have as iss. Needed."),
        .acts(
            "auth.token.rootcertbundle", .text, "",
            "PEM file of certificates. Tokens may be signed by their keys, named in kid by libtrust's fingerprint or the thumbprint of RFC 7638, or by the key of a certificate that leads to one of them (x5c). Read again when it changes. This or jwks is needed."
        ),
        .acts(
            "auth.token.jwks", .text, "",
            "JSON Web Key Set, a file of public keys, which tokens name by kid. Read again when it changes. (registry:3)"),
        .acts(
            "auth.token.signingalgorithms", .texts, TokenSettings.Algorithm.allCases.map(\.rawValue).joined(separator: ", "),
            "Algorithms of tokens that are accepted. HS256, HS384 and HS512 are passed over with a warning: as in registry:3, no key that could verify them can be given. (registry:3)"
        ),
        .acts(
            "auth.token.autoredirect", .boolean, "false",
            "Whether clients are sent to a token server on the host that they ask, by https unless Forwarded or X-Forwarded-Proto say otherwise, instead of to realm."
        ),
        .acts(
            "auth.token.autoredirectpath", .text, TokenSettings.usualRedirectPath,
            "With autoredirect, the token server's path. (registry:3)"),
    ]
}
