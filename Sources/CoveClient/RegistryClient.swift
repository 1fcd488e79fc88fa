import AsyncHTTPClient
import CoveOutbound
import Logging
import NIOCore
import NIOHTTP1
import NIOSSL
import Synchronization

/// Speaks the distribution API with one registry, as a client: finds out how to log in, repeats what failed for a passing
/// reason, follows redirects, and limits what an answer may cost. One file an area: `+Manifests`, `+Blobs`, `+Listings`.
package final class RegistryClient: Sendable {
    package let address: RegistryAddress
    let credentials: ClientCredentials
    let rules: RetryRules
    let tokens = TokenStore()
    private let connections: OutboundClients
    private let logger: Logger
    private let state = Mutex(State())

    private struct State {
        /// How the registry wants to be logged in at, once it has said so.
        var challenge: Challenge?
        var rateLimit: RateLimit?
    }

    private static let mostRedirects = 5
    /// What an answer that is only thrown away, or only an error, may have. Bytes.
    private static let mostOfError = 64 * 1024
    private static let mostOfToken = 64 * 1024
    /// How long an answer's head may take, and the whole of one that is kept in memory.
    static let patience = Duration.seconds(60)

    /// - Parameter connections: as ``connections(_:_:)`` makes them; several clients may share them.
    package init(
        _ address: RegistryAddress, credentials: ClientCredentials, rules: RetryRules = RetryRules(), connections: OutboundClients,
        logger: Logger
    ) {
        self.address = address
        self.credentials = credentials
        self.rules = rules
        self.connections = connections
        self.logger = logger
    }

    /// Connections for clients of registries.
    ///
    /// - Parameter tls: how certificates are looked at; nil for the system's authorities.
    package static func connections(
        _ proxies: OutboundProxies, rules: RetryRules = RetryRules(), tls: TLSConfiguration? = nil
    ) -> OutboundClients {
        var configuration = HTTPClient.Configuration(
            tlsConfiguration: tls,
            redirectConfiguration: .disallow,
            timeout: .init(connect: .nanoseconds(rules.connect.nanoseconds), read: .nanoseconds(rules.stall.nanoseconds)))
        configuration.httpVersion = .http1Only
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 256
        configuration.connectionPool.idleTimeout = .seconds(30)
        configuration.connectionPool.retryConnectionEstablishment = false
        return OutboundClients(proxies, configuration)
    }

    /// What the registry said last of how much it may still be asked; nil when it says nothing of it.
    package var rateLimit: RateLimit? { state.withLock { $0.rateLimit } }

    /// Whether the registry is there and takes our login.
    package func ping() async throws(ClientError) {
        _ = try await text(of: try await send(.GET, "", scope: nil), most: Self.mostOfError)
    }

    /// Whether the registry asks who one is.
    package func knowsLogins() async throws(ClientError) -> Bool {
        let response = try await follow(.GET, address.url(""), [], nil)
        _ = try? await text(of: response, most: Self.mostOfError)
        return response.status == .unauthorized
    }

    // MARK: - Requests

    /// What a request is to be allowed by a token: `repository:library/alpine:pull`.
    func scope(_ repository: String) -> String { "repository:\(address.remoteName(repository)):pull" }

    /// Sends a request until it is answered with success or a redirect has led there.
    ///
    /// - Parameters:
    ///   - endpoint: what follows `/v2/`.
    ///   - accepted: statuses beside 2xx that are an answer.
    /// - Returns: the answer, its body not read.
    func send(
        _ method: HTTPMethod, _ endpoint: String, scope: String?, headers: [(String, String)] = [],
        body: HTTPClientRequest.Body? = nil, accepting accepted: Set<UInt> = [], tries: Int? = nil
    ) async throws(ClientError) -> HTTPClientResponse {
        try await send(
            method, url: address.url(endpoint), scope: scope, headers: headers, body: body, accepting: accepted, tries: tries)
    }

    /// - Parameters:
    ///   - url: one that the registry gave.
    ///   - body: one that is read once must go with `tries: 1`, after a request that has made the login known.
    ///   - patience: how long the answer's head may take, the sending of the body included.
    func send(
        _ method: HTTPMethod, url: String, scope: String?, headers: [(String, String)] = [], body: HTTPClientRequest.Body? = nil,
        patience: Duration = RegistryClient.patience, accepting accepted: Set<UInt> = [], tries: Int? = nil
    ) async throws(ClientError) -> HTTPClientResponse {
        try await repeating(tries ?? rules.tries) { () throws(ClientError) in
            var authorization = try await authorization(for: scope, unless: nil)
            var response = try await follow(method, url, headers, authorization, body, patience)
            if response.status == .unauthorized {
                guard let challenge = Challenge(headers: response.headers["WWW-Authenticate"]) else { throw .denied(status: 401) }
                state.withLock { $0.challenge = challenge }
                let first = authorization
                authorization = try await self.authorization(for: scope, unless: first)
                // Asked without a login, or with a token that had ended: once more.
                guard let authorization, authorization != first else {
                    throw challenge == .basic && first != nil ? Self.refused : .denied(status: 401)
                }
                try await discard(response)
                response = try await follow(method, url, headers, authorization, body, patience)
                if response.status == .unauthorized, challenge == .basic { throw Self.refused }
            }
            try await check(response, accepting: accepted)
            return response
        }
    }

    /// Reads a body of an answer that is kept in memory.
    func text(of response: HTTPClientResponse, most: Int) async throws(ClientError) -> ByteBuffer {
        let end = ContinuousClock.now + Self.patience
        var text = ByteBuffer()
        do {
            for try await var piece in response.body {
                text.writeBuffer(&piece)
                guard text.readableBytes <= most else { throw ClientError.invalidAnswer("it has more than \(most) bytes") }
                // One that dribbles never stalls.
                guard ContinuousClock.now < end else { throw ClientError.unreachable("the answer did not end in time") }
            }
        } catch {
            throw ClientError(transport: error, rules)
        }
        return text
    }

    private static let refused = ClientError.login("the registry refused the user name and the password")

    private func check(_ response: HTTPClientResponse, accepting accepted: Set<UInt>) async throws(ClientError) {
        let status = response.status.code
        if (200..<300).contains(status) || accepted.contains(status) { return }
        try? await discard(response)
        switch status {
        case 404: throw .notFound
        case 401, 403: throw .denied(status: Int(status))
        case 429: throw .tooManyRequests(retryAfter: RetryAfter.parse(response.headers))
        case 500...599: throw .failed(status: Int(status))
        default: throw .invalidAnswer("status \(status)")
        }
    }

    /// Reads the rest of a short answer, so that its connection can be used again.
    private func discard(_ response: HTTPClientResponse) async throws(ClientError) {
        _ = try await text(of: response, most: Self.mostOfError)
    }

    private func repeating<T>(_ tries: Int, _ attempt: () async throws(ClientError) -> T) async throws(ClientError) -> T {
        var tried = 0
        while true {
            do throws(ClientError) {
                return try await attempt()
            } catch {
                tried += 1
                guard error.isPassing, tried < tries else { throw error }
                logger.debug(
                    "a registry did not answer; trying again",
                    metadata: ["registry": "\(address)", "try": "\(tried)", "error": "\(error)"])
                do { try await Task.sleep(for: rules.pause(afterTry: tried)) } catch { throw .cancelled }
            }
        }
    }

    /// Sends a request, and again to where a redirect leads. The login is only for the registry itself: no other host, port
    /// or scheme is sent it.
    private func follow(
        _ method: HTTPMethod, _ url: String, _ headers: [(String, String)], _ authorization: String?,
        _ body: HTTPClientRequest.Body? = nil, _ patience: Duration = RegistryClient.patience
    ) async throws(ClientError) -> HTTPClientResponse {
        var target = url
        for _ in 0...Self.mostRedirects {
            var request = HTTPClientRequest(url: target)
            request.method = method
            request.headers = HTTPHeaders(headers)
            request.headers.add(name: "User-Agent", value: "cove")
            request.body = body
            if let authorization, WebAddress(target)?.origin == WebAddress(url)?.origin {
                request.headers.add(name: "Authorization", value: authorization)
            }
            let response = try await execute(request, patience)
            guard [301, 302, 303, 307, 308].contains(response.status.code) else {
                if let limit = RateLimit(response.headers) { note(limit) }
                return response
            }
            try? await discard(response)
            guard let location = response.headers.first(name: "Location"), let next = WebAddress(target)?.resolving(location) else {
                throw .invalidAnswer("a redirect to nowhere")
            }
            guard next.isSecure || WebAddress(url)?.isSecure == false else {
                throw .invalidAnswer("a redirect from https:// to http://")
            }
            target = next.url
        }
        throw .invalidAnswer("more than \(Self.mostRedirects) redirects")
    }

    private func execute(
        _ request: HTTPClientRequest, _ patience: Duration = RegistryClient.patience
    ) async throws(ClientError) -> HTTPClientResponse {
        do {
            return try await connections.client(for: request.url).execute(
                request, deadline: .now() + .nanoseconds(patience.nanoseconds))
        } catch {
            throw ClientError(transport: error, rules)
        }
    }

    private func note(_ limit: RateLimit) {
        let before = state.withLock { state in
            defer { state.rateLimit = limit }
            return state.rateLimit
        }
        guard before?.remaining != limit.remaining else { return }
        // Told once when it becomes little, and in detail to who wants detail.
        let isWarning = limit.isNearlyUsed && before?.isNearlyUsed != true
        logger.log(
            level: isWarning ? .warning : .debug, "a registry limits what it may be asked",
            metadata: [
                "registry": "\(address)", "remaining": "\(limit.remaining.map(String.init) ?? "unknown")",
                "limit": "\(limit.limit.map(String.init) ?? "unknown")", "seconds": "\(limit.seconds.map(String.init) ?? "unknown")",
            ])
    }

    // MARK: - Logging in

    /// The `Authorization` for a request; nil when the registry has not asked for one.
    ///
    /// - Parameter stale: one that it did not take.
    private func authorization(for scope: String?, unless stale: String?) async throws(ClientError) -> String? {
        switch state.withLock({ $0.challenge }) {
        case nil: return nil
        case .basic:
            guard let login = try await credentials.login() else { return nil }
            return login.basic == stale ? try await credentials.login(unless: login)?.basic : login.basic
        case .bearer(let realm, let service):
            let old = stale.flatMap { $0.hasPrefix("Bearer ") ? String($0.dropFirst(7)) : nil }
            let token = try await tokens.token(for: scope ?? "", unless: old) { () throws(ClientError) in
                try await self.fetchToken(realm, service, scope)
            }
            return "Bearer \(token)"
        }
    }

    /// Asks the token service (distribution, "Token Authentication Specification": GET with service and scope).
    private func fetchToken(_ realm: String, _ service: String?, _ scope: String?) async throws(ClientError) -> TokenStore.Token {
        guard let target = WebAddress(realm), target.isSecure || address.origin.hasPrefix("http:") else {
            throw .invalidAnswer("its token service is not at an https:// URL")
        }
        let login = try await credentials.login()
        do throws(ClientError) {
            return try await fetchToken(target, service, scope, login)
        } catch {
            // The helper's login may have ended before its time.
            guard case .login = error, let renewed = try await credentials.login(unless: login), renewed != login else { throw error }
            return try await fetchToken(target, service, scope, renewed)
        }
    }

    private func fetchToken(
        _ target: WebAddress, _ service: String?, _ scope: String?, _ login: Login?
    ) async throws(ClientError) -> TokenStore.Token {
        var query: [(String, String)] = []
        if let service { query.append(("service", service)) }
        if let scope { query.append(("scope", scope)) }
        if let login { query.append(("account", login.user)) }
        var request = HTTPClientRequest(url: target.adding(query).url)
        request.headers.add(name: "User-Agent", value: "cove")
        if let login { request.headers.add(name: "Authorization", value: login.basic) }
        let asked = ContinuousClock.now
        return try await repeating(rules.tries) { () throws(ClientError) in
            let response = try await execute(request)
            let body = try await text(of: response, most: Self.mostOfToken)
            switch response.status.code {
            case 200: return try TokenAnswer.read(body, asked: asked)
            case 429: throw .tooManyRequests(retryAfter: RetryAfter.parse(response.headers))
            case 500...599: throw .failed(status: Int(response.status.code))
            default: throw .login("the token service answered \(response.status.code)")
            }
        }
    }
}

extension ClientError {
    /// What the HTTP client threw.
    package init(transport error: any Error, _ rules: RetryRules = RetryRules()) {
        switch error {
        case let error as ClientError: self = error
        case is CancellationError: self = .cancelled
        case let error as HTTPClientError where error == .cancelled: self = .cancelled
        case let error as HTTPClientError where error == .readTimeout:
            self = .unreachable("nothing came for \(rules.stall.components.seconds) s")
        case let error as HTTPClientError where error == .connectTimeout || error == .deadlineExceeded:
            self = .unreachable("no answer in time")
        case let error as HTTPClientError where error == .proxyAuthenticationRequired:
            self = .unreachable("the proxy wants a login")
        case let error as NIOSSLError: self = .unreachable("TLS failed: \(error)")
        default: self = .unreachable("\(error)")
        }
    }
}
