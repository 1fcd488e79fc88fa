import Foundation

/// Which proxy, if any, a connection to another server goes through.
///
/// As programs do that read `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY`: the first two by the scheme of the URL, the third a
/// list of hosts that are reached directly. This machine and its link (`127.0.0.0/8`, `::1`, `localhost`, `169.254.0.0/16`)
/// always are.
package struct OutboundProxies: Sendable, Equatable {
    package var http: OutboundProxy?
    package var https: OutboundProxy?
    package var exceptions: [ProxyException]

    /// Everything is reached directly.
    package static let none = OutboundProxies(http: nil, https: nil, exceptions: [])

    package init(http: OutboundProxy?, https: OutboundProxy?, exceptions: [ProxyException]) {
        self.http = http
        self.https = https
        self.exceptions = exceptions
    }

    /// A variable or setting that names no proxy.
    package struct Malformed: Error, Equatable, Sendable {
        package let name: String
        package let reason: String
    }

    /// - Throws: ``Malformed`` naming the variable.
    package init(environment: [String: String]) throws(Malformed) {
        func value(_ name: String) -> (name: String, text: String)? {
            for name in [name, name.lowercased()] {
                if let text = environment[name], !text.isEmpty { return (name, text) }
            }
            return nil
        }
        func proxy(_ name: String) throws(Malformed) -> OutboundProxy? {
            guard let (name, text) = value(name) else { return nil }
            do throws(OutboundProxy.Malformed) {
                return try OutboundProxy(parsing: text)
            } catch {
                throw Malformed(name: name, reason: error.reason)
            }
        }
        http = try proxy("HTTP_PROXY")
        https = try proxy("HTTPS_PROXY")
        exceptions = Self.exceptions(value("NO_PROXY")?.text ?? "")
    }

    /// The entries of a `NO_PROXY`, separated by commas or spaces. What is no host, address or network is left out.
    package static func exceptions(_ list: String) -> [ProxyException] {
        list.split { $0 == "," || $0.isWhitespace }.compactMap { ProxyException(parsing: String($0)) }
    }

    /// The proxy for a URL; nil to connect directly.
    package func proxy(for url: String) -> OutboundProxy? {
        guard http != nil || https != nil, let mark = url.range(of: "://") else { return nil }
        let isSecure = url[..<mark.lowerBound].lowercased() == "https"
        guard let proxy = isSecure ? https : http else { return nil }
        let authority = url[mark.upperBound...].prefix { !"/?#".contains($0) }
        let address = authority.lastIndex(of: "@").map { authority[authority.index(after: $0)...] } ?? authority
        guard let target = HostPort(address) else { return nil }
        let port = target.port ?? (isSecure ? 443 : 80)
        if ProxyException.own.contains(where: { $0.covers(target.host, port) }) { return nil }
        return exceptions.contains { $0.covers(target.host, port) } ? nil : proxy
    }
}

/// Hosts that are reached without a proxy.
package struct ProxyException: Sendable, Equatable {
    private enum Hosts: Equatable {
        case all
        /// The name itself and all below it, or only those below it.
        case domain(String, below: Bool)
        /// The first bits of an address, 4 or 16 bytes long.
        case network([UInt8], bits: Int)
    }

    private let hosts: Hosts
    /// Nil for every port.
    private let port: Int?

    /// `*`, `example.org` (with what is below it), `.example.org` (only what is below), `10.0.0.7`, `10.0.0.0/8`, each but
    /// the first with `:port` if it is meant for one port only.
    package init?(parsing text: String) {
        if text == "*" {
            (hosts, port) = (.all, nil)
            return
        }
        if let slash = text.firstIndex(of: "/") {
            guard let address = Self.bytes(of: String(text[..<slash])), let bits = Int(text[text.index(after: slash)...]),
                (0...address.count * 8).contains(bits)
            else { return nil }
            (hosts, port) = (.network(address, bits: bits), nil)
            return
        }
        guard let target = HostPort(text) else { return nil }
        port = target.port
        if let address = Self.bytes(of: target.host) {
            hosts = .network(address, bits: address.count * 8)
        } else {
            let name = target.host.hasPrefix("*.") ? String(target.host.dropFirst()) : target.host
            guard name != "." else { return nil }
            hosts = .domain(name.hasPrefix(".") ? String(name.dropFirst()) : name, below: name.hasPrefix("."))
        }
    }

    /// This machine and its link, which no proxy leads to: there cloud providers hand out credentials.
    static let own = ["localhost", "127.0.0.0/8", "::1/128", "169.254.0.0/16", "fe80::/10", "fd00:ec2::/32"]
        .compactMap { ProxyException(parsing: $0) }

    func covers(_ host: String, _ port: Int) -> Bool {
        if let own = self.port, own != port { return false }
        switch hosts {
        case .all: return true
        case .domain(let name, let below):
            let host = host.hasSuffix(".") ? String(host.dropLast()) : host
            return host.hasSuffix("." + name) || !below && host == name
        case .network(let network, let bits):
            guard let address = Self.bytes(of: host), address.count == network.count else { return false }
            return zip(address, network).enumerated().allSatisfy { index, pair in
                let wanted = min(8, max(0, bits - index * 8))
                let mask = UInt8(truncatingIfNeeded: 0xFF00 >> wanted)
                return pair.0 & mask == pair.1 & mask
            }
        }
    }

    private static func bytes(of host: String) -> [UInt8]? {
        for (family, count) in [(AF_INET, 4), (AF_INET6, 16)] {
            var bytes = [UInt8](repeating: 0, count: count)
            if inet_pton(family, host, &bytes) == 1 { return bytes }
        }
        return nil
    }
}
