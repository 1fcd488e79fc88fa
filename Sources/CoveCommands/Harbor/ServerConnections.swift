import CoveClient
import CoveOutbound
import Foundation
import NIOSSL

/// How a server's certificate is looked at.
package struct ServerTrust: Sendable, Equatable {
    /// PEM file of authorities, beside the system's.
    package var authorities: String?
    /// Any certificate is accepted.
    package var isInsecure: Bool

    package init(authorities: String? = nil, isInsecure: Bool = false) {
        self.authorities = authorities
        self.isInsecure = isInsecure
    }
}

package enum ServerConnections {
    /// Connections that go through the proxies of the environment.
    ///
    /// - Throws: ``HarborError/unusable(_:)`` naming the file or the variable that cannot be used.
    package static func make(
        _ trust: ServerTrust, environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws(HarborError) -> OutboundClients {
        let proxies: OutboundProxies
        do throws(OutboundProxies.Malformed) {
            proxies = try OutboundProxies(environment: environment)
        } catch {
            throw .unusable("\(error.name) \(error.reason)")
        }
        var tls = TLSConfiguration.makeClientConfiguration()
        if trust.isInsecure { tls.certificateVerification = .none }
        if let file = trust.authorities {
            guard let certificates = try? NIOSSLCertificate.fromPEMFile(file), !certificates.isEmpty else {
                throw .unusable("'\(file)' holds no certificates in PEM; name the file of the authority that signed the server's")
            }
            tls.additionalTrustRoots = [.certificates(certificates)]
        }
        return RegistryClient.connections(proxies, tls: tls)
    }
}
