import Foundation

/// A proxy through which connections to other servers go.
package struct OutboundProxy: Sendable, Hashable {
    package enum Kind: Sendable, Hashable {
        /// Asked for a tunnel with CONNECT (RFC 9110 section 9.3.6), for plain HTTP as well.
        case http
        /// SOCKS 5 without a login (RFC 1928).
        case socks
    }

    /// Why a text does not name a proxy. Never holds the text, which may have a password in it.
    package struct Malformed: Error, Equatable, Sendable {
        package let reason: String
    }

    package let kind: Kind
    package let host: String
    package let port: Int
    /// Both empty for none.
    package let user: String
    package let password: String

    /// Reads `http://user:password@host:port`, `host:port` or `socks5://host:port`.
    ///
    /// - Throws: ``Malformed``.
    package init(parsing text: String) throws(Malformed) {
        var rest = text[...]
        var kind = Kind.http
        var scheme = "http"
        if let mark = rest.range(of: "://") {
            scheme = rest[..<mark.lowerBound].lowercased()
            rest = rest[mark.upperBound...]
        }
        switch scheme {
        case "http": break
        case "socks5", "socks5h": kind = .socks
        case "https": throw Malformed(reason: "TLS to the proxy itself is not supported; write http://host:port")
        default: throw Malformed(reason: "a proxy is http://host:port or socks5://host:port")
        }
        self.kind = kind
        rest = rest.prefix { !"/?#".contains($0) }
        var login: (String, String) = ("", "")
        if let end = rest.lastIndex(of: "@") {
            let parts = rest[..<end].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            guard let user = String(parts[0]).removingPercentEncoding,
                let password = (parts.count > 1 ? String(parts[1]) : "").removingPercentEncoding
            else { throw Malformed(reason: "the user or the password has a % that begins no percent code; write it as %25") }
            login = (user, password)
            rest = rest[rest.index(after: end)...]
        }
        guard kind == .http || login.0.isEmpty else { throw Malformed(reason: "a login at a SOCKS proxy is not supported") }
        (user, password) = login
        guard let address = HostPort(rest) else { throw Malformed(reason: "a proxy is http://host:port or socks5://host:port") }
        host = address.host
        port = address.port ?? (kind == .socks ? 1080 : 80)
    }
}

/// Printed when something goes wrong: without the password.
extension OutboundProxy: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "\(kind == .socks ? "socks5" : "http")://\(host):\(port)" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: ["host": host, "port": port]) }
}

/// `host`, `host:port`, `[::1]:port` or an IPv6 address without brackets.
package struct HostPort: Equatable, Sendable {
    package let host: String
    package let port: Int?

    package init?(_ text: some StringProtocol) {
        let text = text.lowercased()
        if text.hasPrefix("[") {
            guard let end = text.firstIndex(of: "]") else { return nil }
            host = String(text[text.index(after: text.startIndex)..<end])
            let rest = text[text.index(after: end)...]
            guard rest.isEmpty || rest.hasPrefix(":") else { return nil }
            port = rest.isEmpty ? nil : Int(rest.dropFirst())
            guard rest.isEmpty || port != nil else { return nil }
        } else {
            let colons = text.count(where: { $0 == ":" })
            let parts = colons == 1 ? text.split(separator: ":", omittingEmptySubsequences: false) : [text[...]]
            host = String(parts[0])
            port = parts.count > 1 ? Int(parts[1]) : nil
            guard parts.count == 1 || port != nil else { return nil }
        }
        guard !host.isEmpty, !host.contains(where: { $0.isWhitespace || "/@?#".contains($0) }) else { return nil }
        if let port, !(1...65_535).contains(port) { return nil }
    }
}
