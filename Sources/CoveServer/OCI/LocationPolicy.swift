import HTTPTypes
import HummingbirdCore

/// How `Location` and `Link` are spelled: relative to the server, or absolute as the client sees the server.
struct LocationPolicy: Sendable {
    /// `http.relativeurls`.
    var relative = false
    /// `http.host`: the outside URL, without a trailing slash.
    var host: String?
    /// `http.prefix` without its trailing slash, such as `/registry`.
    var prefix = ""

    /// The URL of a path of this server.
    func url(_ path: String, for exchange: Exchange) -> String {
        if relative { return prefix + path }
        if let host { return host + prefix + path }
        guard let (scheme, authority) = Self.outside(of: exchange) else { return prefix + path }
        return "\(scheme)://\(authority)\(prefix)\(path)"
    }

    /// Scheme and host as the client used them: `Forwarded` (RFC 7239), else `X-Forwarded-Proto` and
    /// `X-Forwarded-Host`, else the connection's own. Nil when the client named no host.
    ///
    /// - Parameter scheme: instead of the connection's.
    static func outside(of exchange: Exchange, scheme: String? = nil) -> (scheme: String, authority: String)? {
        let forwarded = exchange.headers[.forwarded].map(firstElement) ?? [:]
        let proto = forwarded["proto"] ?? exchange.headers[.forwardedProto].map(firstValue)
        let host = forwarded["host"] ?? exchange.headers[.forwardedHost].map(firstValue)
        let scheme =
            proto.map { $0.lowercased() }.flatMap { $0 == "http" || $0 == "https" ? $0 : nil } ?? scheme ?? exchange.scheme
        for candidate in [host, exchange.request.head.authority] {
            if let candidate, isAuthority(candidate) { return (scheme, candidate) }
        }
        return nil
    }

    private static func firstValue(_ header: String) -> String {
        String(header.prefix { $0 != "," }.filter { $0 != " " })
    }

    private static func firstElement(_ header: String) -> [String: String] {
        var pairs: [String: String] = [:]
        for pair in header.prefix(while: { $0 != "," }).split(separator: ";") {
            let sides = pair.split(separator: "=", maxSplits: 1)
            guard sides.count == 2 else { continue }
            pairs[sides[0].filter { $0 != " " }.lowercased()] = String(sides[1].filter { $0 != "\"" && $0 != " " })
        }
        return pairs
    }

    /// A header decides where clients go next: nothing but a host and port gets through.
    private static func isAuthority(_ text: String) -> Bool {
        (1...255).contains(text.utf8.count)
            && text.utf8.allSatisfy {
                switch $0 {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                    UInt8(ascii: ":"), UInt8(ascii: "["), UInt8(ascii: "]"):
                    true
                default: false
                }
            }
    }
}
