import NIOCore
import NIOSSL

/// The certificate chain and the key that a client is shown.
struct TLSCertificate: Sendable {
    var chain: [NIOSSLCertificateSource]
    var key: NIOSSLPrivateKeySource
}

/// Where the certificate of an address comes from. It is asked at each handshake, so a renewed one needs no restart.
protocol TLSIdentity: Sendable {
    /// What a configuration has to hold, though every handshake asks again.
    var initial: TLSCertificate { get }
    /// - Parameter name: what the client asks for (SNI), if it says.
    /// - Returns: nil to end the handshake.
    func certificate(for name: String?) -> TLSCertificate?
    /// When a certificate of it ends first, in Unix time; nil without any.
    var expiry: Int? { get }
}

extension TLSIdentity {
    /// A TLS configuration that asks this object for the certificate at each handshake.
    ///
    /// - Parameters:
    ///   - minimum: the lowest protocol version that is spoken.
    ///   - clientCAs: when not empty, clients must show a certificate signed by one of these.
    func configuration(
        minimum: TLSVersion, clientCAs: [String], requiresClientCertificate: Bool, cipherSuites: [NIOTLSCipher]
    ) throws(ServeError) -> TLSConfiguration {
        let initial = initial
        var configuration = TLSConfiguration.makeServerConfiguration(certificateChain: initial.chain, privateKey: initial.key)
        configuration.minimumTLSVersion = minimum
        if !cipherSuites.isEmpty { configuration.cipherSuiteValues = cipherSuites }
        if !clientCAs.isEmpty {
            var roots: [NIOSSLCertificate] = []
            for path in clientCAs {
                do {
                    roots += try NIOSSLCertificate.fromPEMFile(path)
                } catch {
                    throw ServeError("http.tls.clientcas: cannot read the certificates in \(path): \(error)")
                }
            }
            configuration.trustRoots = .certificates(roots)
            configuration.certificateVerification =
                requiresClientCertificate ? .noHostnameVerification : .optionalVerification
        }
        configuration.sslContextCallback = { hello, promise in
            guard let certificate = certificate(for: hello.serverHostname) else {
                return promise.fail(NoCertificate(name: hello.serverHostname))
            }
            var override = NIOSSLContextConfigurationOverride()
            override.certificateChain = certificate.chain
            override.privateKey = certificate.key
            promise.succeed(override)
        }
        return configuration
    }
}

/// Why a handshake ended.
struct NoCertificate: Error {
    let name: String?
}
