import Crypto
import Foundation
import NIOSSL
import SwiftASN1
import X509

extension PendingChallenge {
    /// The protocol of TLS-ALPN-01 (RFC 8737 section 6.2).
    package static let alpn = "acme-tls/1"

    /// What a validation is answered with: a certificate that says the digest of the key authorization, and nothing but the
    /// validation's own protocol (RFC 8737 section 3).
    package func validationContext() throws -> NIOSSLContext {
        let bundle = try SelfSigned.make(host, extensions: [Self.identifier(keyAuthorization)])
        var configuration = TLSConfiguration.makeServerConfiguration(certificateChain: [bundle.certificate], privateKey: bundle.key)
        configuration.minimumTLSVersion = .tlsv12
        configuration.applicationProtocols = [Self.alpn]
        return try NIOSSLContext(configuration: configuration)
    }

    /// `id-pe-acmeIdentifier`, critical, with an OCTET STRING of 32 bytes.
    static func identifier(_ keyAuthorization: String) -> Certificate.Extension {
        let digest = Array(SHA256.hash(data: Data(keyAuthorization.utf8)))
        return Certificate.Extension(
            oid: [1, 3, 6, 1, 5, 5, 7, 1, 31], critical: true, value: ([0x04, UInt8(digest.count)] + digest)[...])
    }
}

/// Certificates that nobody has signed but their own key.
package enum SelfSigned {
    package static func make(
        _ host: String, extensions: [Certificate.Extension] = []
    ) throws -> (certificate: NIOSSLCertificateSource, key: NIOSSLPrivateKeySource) {
        let key = P256.Signing.PrivateKey()
        let issuerKey = Certificate.PrivateKey(key)
        let name = try DistinguishedName { CommonName("Cove") }
        var all = try Certificate.Extensions { SubjectAlternativeNames([.dnsName(host)]) }
        for some in extensions { try all.append(some) }
        let now = Date()
        let certificate = try Certificate(
            version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: issuerKey.publicKey,
            notValidBefore: now.addingTimeInterval(-86_400), notValidAfter: now.addingTimeInterval(7 * 86_400), issuer: name, subject: name,
            signatureAlgorithm: .ecdsaWithSHA256, extensions: all, issuerPrivateKey: issuerKey)
        var serializer = DER.Serializer()
        try serializer.serialize(certificate)
        return (
            .certificate(try NIOSSLCertificate(bytes: serializer.serializedBytes, format: .der)),
            .privateKey(try NIOSSLPrivateKey(bytes: Array(key.derRepresentation), format: .der))
        )
    }
}
