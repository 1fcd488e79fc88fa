import CoveOutbound
import Foundation

/// Where a registry is: the scheme, host and path before its `/v2/`.
package struct RegistryAddress: Sendable, Hashable, CustomStringConvertible {
    package struct Malformed: Error, Equatable, Sendable {
        package let reason: String
    }

    /// `https://host:port`, without a slash at its end.
    package let origin: String
    /// `host` or `host:port`, as it was written.
    package let host: String
    /// What comes before `/v2/`: empty, or begins with a slash and does not end with one.
    package let path: String

    /// The hosts by which Docker Hub is known. Its registry is `registry-1.docker.io`.
    private static let dockerHub: Set<String> = ["docker.io", "index.docker.io", "registry-1.docker.io", "registry.hub.docker.com"]

    /// Reads `https://registry.example.org` or `http://localhost:5000/path`.
    ///
    /// - Throws: ``Malformed``, without the text: there may be a password in it.
    package init(parsing text: String) throws(Malformed) {
        guard let mark = text.range(of: "://"), ["http", "https"].contains(text[..<mark.lowerBound].lowercased()) else {
            throw Malformed(reason: "must begin with https:// or http://")
        }
        let scheme = text[..<mark.lowerBound].lowercased()
        let authority = text[mark.upperBound...].prefix { !"/?#".contains($0) }
        var rest = text[authority.endIndex...]
        guard !authority.contains("@") else { throw Malformed(reason: "must not hold a login; use username and password") }
        guard rest.first != "?", rest.first != "#", !rest.contains(where: { "?#".contains($0) || $0.isWhitespace }) else {
            throw Malformed(reason: "must be a plain URL, without ? and #")
        }
        guard HostPort(authority) != nil else { throw Malformed(reason: "needs a host, as in https://registry.example.org") }
        while rest.hasSuffix("/") { rest = rest.dropLast() }
        // What people write for the API itself.
        if rest == "/v2" { rest = "" }
        let host = authority.lowercased()
        self.host = Self.dockerHub.contains(host) ? "registry-1.docker.io" : host
        origin = "\(scheme)://\(self.host)"
        path = String(rest)
    }

    /// Whether this is Docker Hub, where names of one component are short for `library/…`.
    package var isDockerHub: Bool { Self.isDockerHub(host) }

    package static func isDockerHub(_ host: some StringProtocol) -> Bool { dockerHub.contains(host.lowercased()) }

    /// Under what name a credential helper keeps the login.
    package var helperName: String { isDockerHub ? "https://index.docker.io/v1/" : host }

    package var description: String { origin + path }

    /// A repository's name as this registry has it.
    func remoteName(_ name: String) -> String { isDockerHub && !name.contains("/") ? "library/\(name)" : name }

    func url(_ endpoint: String) -> String { "\(origin)\(path)/v2/\(endpoint)" }
}
