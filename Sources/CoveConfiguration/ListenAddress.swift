/// Where a server listens, as `http.addr` spells it.
package enum ListenAddress: Sendable, Equatable {
    /// An empty host is every interface, IPv6 and IPv4.
    case tcp(host: String, port: Int)
    case unix(path: String)

    /// `host:port`, `:port`, `[::1]:port`, or a path for a unix socket; nil for anything else.
    package init?(_ text: String, _ network: Configuration.Network) {
        switch network {
        case .unix:
            // The system's limit for a socket's name, on Linux 107 bytes and a NUL.
            guard (1...107).contains(text.utf8.count) else { return nil }
            self = .unix(path: text)
        case .tcp:
            guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]),
                (0...65535).contains(port)
            else { return nil }
            var host = text[..<colon]
            if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
            self = .tcp(host: String(host), port: port)
        }
    }
}
