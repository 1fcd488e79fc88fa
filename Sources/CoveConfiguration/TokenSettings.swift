import Foundation

/// `auth.token`: a token server of somebody else's decides who may do what, and signs it.
package struct TokenSettings: Sendable, Equatable {
    /// RFC 7518 section 3.1 and RFC 8037 section 3.1, without the secret-key ones.
    package enum Algorithm: String, Sendable, CaseIterable {
        case edDSA = "EdDSA"
        case rs256 = "RS256"
        case rs384 = "RS384"
        case rs512 = "RS512"
        case es256 = "ES256"
        case es384 = "ES384"
        case es512 = "ES512"
        case ps256 = "PS256"
        case ps384 = "PS384"
        case ps512 = "PS512"
    }

    static let usualRedirectPath = "/auth/token"
    private static let secretKeyAlgorithms: Set<String> = ["HS256", "HS384", "HS512"]

    /// The token server's URL.
    package var realm = ""
    package var service = ""
    package var issuer = ""
    /// A PEM file of certificates; at least one of this and ``jwks`` is there.
    package var rootCertBundle: String?
    /// A JSON Web Key Set.
    package var jwks: String?
    package var signingAlgorithms = Algorithm.allCases
    package var autoRedirect = false
    package var autoRedirectPath = usualRedirectPath

    package init() {}

    init(_ reader: inout SettingReader) {
        realm = Self.needed("realm", "the token server's URL", &reader)
        service = Self.needed("service", "this registry's name at the token server", &reader)
        issuer = Self.needed("issuer", "what the token server calls itself in its tokens", &reader)
        rootCertBundle = reader.nonEmptyText("auth.token.rootcertbundle")
        jwks = reader.nonEmptyText("auth.token.jwks")
        if rootCertBundle == nil, jwks == nil {
            reader.refuse(
                "'auth.token.rootcertbundle' is missing; name the PEM file of the token server's certificates, or with 'auth.token.jwks' that of its keys"
            )
        }
        readAlgorithms(&reader)
        autoRedirect = reader.boolean("auth.token.autoredirect") ?? false
        autoRedirectPath = reader.nonEmptyText("auth.token.autoredirectpath") ?? Self.usualRedirectPath
        check(&reader)
    }

    private static func needed(_ name: String, _ what: String, _ reader: inout SettingReader) -> String {
        if let text = reader.nonEmptyText("auth.token.\(name)") { return text }
        reader.refuse("'auth.token.\(name)' is missing; write \(what)")
        return ""
    }

    private mutating func readAlgorithms(_ reader: inout SettingReader) {
        let key = "auth.token.signingalgorithms"
        guard let names = reader.texts(key), !names.isEmpty else { return }
        signingAlgorithms = []
        for name in names {
            if let algorithm = Algorithm(rawValue: name) {
                if !signingAlgorithms.contains(algorithm) { signingAlgorithms.append(algorithm) }
            } else if Self.secretKeyAlgorithms.contains(name) {
                reader.warn("'\(key)' names \(name), by which no token is verified: only public keys can be given")
            } else {
                reader.refuse(
                    "'\(key)' names '\(name.prefix(20))', which is not available; use some of \(Algorithm.allCases.map(\.rawValue).joined(separator: ", "))"
                )
            }
        }
        if signingAlgorithms.isEmpty, names.allSatisfy(Self.secretKeyAlgorithms.contains) {
            reader.refuse("'\(key)' names only algorithms of secret keys, by which no token is verified; add those of the token server")
        }
    }

    /// Both go into a header, in quotes.
    private func check(_ reader: inout SettingReader) {
        func isPlain(_ text: String) -> Bool {
            text.unicodeScalars.allSatisfy { (0x20...0x7E).contains($0.value) && $0 != "\"" && $0 != "\\" }
        }
        let isURL = URL(string: realm).map { ["http", "https"].contains($0.scheme) && $0.host() != nil } ?? false
        if !realm.isEmpty, !isURL || !isPlain(realm) || realm.contains(" ") {
            reader.refuse(
                "'auth.token.realm' must be the token server's URL, such as https://auth.example.org/token, not '\(Secrets.masked(realm).prefix(80))'"
            )
        }
        if !isPlain(service) { reader.refuse("'auth.token.service' must be plain text without quotes") }
        if !autoRedirectPath.hasPrefix("/") || !isPlain(autoRedirectPath) || autoRedirectPath.contains(" ") {
            reader.refuse("'auth.token.autoredirectpath' must be a path such as /auth/token, not '\(autoRedirectPath.prefix(80))'")
        }
    }

    var rendered: RenderedValue {
        var pairs: [(String, RenderedValue)] = [
            ("realm", .text(realm)), ("service", .text(service)), ("issuer", .text(issuer)),
        ]
        if let rootCertBundle { pairs.append(("rootcertbundle", .text(rootCertBundle))) }
        if let jwks { pairs.append(("jwks", .text(jwks))) }
        return .map(
            pairs + [
                ("signingalgorithms", .texts(signingAlgorithms.map(\.rawValue))), ("autoredirect", .flag(autoRedirect)),
                ("autoredirectpath", .text(autoRedirectPath)),
            ])
    }
}
