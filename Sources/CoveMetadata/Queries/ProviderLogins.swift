/// A login at an identity provider under way.
package struct ProviderLogin: Sendable, Equatable {
    /// What the provider gives back, what its token must hold, and what proves that it was asked from here (RFC 7636).
    package let state: String
    package let nonce: String
    package let verifier: String
    /// Where the provider sends the browser.
    package let callback: String
    /// The path to go on to.
    package let target: String
    /// Whom the provider named, who has no account yet; JSON.
    package var identity: String?

    package init(state: String, nonce: String, verifier: String, callback: String, target: String, identity: String? = nil) {
        self.state = state
        self.nonce = nonce
        self.verifier = verifier
        self.callback = callback
        self.target = target
        self.identity = identity
    }
}

extension MetadataTransaction {
    /// - Parameters:
    ///   - id: a hash of what the browser is given.
    ///   - lifetime: in microseconds.
    package func saveProviderLogin(_ id: String, _ login: ProviderLogin, lifetime: Int64) throws {
        try connection.perform("DELETE FROM provider_login WHERE expires_at <= $1", [.integer(now)])
        try connection.perform(
            """
            INSERT INTO provider_login (id, state, nonce, verifier, callback, target, identity, expires_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
            """,
            [
                .text(id), .text(login.state), .text(login.nonce), .text(login.verifier), .text(login.callback), .text(login.target),
                .optional(login.identity), .integer(now + lifetime),
            ])
    }

    package func providerLogin(_ id: String) throws -> ProviderLogin? {
        try connection.row(
            "SELECT state, nonce, verifier, callback, target, identity FROM provider_login WHERE id = $1 AND expires_at > $2",
            [.text(id), .integer(now)]
        ).map {
            ProviderLogin(
                state: try $0.text(0), nonce: try $0.text(1), verifier: try $0.text(2), callback: try $0.text(3), target: try $0.text(4),
                identity: try $0.optionalText(5))
        }
    }

    /// - Returns: whether it was there: of several that take it, one does.
    package func endProviderLogin(_ id: String) throws -> Bool {
        try connection.run("DELETE FROM provider_login WHERE id = $1", [.text(id)]) > 0
    }
}
