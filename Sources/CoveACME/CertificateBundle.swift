import Crypto
import Foundation
import NIOSSL
import SwiftASN1
import X509

/// A certificate with its chain and its key, as it is kept and as it is shown to clients.
package struct CertificateBundle: Sendable {
    /// The key, then the chain: the form of Go's autocert, and so of registry:2's `cachefile`.
    package let pem: [UInt8]
    package let chain: [NIOSSLCertificateSource]
    package let key: NIOSSLPrivateKeySource
    package let notBefore: Date
    package let notAfter: Date
    let names: Set<String>
    /// What the authority calls it when it is renewed (RFC 9773 section 4.1); nil when it says nothing of its issuer.
    let renewalID: String?
    /// A part of one that differs from certificate to certificate and never changes: 0 to 1.
    let fraction: Double

    /// - Throws: ``ACMEError`` when it is not a key and the chain of a certificate for it.
    package init(pem: [UInt8]) throws(ACMEError) {
        let certificates: [NIOSSLCertificate]
        let privateKey: NIOSSLPrivateKey
        let leaf: Certificate
        do {
            certificates = try NIOSSLCertificate.fromPEMBytes(pem)
            privateKey = try NIOSSLPrivateKey(bytes: pem, format: .pem)
            guard let first = certificates.first else { throw ACMEError(.storage, "there is no certificate") }
            leaf = try Certificate(derEncoded: first.toDERBytes())
            _ = try NIOSSLContext(
                configuration: .makeServerConfiguration(
                    certificateChain: certificates.map { .certificate($0) }, privateKey: .privateKey(privateKey)))
        } catch {
            throw ACMEError(.storage, "it is not a certificate with its key: \(error)")
        }
        self.pem = pem
        chain = certificates.map { .certificate($0) }
        key = .privateKey(privateKey)
        notBefore = leaf.notValidBefore
        notAfter = leaf.notValidAfter
        let alternatives = try? leaf.extensions.subjectAlternativeNames
        names = Set(
            (alternatives.map(Array.init) ?? []).compactMap { name in
                if case .dnsName(let name) = name { name.lowercased() } else { nil }
            })
        renewalID = Self.renewalID(leaf)
        let hash = SHA256.hash(data: pem)
        fraction = hash.prefix(4).reduce(0) { ($0 * 256 + Double($1)) } / 4_294_967_296
    }

    /// - Parameter chain: PEM, as the authority sent it.
    init(key: P256.Signing.PrivateKey, chain: String) throws(ACMEError) {
        try self.init(pem: Array("\(key.pemRepresentation)\n\(chain)".utf8))
    }

    func covers(_ host: String) -> Bool { names.contains(host) }

    /// The issuer's key identifier and the serial number, as DER has it: negative numbers begin with the highest bit set.
    private static func renewalID(_ certificate: Certificate) -> String? {
        guard let issuer = try? certificate.extensions.authorityKeyIdentifier?.keyIdentifier else { return nil }
        let serial = Array(certificate.serialNumber.bytes)
        let padding: [UInt8] = (serial.first ?? 0) >= 0x80 ? [0] : []
        return "\(issuer.base64URL).\((padding + serial).base64URL)"
    }
}
