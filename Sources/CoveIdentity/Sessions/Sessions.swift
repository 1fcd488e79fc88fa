import CoveMetadata

/// Browsers that stay logged in.
package struct Sessions: Sendable {
    private let metadata: MetadataStore
    private let settings: Settings

    package init(metadata: MetadataStore, settings: Settings) {
        self.metadata = metadata
        self.settings = settings
    }

    /// Microseconds that a session lives without being used.
    private var lifetime: Int64 { settings.integer(.sessionTimeout) * 60_000_000 }

    /// Begins one under a name that nobody has seen before.
    ///
    /// - Parameters:
    ///   - csrf: what its pages have to know, of ``RandomToken/make()``.
    ///   - idToken: the provider's, where it is to be told of the end.
    ///   - old: the cookie that the browser came with; its session ends.
    /// - Returns: the cookie.
    package func begin(for accountID: Int64, csrf: String, idToken: String? = nil, replacing old: String?) async throws -> String {
        let cookie = RandomToken.make()
        let lifetime = self.lifetime
        try await metadata.write { store in
            if let old { try store.endSession(RandomToken.hash(old)) }
            try store.insertSession(RandomToken.hash(cookie), of: accountID, csrf: csrf, idToken: idToken, lifetime: lifetime)
        }
        return cookie
    }

    /// The session of a cookie, which lives on from now; nil for one that is over.
    package func find(_ cookie: String) async throws -> BrowserSession? {
        guard cookie.utf8.count <= 100 else { return nil }
        let id = RandomToken.hash(cookie)
        guard let session = try await metadata.read({ try $0.session(id) }) else { return nil }
        let lifetime = self.lifetime
        // Not with each request: a write for each read would be the dearest part of it.
        if .nowMicroseconds - session.usedAt > min(60_000_000, lifetime / 10) {
            try await metadata.write { try $0.noteUse(ofSession: id, lifetime: lifetime) }
        }
        return session
    }

    package func end(_ cookie: String) async throws {
        let id = RandomToken.hash(cookie)
        try await metadata.write { try $0.endSession(id) }
    }
}
