import Foundation

/// An absolute http or https URL.
struct WebAddress {
    let url: String
    /// Scheme, host and port, the usual port left out: what a login may be sent to.
    let origin: String

    var isSecure: Bool { origin.hasPrefix("https:") }

    init?(_ text: String) {
        guard text.utf8.count <= 8192, let parts = URLComponents(string: text), let scheme = parts.scheme?.lowercased(),
            ["http", "https"].contains(scheme), let host = parts.host?.lowercased(), !host.isEmpty
        else { return nil }
        let usual = scheme == "https" ? 443 : 80
        url = text
        origin = "\(scheme)://\(host):\(parts.port ?? usual)"
    }

    /// Where a `Location` leads (RFC 3986 section 5).
    func resolving(_ location: String) -> WebAddress? {
        guard let base = URL(string: url), let target = URL(string: location, relativeTo: base) else { return nil }
        return WebAddress(target.absoluteString)
    }

    func adding(_ query: [(String, String)]) -> WebAddress {
        guard !query.isEmpty else { return self }
        let allowed = CharacterSet(charactersIn: "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~")
        let pairs = query.map { "\($0.0)=\($0.1.addingPercentEncoding(withAllowedCharacters: allowed) ?? "")" }
        return WebAddress(url + (url.contains("?") ? "&" : "?") + pairs.joined(separator: "&")) ?? self
    }
}
