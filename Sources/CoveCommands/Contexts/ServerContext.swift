/// A server with a login, under a name.
package struct ServerContext: Codable, Sendable, Equatable {
    /// Its URL.
    package var server: String
    package var username: String
    /// Nil when a credential helper keeps it.
    package var password: String?
    /// The name of that helper: `pass` for `docker-credential-pass`.
    package var helper: String?
    package var cacert: String?
    package var insecure: Bool?

    package init(
        server: String, username: String, password: String?, helper: String? = nil, cacert: String? = nil, insecure: Bool? = nil
    ) {
        self.server = server
        self.username = username
        self.password = password
        self.helper = helper
        self.cacert = cacert
        self.insecure = insecure
    }

    package var trust: ServerTrust { ServerTrust(authorities: cacert, isInsecure: insecure ?? false) }
}

/// What the contexts' file holds.
package struct ContextList: Codable, Sendable, Equatable {
    /// The name of the context that commands use.
    package var current: String?
    package var contexts: [String: ServerContext]
    /// The helper that keeps passwords of new contexts; nil keeps them in this file.
    package var credentialHelper: String?
    /// What `docker-credential-cove` was given to keep, by registry.
    package var logins: [String: KeptLogin]?

    package struct KeptLogin: Codable, Sendable, Equatable {
        package var username: String
        package var secret: String

        package init(username: String, secret: String) {
            self.username = username
            self.secret = secret
        }
    }

    package init() { contexts = [:] }
}
