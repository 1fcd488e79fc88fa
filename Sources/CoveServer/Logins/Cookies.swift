import HTTPTypes
import HummingbirdCore

/// What browsers are given to come back with, by Harbor's names where it has one.
enum Cookies {
    static let session = "sid"
    /// What a page has to know beside the session, before there is one too.
    static let csrf = "_gorilla_csrf"
    /// A login at an identity provider under way.
    static let provider = "oidc_login"

    /// A cookie as it is given: not for scripts, not for other sites' requests, and by HTTPS alone where that is how it was asked for.
    ///
    /// - Parameter age: in seconds; nil for as long as the browser runs, 0 to take it back.
    static func field(_ name: String, _ value: String, for exchange: Exchange, path: String = "/", age: Int? = nil) -> HTTPField {
        var text = "\(name)=\(value); Path=\(path); HttpOnly; SameSite=Lax"
        if let age { text += "; Max-Age=\(age)" }
        if (LocationPolicy.outside(of: exchange)?.scheme ?? exchange.scheme) == "https" { text += "; Secure" }
        return HTTPField(name: .setCookie, value: text)
    }
}

extension Exchange {
    /// A cookie of this server; nil when it is absent or longer than any that it gives.
    func cookie(_ name: String) -> String? {
        guard let header = headers[.cookie], header.utf8.count <= 16_384 else { return nil }
        for pair in header.split(separator: ";") {
            let pair = pair.drop { $0 == " " }
            guard let equals = pair.firstIndex(of: "="), pair[..<equals] == name else { continue }
            let value = pair[pair.index(after: equals)...].filter { $0 != "\"" && $0 != " " }
            return value.isEmpty || value.utf8.count > 200 ? nil : value
        }
        return nil
    }

    /// Whether the request changes nothing (RFC 9110 section 9.2.1).
    var isSafe: Bool { [.get, .head, .options, .trace].contains(method) }

    /// Whether a page of another site made the browser send it, as far as the browser says.
    var isFromAnotherSite: Bool {
        if let site = headers[.fetchSite] { return site != "same-origin" && site != "none" }
        guard let origin = headers[.origin] else { return false }
        guard let (scheme, authority) = LocationPolicy.outside(of: self) else { return true }
        return origin.lowercased() != "\(scheme)://\(authority)".lowercased()
    }
}

extension HTTPField.Name {
    static let csrfToken = HTTPField.Name("X-Harbor-CSRF-Token") ?? .server
    static let fetchSite = HTTPField.Name("Sec-Fetch-Site") ?? .server
}
