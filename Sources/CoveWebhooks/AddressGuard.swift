import CoveOutbound
import Foundation

/// Which addresses webhooks may be sent to. Whoever may make a webhook must not reach through it what only this machine can
/// reach: itself, private networks, the addresses at which clouds tell secrets.
package struct AddressGuard: Sendable {
    /// An entry of `webhooks.allow` that is neither an address, nor a network, nor a host name.
    package struct Malformed: Error, Equatable, CustomStringConvertible {
        package let entry: String

        package var description: String {
            "'\(entry)' is not an address, a network such as 10.0.0.0/8, or a host name, each perhaps with :port"
        }
    }

    /// What is not out in the open: RFC 6890 and its registries, the IPv6 forms that an IPv4 address can hide in among them.
    private static let guarded = AddressRanges([
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24",
        "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
        "::/96", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16", "fc00::/7", "fe80::/10",
        "fec0::/10", "ff00::/8",
    ])

    private struct Entry: Sendable {
        enum What: Sendable {
            case network(AddressRanges)
            /// In lower case.
            case host(String)
        }

        let what: What
        /// Nil for every port.
        let port: Int?
    }

    private let entries: [Entry]

    /// - Parameter allowed: `webhooks.allow`.
    /// - Throws: ``Malformed``.
    package init(allowed: [String]) throws(Malformed) {
        var entries: [Entry] = []
        for text in allowed { entries.append(try Self.entry(text)) }
        self.entries = entries
    }

    /// Whether a host may be connected to at this address.
    package func allows(address: String, host: String, port: Int) -> Bool {
        // A zone, as in fe80::1%eth0, says which network of this machine it is.
        let (address, hasZone) = (String(address.prefix { $0 != "%" }), address.contains("%"))
        // What cannot be read is not known to be out in the open.
        if Self.isAddress(address), !hasZone, !Self.guarded.contains(address) { return true }
        return entries.contains { entry in
            guard entry.port == nil || entry.port == port else { return false }
            return switch entry.what {
            case .network(let network): network.contains(address)
            case .host(let name): name == host.lowercased()
            }
        }
    }

    /// Whether this is an address that is refused; false for names, of which nobody knows yet where they lead.
    package func refuses(literal host: String, port: Int) -> Bool {
        Self.isAddress(host) && !allows(address: host, host: host, port: port)
    }

    static func isAddress(_ text: String) -> Bool {
        var six = in6_addr()
        var four = in_addr()
        return inet_pton(AF_INET6, text, &six) == 1 || inet_pton(AF_INET, text, &four) == 1
    }

    private static func entry(_ text: String) throws(Malformed) -> Entry {
        let malformed = Malformed(entry: text)
        var host = text
        var port: Int?
        if text.hasPrefix("["), let end = text.firstIndex(of: "]") {
            host = String(text[text.index(after: text.startIndex)..<end])
            let rest = text[text.index(after: end)...]
            if !rest.isEmpty {
                guard rest.hasPrefix(":"), let number = Int(rest.dropFirst()) else { throw malformed }
                port = number
            }
        } else if text.split(separator: ":", omittingEmptySubsequences: false).count == 2 {
            let parts = text.split(separator: ":", omittingEmptySubsequences: false)
            guard let number = Int(parts[1]) else { throw malformed }
            (host, port) = (String(parts[0]), number)
        }
        if let port, !(1...65535).contains(port) { throw malformed }
        if isAddress(host) {
            return Entry(what: .network(AddressRanges([host + (host.contains(":") ? "/128" : "/32")])), port: port)
        }
        if host.contains("/") {
            let network = AddressRanges([host])
            guard !network.isEmpty else { throw malformed }
            return Entry(what: .network(network), port: port)
        }
        let isName = host.utf8.allSatisfy { byte in
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "_")
        }
        guard !host.isEmpty, host.utf8.count <= 253, isName else { throw malformed }
        return Entry(what: .host(host.lowercased()), port: port)
    }
}
