import CoveIdentity
import CoveMetadata
import HTTPTypes
import HummingbirdCore
import Logging
import NIOCore

/// How browsers log in and out, below `/c`, as in Harbor.
struct LoginResponder: Sendable {
    static let prefix = "/c"
    /// In bytes.
    static let largestForm = 16 * 1024

    let platform: Platform
    /// How URLs of this server are spelled.
    let locations: LocationPolicy
    let audit: LoginAudit

    init(platform: Platform, locations: LocationPolicy) {
        self.platform = platform
        self.locations = locations
        audit = LoginAudit(metadata: platform.metadata, logger: platform.logger)
    }

    private enum Route: String, CaseIterable {
        case login = "/login"
        case logout = "/log_out"
        case userExists = "/userExists"
        case providerLogin = "/oidc/login"
        case providerCallback = "/oidc/callback"
        case onboard = "/oidc/onboard"

        var methods: [HTTPRequest.Method] {
            switch self {
            case .login, .userExists: [.post]
            case .logout, .providerLogin, .providerCallback: [.get]
            case .onboard: [.get, .post]
            }
        }
    }

    /// - Parameter path: below the prefix.
    func respond(_ exchange: Exchange, path: Substring) async -> Response {
        var response: Response
        do {
            response = try await answer(exchange, path)
        } catch {
            let failure = Self.failure(error)
            if let cause = failure.cause {
                platform.logger.error("failed", metadata: ["reason": "\(cause)", "request_id": "\(exchange.requestID)"])
            }
            response = failure.response
        }
        response.headers[.cacheControl] = "no-store"
        return response
    }

    private func answer(_ exchange: Exchange, _ path: Substring) async throws -> Response {
        guard let route = Route.allCases.first(where: { $0.rawValue == path }) else {
            throw HarborFailure.notFound("there is no '/c\(path.prefix(200))'")
        }
        guard route.methods.contains(exchange.method) else {
            let list = route.methods.map(\.rawValue).joined(separator: ", ")
            var failure = HarborFailure(
                .methodNotAllowed, "METHOD_NOT_ALLOWED", "\(exchange.method.rawValue) is not supported here; use \(list)")
            failure.headers[.allow] = list
            throw failure
        }
        if exchange.method == .post, exchange.isFromAnotherSite {
            throw HarborFailure.forbidden("a page of another site may not log anybody in here")
        }
        switch route {
        case .login: return try await logIn(exchange)
        case .logout: return try await logOut(exchange)
        case .userExists: return try await userExists(exchange)
        case .providerLogin: return try await beginProviderLogin(exchange)
        case .providerCallback: return try await finishProviderLogin(exchange)
        case .onboard where exchange.method == .get: return onboardingPage(exchange)
        case .onboard: return try await onboard(exchange)
        }
    }

    static func failure(_ error: any Error) -> HarborFailure {
        switch error {
        case OnboardingRefusal.nameTaken(let name): .conflict("\(OnboardingRefusal.nameTaken(name))")
        case OnboardingRefusal.badName(let reason): .badRequest("\(OnboardingRefusal.badName(reason))")
        case OnboardingRefusal.disabled: .forbidden("\(OnboardingRefusal.disabled)")
        default: HarborFailure(error)
        }
    }

    // MARK: - Sessions

    /// Begins a session.
    ///
    /// - Returns: the fields of the answer that give it to the browser.
    func begin(_ principal: Principal, _ exchange: Exchange, idToken: String? = nil) async throws -> HTTPFields {
        guard let id = principal.accountID else { throw HarborFailure.unauthorized("robots have no sessions; use basic authentication") }
        var headers = HTTPFields()
        // What the page got before the login goes on to be right after it.
        let secret = CSRFGuard.give(nil, to: exchange, in: &headers)
        let cookie = try await platform.sessions.begin(
            for: id, csrf: secret, idToken: idToken, replacing: exchange.cookie(Cookies.session))
        headers.append(Cookies.field(Cookies.session, cookie, for: exchange))
        return headers
    }

    private func logIn(_ exchange: Exchange) async throws -> Response {
        let form = try await form(exchange)
        guard let name = form["principal"], let password = form["password"], !name.isEmpty, !password.isEmpty else {
            throw HarborFailure.badRequest("'principal' and 'password' are required, as a form")
        }
        return try await audit.recording(exchange, as: name) {
            let principal = try await person(name, password)
            return (.empty(.ok, headers: try await begin(principal, exchange)), principal.name)
        }
    }

    private func person(_ name: String, _ password: String) async throws -> Principal {
        let principal: Principal
        do {
            principal = try await platform.accounts.login(name, password: password)
        } catch {
            throw HarborFailure(login: error)
        }
        // Secrets are for programs: what has one alone must not become a person's session.
        guard let id = principal.accountID, !password.hasPrefix(AccessToken.prefix),
            try await platform.metadata.read({ try $0.outsideAccount(id)?.source }) != OutsideIdentity.Source.oidc.rawValue
        else { throw HarborFailure(login: LoginRefusal.wrong) }
        return principal
    }

    private func logOut(_ exchange: Exchange) async throws -> Response {
        var headers: HTTPFields = [:]
        var status = HTTPResponse.Status.ok
        if let cookie = exchange.cookie(Cookies.session) {
            let session = try await platform.sessions.find(cookie)
            try await platform.sessions.end(cookie)
            if let session { await audit.record(.logout, by: session.name, exchange, status: .ok) }
            headers.append(Cookies.field(Cookies.session, "", for: exchange, age: 0))
            // A provider that is away does not keep anybody here.
            if let url = try? await platform.oidc.logoutURL(idToken: session?.idToken, back: locations.url("/", for: exchange)) {
                headers[.location] = url
                status = .found
            }
        }
        return .empty(status, headers: headers)
    }

    /// Whether a name or an address is taken: for forms of registration, and for administrators.
    private func userExists(_ exchange: Exchange) async throws -> Response {
        let rights = try await platform.accounts.rights(of: try await platform.authenticator.principal(exchange))
        guard platform.settings.boolean(.selfRegistration) || rights.isAdministrator else {
            throw HarborFailure.precondition("only administrators may ask this as long as 'self_registration' is false")
        }
        let form = try await form(exchange)
        guard let target = form["target"], ["username", "email"].contains(target), let value = form["value"] else {
            throw HarborFailure.badRequest("'target' must be 'username' or 'email', and 'value' what to look for")
        }
        guard value.utf8.count <= 255 else { throw HarborFailure.badRequest("'value' has more than 255 bytes") }
        return .json(
            try await platform.metadata.read { store in
                try target == "email" ? store.hasAccount(withEmail: value) : store.outsideAccount(named: value) != nil
            })
    }

    // MARK: - Forms

    /// - Throws: ``HarborFailure``.
    func form(_ exchange: Exchange) async throws -> [String: String] {
        guard let bytes = try await exchange.body.collect(upTo: Self.largestForm) else {
            throw HarborFailure(.contentTooLarge, "BAD_REQUEST", "the form is larger than the limit of \(Self.largestForm) bytes")
        }
        if exchange.headers[.contentType]?.lowercased().hasPrefix("application/json") ?? false {
            guard case .object(let fields) = try HarborBody.value(bytes) else {
                throw HarborFailure.badRequest("the body is not a JSON object")
            }
            return fields.compactMapValues(\.string)
        }
        guard let text = String(validating: bytes.readableBytesView, as: UTF8.self) else {
            throw HarborFailure.badRequest("the form is not UTF-8")
        }
        var fields: [String: String] = [:]
        for pair in text.split(separator: "&") {
            let equals = pair.firstIndex(of: "=") ?? pair.endIndex
            let value = equals == pair.endIndex ? "" : PercentCoding.decode(pair[pair.index(after: equals)...], plusIsSpace: true)
            guard !value.utf8.contains(0) else { throw HarborFailure.badRequest("the form has a NUL in it") }
            fields[PercentCoding.decode(pair[..<equals], plusIsSpace: true)] = value
        }
        return fields
    }
}
