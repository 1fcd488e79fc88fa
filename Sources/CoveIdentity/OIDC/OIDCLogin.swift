import CoveMetadata
import CoveOCI
import Crypto
import Foundation

/// Logins at an identity provider by the authorization code flow with PKCE (OpenID Connect Core, section 3.1; RFC 7636).
package struct OIDCLogin: Sendable {
    package enum Outcome: Sendable {
        case known(Principal, target: String, idToken: String?)
        /// Whoever has just been given an account, with the secret that clients other than browsers log in with.
        case new(Principal, cliSecret: String, target: String, idToken: String?)
        /// They have to choose a name.
        case unnamed(suggestion: String, cookie: String)
    }

    /// Kept of somebody until they have chosen a name.
    private struct Pending: Codable {
        let identity: OutsideIdentity
        let idToken: String?
    }

    /// In microseconds.
    private static let lifetime: Int64 = 600_000_000

    package let client: OIDCClient
    private let settings: Settings
    private let accounts: Accounts
    private var metadata: MetadataStore { accounts.metadata }

    package init(_ client: OIDCClient, settings: Settings, accounts: Accounts) {
        self.client = client
        self.settings = settings
        self.accounts = accounts
    }

    // MARK: - There

    /// Begins a login.
    ///
    /// - Parameters:
    ///   - callback: the URL that the provider sends the browser back to.
    ///   - target: the path of this server to go on to in the end.
    /// - Returns: where to send the browser, and the cookie that it must come back with.
    /// - Throws: ``OIDCError``, `MetadataError`.
    package func begin(callback: String, target: String) async throws -> (url: String, cookie: String) {
        let options = try OIDCOptions(settings)
        let provider = try await client.provider(options.endpoint, verifiesCertificate: options.verifiesCertificate)
        let login = ProviderLogin(
            state: RandomToken.make(), nonce: RandomToken.make(), verifier: RandomToken.make(), callback: callback, target: target)
        let cookie = try await keep(login)
        let challenge = Data(SHA256.hash(data: Data(login.verifier.utf8))).base64URL
        let own = [
            ("response_type", "code"), ("client_id", options.clientID), ("redirect_uri", callback),
            ("scope", options.scopes.joined(separator: " ")), ("state", login.state), ("nonce", login.nonce),
            ("code_challenge", challenge), ("code_challenge_method", "S256"),
        ]
        let extra = options.extraParameters.filter { name, _ in !own.contains { $0.0 == name } }.sorted { $0.key < $1.key }
        return (FormEncoding.url(provider.authorizationEndpoint, own + extra.map { ($0.key, $0.value) }), cookie)
    }

    private func keep(_ login: ProviderLogin) async throws -> String {
        let cookie = RandomToken.make()
        try await metadata.write { try $0.saveProviderLogin(RandomToken.hash(cookie), login, lifetime: Self.lifetime) }
        return cookie
    }

    // MARK: - And back

    /// Goes on when the provider has sent the browser back.
    ///
    /// - Throws: ``OIDCError``, ``OnboardingRefusal/disabled``, `MetadataError`, ``Passwords/Overload``.
    package func finish(cookie: String, state: String, code: String) async throws -> Outcome {
        let options = try OIDCOptions(settings)
        let id = RandomToken.hash(cookie)
        guard let login = try await metadata.read({ try $0.providerLogin(id) }), login.identity == nil,
            RandomToken.isEqual(login.state, state), try await metadata.write({ try $0.endProviderLogin(id) })
        else { throw OIDCError.unknownLogin }
        let (claims, idToken) = try await claims(for: code, login, options)
        let identity = try Self.identity(claims, options)
        let kept = options.tellsOfLogout ? idToken : nil
        if let known = try await accounts.refresh(identity) { return .known(known, target: login.target, idToken: kept) }
        if options.onboardsByItself {
            do {
                let (principal, secret) = try await onboard(identity, as: identity.name)
                return .new(principal, cliSecret: secret, target: login.target, idToken: kept)
            } catch let refusal as OnboardingRefusal where refusal != .disabled {
                // Another has the name, or nobody may: they choose one.
            }
        }
        var pending = login
        pending.identity = String(decoding: try JSONEncoder().encode(Pending(identity: identity, idToken: kept)), as: UTF8.self)
        return .unnamed(suggestion: identity.name, cookie: try await keep(pending))
    }

    /// Gives somebody an account who has chosen a name.
    ///
    /// - Throws: as ``finish(cookie:state:code:)``, and ``OnboardingRefusal``.
    package func onboard(cookie: String, as name: String) async throws -> Outcome {
        let id = RandomToken.hash(cookie)
        guard let login = try await metadata.read({ try $0.providerLogin(id) }), let text = login.identity,
            let pending = try? JSONDecoder().decode(Pending.self, from: Data(text.utf8))
        else { throw OIDCError.unknownLogin }
        let (principal, secret) = try await onboard(pending.identity, as: name)
        _ = try await metadata.write { try $0.endProviderLogin(id) }
        return .new(principal, cliSecret: secret, target: login.target, idToken: pending.idToken)
    }

    private func onboard(_ identity: OutsideIdentity, as name: String) async throws -> (Principal, secret: String) {
        let principal = try await accounts.onboard(identity, as: name)
        let secret = Passwords.generate()
        let hash = try await accounts.passwords.hash(secret)
        if let id = principal.accountID { try await accounts.change { try $0.setCLISecret(hash, of: id) } }
        return (principal, secret)
    }

    private func claims(for code: String, _ login: ProviderLogin, _ options: OIDCOptions) async throws(OIDCError) -> (
        Claims, idToken: String
    ) {
        let provider = try await client.provider(options.endpoint, verifiesCertificate: options.verifiesCertificate)
        let tokens = try await client.tokens(for: code, verifier: login.verifier, callback: login.callback, options, provider)
        guard let text = tokens.idToken else { throw .refused("there is no ID token; is openid among oidc_scope?") }
        let token: CompactToken
        do throws(TokenRefusal) {
            token = try CompactToken(parsing: text)
        } catch {
            throw .refused("the ID token: \(error)")
        }
        let keys = try await client.keys(of: provider, for: token, verifiesCertificate: options.verifiesCertificate)
        let claims = try IDToken.verify(
            token, keys: keys, issuer: provider.issuer, client: options.clientID, nonce: login.nonce, now: Date().timeIntervalSince1970)
        guard let url = provider.userInfoEndpoint, let access = tokens.accessToken else { return (claims, text) }
        let more = try await client.userInfo(url, token: access, verifiesCertificate: options.verifiesCertificate)
        // What is said of somebody else is not believed (section 5.3.2).
        guard more.text("sub") == claims.text("sub") else { throw .refused("the user info is about somebody else") }
        return (claims.merging(more), text)
    }

    /// - Throws: ``OIDCError`` when a claim is missing that the settings name.
    static func identity(_ claims: Claims, _ options: OIDCOptions) throws(OIDCError) -> OutsideIdentity {
        guard let subject = claims.text("sub"), let issuer = claims.text("iss") else { throw .refused("there is no sub or no iss") }
        let name: String
        if options.userClaim.isEmpty {
            name = claims.text("preferred_username") ?? claims.text("name") ?? claims.text("email") ?? subject
        } else if let claimed = claims.text(options.userClaim) {
            name = claimed
        } else {
            throw .refused("there is no claim '\(options.userClaim)', which oidc_user_claim names; are its scopes in oidc_scope?")
        }
        let groups = options.groupsClaim.isEmpty ? [] : claims.texts(options.groupsClaim) ?? []
        return OutsideIdentity(
            source: .oidc, subject: "\(issuer) \(subject)",
            name: String(name.map { $0.isWhitespace ? "_" : $0 }), email: claims.text("email"), fullName: claims.text("name") ?? name,
            groups: filtered(groups, options.groupFilter).map { .init(name: $0) },
            isAdministrator: !options.adminGroup.isEmpty && groups.contains(options.adminGroup))
    }

    /// Those in which the expression is found; all without one.
    private static func filtered(_ groups: [String], _ expression: String) -> [String] {
        let names = Set(groups.filter { $0.utf8.count <= 255 && !$0.utf8.contains(0) }).sorted()
        guard !expression.isEmpty, let expression = try? Regex(expression) else { return names }
        return names.filter { (try? expression.firstMatch(in: $0)) != nil }
    }

    // MARK: - The end

    /// Where to send a browser so that the provider hears of the end of the session as well; nil when it need not.
    ///
    /// - Throws: ``OIDCError``.
    package func logoutURL(idToken: String?, back: String) async throws(OIDCError) -> String? {
        guard let idToken, let options = try? OIDCOptions(settings), options.tellsOfLogout else { return nil }
        let provider = try await client.provider(options.endpoint, verifiesCertificate: options.verifiesCertificate)
        return provider.endSessionEndpoint.map {
            FormEncoding.url($0, [("id_token_hint", idToken), ("post_logout_redirect_uri", back), ("client_id", options.clientID)])
        }
    }
}
