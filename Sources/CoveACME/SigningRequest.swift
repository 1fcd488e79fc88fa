import Crypto
import Foundation
import SwiftASN1
import X509

enum SigningRequest {
    /// A request for a certificate of one host (PKCS#10; RFC 8555 section 7.4).
    ///
    /// - Returns: DER.
    static func der(for host: String, key: P256.Signing.PrivateKey) throws -> [UInt8] {
        let extensions = try Certificate.Extensions { SubjectAlternativeNames([.dnsName(host)]) }
        let request = try CertificateSigningRequest(
            version: .v1, subject: DistinguishedName {}, privateKey: Certificate.PrivateKey(key),
            attributes: .init([try .init(ExtensionRequest(extensions: extensions))]), signatureAlgorithm: .ecdsaWithSHA256)
        var serializer = DER.Serializer()
        try serializer.serialize(request)
        return serializer.serializedBytes
    }
}
