import CoveClient
import CoveOutbound

/// Addresses of servers as people write them.
package enum ServerAddress {
    private static let loopback: Set<String> = ["localhost", "::1"]

    /// What `HOST`, `HOST:PORT` or a URL may stand for, the best guess first: without a scheme HTTPS, and on this machine also HTTP.
    ///
    /// - Throws: ``HarborError/unusable(_:)`` for what is no address.
    package static func candidates(_ text: String) throws(HarborError) -> [RegistryAddress] {
        var text = text
        while text.hasSuffix("/") { text.removeLast() }
        for api in ["/api/v2.0", "/api"] where text.hasSuffix(api) { text.removeLast(api.count) }
        if text.contains("://") { return [try parse(text, of: text)] }
        let host = text.split(separator: "/").first.flatMap { HostPort(String($0)) }?.host ?? ""
        let isHere = loopback.contains(host) || host.hasPrefix("127.")
        let schemes = isHere ? ["https", "http"] : ["https"]
        var addresses: [RegistryAddress] = []
        for scheme in schemes { addresses.append(try parse("\(scheme)://\(text)", of: text)) }
        return addresses
    }

    private static func parse(_ url: String, of text: String) throws(HarborError) -> RegistryAddress {
        do throws(RegistryAddress.Malformed) {
            return try RegistryAddress(parsing: url)
        } catch {
            // A login in it is not said again.
            let name = text.contains("@") ? "the address" : "'\(text)'"
            throw .unusable("\(name) is no server: it \(error.reason)")
        }
    }

    /// The first of the candidates at which Harbor's API answers.
    package static func find(_ text: String, trust: ServerTrust) async throws(HarborError) -> RegistryAddress {
        let addresses = try candidates(text)
        guard let last = addresses.last, addresses.count > 1 else { return addresses[0] }
        let connections = try ServerConnections.make(trust)
        var found = last
        for address in addresses.dropLast() {
            // No login is sent before it is known where to.
            if await HarborClient(address, login: nil, connections: connections).isThere { found = address }
        }
        await connections.close()
        return found
    }
}

extension HarborClient {
    /// Whether something answers, be it with a refusal.
    package var isThere: Bool {
        get async {
            do throws(HarborError) {
                _ = try await once(["ping"])
                return true
            } catch {
                if case .unreachable = error { return false }
                return true
            }
        }
    }
}
