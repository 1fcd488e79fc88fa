import Foundation
import SwiftASN1
import X509

/// The certificates in a token's header (RFC 7515 section 4.1.6).
struct CertificateChain {
    private static let longest = 8

    private let leaf: Certificate
    private let others: [Certificate]

    /// - Parameter encoded: base64 of DER, the signer's first, each certified by the next.
    /// - Throws: ``TokenRefusal/malformed(_:)``.
    init(_ encoded: [String]) throws(TokenRefusal) {
        guard (1...Self.longest).contains(encoded.count) else { throw .malformed("its x5c must have 1 to \(Self.longest) certificates") }
        var certificates: [Certificate] = []
        for text in encoded {
            guard let der = Data(base64Encoded: text), let certificate = try? Certificate(derEncoded: Array(der)) else {
                throw .malformed("its x5c has what is no certificate, or one of a kind that is not known here")
            }
            certificates.append(certificate)
        }
        leaf = certificates[0]
        // One of each name, so that a certificate has one issuer here: among certificates that certify each other the ways
        // to a root would be legion, and anybody may send some.
        var names = Set<DistinguishedName>()
        others = certificates.dropFirst().filter { names.insert($0.subject).inserted }
    }

    /// The signer's key, when its certificate is one of the roots or leads to one.
    ///
    /// - Returns: the key, and until when one of the certificates ends.
    /// - Throws: ``TokenRefusal/untrusted(_:)``.
    func verify(by roots: [Certificate], at now: Date) async throws(TokenRefusal) -> (key: TokenKey, end: Date) {
        guard let key = TokenKey(leaf.publicKey) else { throw .untrusted("the certificate's key is of no kind that is known here") }
        // A certificate of the bundle is trusted as it is: usually one that signed itself, and often no authority.
        if roots.contains(leaf) {
            guard leaf.notValidBefore <= now, now <= leaf.notValidAfter else { throw .untrusted("the certificate is not valid now") }
            return (key, leaf.notValidAfter)
        }
        var verifier = Verifier(rootCertificates: CertificateStore(roots)) { SigningPolicy() }
        switch await verifier.validate(leaf: leaf, intermediates: CertificateStore(others)) {
        case .validCertificate(let chain): return (key, chain.map(\.notValidAfter).min() ?? leaf.notValidAfter)
        case .couldNotValidate(let failures):
            throw .untrusted(
                failures.isEmpty
                    ? "the certificate leads to none of rootcertbundle" : "the certificates are expired, or not made for signing")
        }
    }
}

/// RFC 5280's rules with those of key usage (section 4.2.1.3), which `RFC5280Policy` leaves out: who signs tokens must be
/// allowed to sign, and who signs certificates to sign those. Extended key usage knows no purpose of tokens: any will do.
private struct SigningPolicy: VerifierPolicy {
    private let rules = RFC5280Policy()

    var verifyingCriticalExtensions: [ASN1ObjectIdentifier] {
        rules.verifyingCriticalExtensions + [.X509ExtensionID.extendedKeyUsage, .X509ExtensionID.subjectAlternativeName]
    }

    func chainMeetsPolicyRequirements(chain: UnverifiedCertificateChain) -> PolicyEvaluationResult {
        for (index, certificate) in chain.enumerated() {
            let usage: KeyUsage?
            do {
                usage = try certificate.extensions.keyUsage
            } catch {
                return .failsToMeetPolicy(reason: "the key usage cannot be read")
            }
            if let usage, !(index == 0 ? usage.digitalSignature : usage.keyCertSign) {
                return .failsToMeetPolicy(reason: "the key usage does not allow it")
            }
        }
        return rules.chainMeetsPolicyRequirements(chain: chain)
    }
}
