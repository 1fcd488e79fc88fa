import AsyncHTTPClient
import CoveOutbound
import Foundation
import NIOCore
import NIOHTTP1
import NIOSSL
import Synchronization

/// Speaks with identity providers. What they say of themselves is remembered for a while.
package final class OIDCClient: Sendable {
    private struct Remembered<Value: Sendable>: Sendable {
        let value: Value
        let at: ContinuousClock.Instant
    }

    private struct State {
        var providers: [String: Remembered<OIDCProvider>] = [:]
        var keys: [String: Remembered<[JSONWebKey]>] = [:]
    }

    private static let lifetime = Duration.seconds(600)
    /// A key that is not known may be new, but not each time that somebody sends a token.
    private static let pause = Duration.seconds(10)
    private static let timeout = TimeAmount.seconds(10)
    private static let largest = 1 << 20

    private let verifying: OutboundClients
    private let trusting: OutboundClients
    private let state = Mutex(State())

    package init(_ proxies: OutboundProxies) {
        func clients(_ verification: CertificateVerification) -> OutboundClients {
            var tls = TLSConfiguration.makeClientConfiguration()
            tls.certificateVerification = verification
            var configuration = HTTPClient.Configuration(
                tlsConfiguration: tls, redirectConfiguration: .disallow, timeout: .init(connect: .seconds(5), read: .seconds(10)))
            configuration.maximumUsesPerConnection = 100
            return OutboundClients(proxies, configuration)
        }
        verifying = clients(.fullVerification)
        trusting = clients(.none)
    }

    package func close() async {
        await verifying.close()
        await trusting.close()
    }

    // MARK: - Discovery

    /// - Throws: ``OIDCError``.
    package func provider(_ endpoint: String, verifiesCertificate: Bool) async throws(OIDCError) -> OIDCProvider {
        let name = "\(verifiesCertificate) \(endpoint)"
        if let known = state.withLock({ $0.providers[name] }), .now - known.at < Self.lifetime { return known.value }
        let url = OIDCProvider.documentURL(endpoint)
        let provider = try await get(OIDCProvider.self, url, verifiesCertificate)
        guard provider.isIssuer(endpoint) else {
            throw .misconfigured("oidc_endpoint: the provider calls itself '\(provider.issuer.prefix(200))'; set that")
        }
        state.withLock { $0.providers[name] = Remembered(value: provider, at: .now) }
        return provider
    }

    /// Asks again whatever is remembered.
    ///
    /// - Throws: ``OIDCError``.
    package func ping(_ endpoint: String, verifiesCertificate: Bool) async throws(OIDCError) {
        let provider = try await get(OIDCProvider.self, OIDCProvider.documentURL(endpoint), verifiesCertificate)
        guard provider.isIssuer(endpoint) else {
            throw .misconfigured("url: the provider calls itself '\(provider.issuer.prefix(200))'; use that")
        }
        _ = try await get(JSONWebKeySet.self, provider.keySet, verifiesCertificate)
    }

    /// The provider's keys, read anew when `token` is signed with none of those that are remembered.
    func keys(of provider: OIDCProvider, for token: CompactToken, verifiesCertificate: Bool) async throws(OIDCError) -> [JSONWebKey] {
        let known = state.withLock { $0.keys[provider.keySet] }
        if let known {
            let age = ContinuousClock.now - known.at
            if age < Self.lifetime, age < Self.pause || !IDToken.candidates(for: token, among: known.value).isEmpty { return known.value }
        }
        let keys = try await get(JSONWebKeySet.self, provider.keySet, verifiesCertificate).keys
        state.withLock { $0.keys[provider.keySet] = Remembered(value: keys, at: .now) }
        return keys
    }

    // MARK: - Logins

    /// Changes a code into tokens (RFC 6749 section 4.1.3, RFC 7636 section 4.5).
    ///
    /// - Throws: ``OIDCError``.
    func tokens(for code: String, verifier: String, callback: String, _ options: OIDCOptions, _ provider: OIDCProvider)
        async throws(OIDCError)
        -> OIDCTokens
    {
        var form = [("grant_type", "authorization_code"), ("code", code), ("redirect_uri", callback), ("code_verifier", verifier)]
        var request = HTTPClientRequest(url: provider.tokenEndpoint)
        request.method = .POST
        let isBasic = provider.tokenMethods.map { $0.contains("client_secret_basic") } ?? true
        if isBasic, !options.clientSecret.isEmpty {
            let login = "\(FormEncoding.encode(options.clientID)):\(FormEncoding.encode(options.clientSecret))"
            request.headers.add(name: "Authorization", value: "Basic \(Data(login.utf8).base64EncodedString())")
        } else {
            form.append(("client_id", options.clientID))
            if !options.clientSecret.isEmpty { form.append(("client_secret", options.clientSecret)) }
        }
        request.headers.add(name: "Content-Type", value: "application/x-www-form-urlencoded")
        request.headers.add(name: "Accept", value: "application/json")
        request.body = .bytes(ByteBuffer(string: FormEncoding.encode(form)))
        let (status, body) = try await send(request, options.verifiesCertificate)
        guard status == 200 else {
            let problem = try? JSONDecoder().decode(OIDCProblem.self, from: body)
            let said = [problem?.error, problem?.details].compactMap { $0 }.joined(separator: ": ")
            throw .refused("the token endpoint answered \(status)\(said.isEmpty ? "" : ", \(said.prefix(200))")")
        }
        return try Self.decode(OIDCTokens.self, body, provider.tokenEndpoint)
    }

    /// What the provider says beside the ID token (OpenID Connect Core, section 5.3).
    ///
    /// - Throws: ``OIDCError``.
    func userInfo(_ url: String, token: String, verifiesCertificate: Bool) async throws(OIDCError) -> Claims {
        try await get(Claims.self, url, verifiesCertificate, token: token)
    }

    // MARK: - HTTP

    private func get<Answer: Decodable>(
        _ type: Answer.Type, _ url: String, _ verifiesCertificate: Bool, token: String? = nil
    ) async throws(OIDCError) -> Answer {
        var request = HTTPClientRequest(url: url)
        request.headers.add(name: "Accept", value: "application/json")
        if let token { request.headers.add(name: "Authorization", value: "Bearer \(token)") }
        let (status, body) = try await send(request, verifiesCertificate)
        guard status == 200 else { throw .provider("\(url) answered \(status)") }
        return try Self.decode(type, body, url)
    }

    private func send(_ request: HTTPClientRequest, _ verifiesCertificate: Bool) async throws(OIDCError) -> (status: UInt, Data) {
        do {
            let client = (verifiesCertificate ? verifying : trusting).client(for: request.url)
            let response = try await client.execute(request, timeout: Self.timeout)
            let body = try await response.body.collect(upTo: Self.largest)
            return (response.status.code, Data(body.readableBytesView))
        } catch {
            throw .provider("\(request.url): \(error)")
        }
    }

    private static func decode<Answer: Decodable>(_ type: Answer.Type, _ body: Data, _ url: String) throws(OIDCError) -> Answer {
        do {
            return try JSONDecoder().decode(type, from: body)
        } catch {
            throw .provider("what \(url) answers is not what OpenID Connect has there")
        }
    }
}
