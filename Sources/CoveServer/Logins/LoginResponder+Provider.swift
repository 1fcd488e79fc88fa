import CoveIdentity
import HTTPTypes
import HummingbirdCore

extension LoginResponder {
    private static let callbackPath = "/c/oidc/callback"
    private static let onboardPath = "/c/oidc/onboard"
    private static let cookiePath = "/c/oidc"
    /// In seconds.
    private static let cookieAge = 600

    func beginProviderLogin(_ exchange: Exchange) async throws -> Response {
        let target = try Self.target(exchange.parameter("redirect_url") ?? "")
        var absolute = locations
        absolute.relative = false
        let callback = absolute.url(Self.callbackPath, for: exchange)
        guard callback.contains("://") else {
            throw HarborFailure.badRequest("Host: the request does not say by which name this server is known")
        }
        let (url, cookie) = try await platform.oidc.begin(callback: callback, target: target)
        var headers: HTTPFields = [.location: url]
        headers.append(Cookies.field(Cookies.provider, cookie, for: exchange, path: Self.cookiePath, age: Self.cookieAge))
        return .empty(.found, headers: headers)
    }

    func finishProviderLogin(_ exchange: Exchange) async throws -> Response {
        try await audit.recording(exchange, as: nil) { try await finish(exchange) }
    }

    private func finish(_ exchange: Exchange) async throws -> (response: Response, who: String?) {
        if let problem = exchange.parameter("error") {
            let details = exchange.parameter("error_description") ?? problem
            throw OIDCError.refused("it says '\(details.prefix(200))'")
        }
        guard let code = exchange.parameter("code"), let state = exchange.parameter("state"), !code.isEmpty else {
            throw HarborFailure.badRequest("'code' and 'state' are required; log in by /c/oidc/login")
        }
        guard let cookie = exchange.cookie(Cookies.provider) else { throw OIDCError.unknownLogin }
        return try await answer(try await platform.oidc.finish(cookie: cookie, state: state, code: code), exchange)
    }

    /// Of a form a page, of JSON the secret in JSON.
    func onboard(_ exchange: Exchange) async throws -> Response {
        guard let cookie = exchange.cookie(Cookies.provider) else { throw OIDCError.unknownLogin }
        guard let name = try await form(exchange)["username"], !name.isEmpty else {
            throw HarborFailure.badRequest("'username' is required: what you are to be called here")
        }
        return try await audit.recording(exchange, as: name) {
            try await answer(try await platform.oidc.onboard(cookie: cookie, as: name), exchange)
        }
    }

    func onboardingPage(_ exchange: Exchange) -> Response {
        LoginPage.onboarding(suggestion: exchange.parameter("username") ?? "", action: locations.prefix + Self.onboardPath)
    }

    private func answer(_ outcome: OIDCLogin.Outcome, _ exchange: Exchange) async throws -> (response: Response, who: String?) {
        switch outcome {
        case .known(let principal, let target, let idToken):
            var headers = try await begin(principal, exchange, idToken: idToken)
            headers.append(takenBack(exchange))
            headers[.location] = locations.prefix + target
            return (.empty(.found, headers: headers), principal.name)
        case .new(let principal, let secret, let target, let idToken):
            var headers = try await begin(principal, exchange, idToken: idToken)
            headers.append(takenBack(exchange))
            if exchange.headers[.contentType]?.hasPrefix("application/json") ?? false {
                headers[.location] = locations.prefix + target
                return (.json(["username": principal.name, "cli_secret": secret], headers: headers), principal.name)
            }
            return (LoginPage.welcome(principal.name, cliSecret: secret, target: locations.prefix + target, headers), principal.name)
        case .unnamed(let suggestion, let cookie):
            let query = "?username=\(PercentCoding.encode(suggestion))"
            var headers: HTTPFields = [.location: locations.prefix + Self.onboardPath + query]
            headers.append(Cookies.field(Cookies.provider, cookie, for: exchange, path: Self.cookiePath, age: Self.cookieAge))
            return (.empty(.found, headers: headers), nil)
        }
    }

    private func takenBack(_ exchange: Exchange) -> HTTPField {
        Cookies.field(Cookies.provider, "", for: exchange, path: Self.cookiePath, age: 0)
    }

    /// A path of this server: nobody is sent on to elsewhere.
    ///
    /// - Throws: ``HarborFailure`` for anything else.
    static func target(_ text: String) throws(HarborFailure) -> String {
        if text.isEmpty { return "/" }
        let isPath =
            text.hasPrefix("/") && !text.hasPrefix("//") && text.utf8.count <= 2000
            && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\\") }
        guard isPath else { throw .badRequest("redirect_url: '\(text.prefix(100))' is no path of this server, such as /harbor/projects") }
        return text
    }
}
