import Crypto
import CryptoExtras
import Foundation

/// Signs URLs for CloudFront by a canned policy: who has the URL may fetch what it names until it ends (Amazon CloudFront
/// Developer Guide, "Create a signed URL using a canned policy").
package struct CloudFrontSigner: Sendable {
    private let key: _RSA.Signing.PrivateKey
    private let keyPairID: String

    /// - Parameters:
    ///   - privateKey: PEM text of an RSA key of 2048 bits or more, PKCS #1 or PKCS #8.
    ///   - keyPairID: the id of its public key, of a key group or of an account's key pair.
    /// - Throws: ``BlobStorageError/failed(_:)``, without anything of the key.
    package init(privateKey: String, keyPairID: String) throws(BlobStorageError) {
        do {
            key = try _RSA.Signing.PrivateKey(pemRepresentation: privateKey)
        } catch {
            throw .failed("it is not an RSA key of 2048 bits or more in PEM, unencrypted; CloudFront takes no other")
        }
        self.keyPairID = keyPairID
    }

    /// The URL with what lets CloudFront serve it.
    ///
    /// - Parameters:
    ///   - url: without a query.
    ///   - end: from when on it is refused; whole seconds count.
    /// - Throws: ``BlobStorageError/failed(_:)``.
    package func signed(_ url: String, until end: Date) throws(BlobStorageError) -> String {
        let seconds = Int64(end.timeIntervalSince1970)
        // Byte by byte as CloudFront makes it again of the URL: no space, this order.
        let policy = #"{"Statement":[{"Resource":"\#(url)","Condition":{"DateLessThan":{"AWS:EpochTime":\#(seconds)}}}]}"#
        do {
            // The signature that CloudFront checks is one over SHA-1.
            let digest = Insecure.SHA1.hash(data: Data(policy.utf8))
            let signature = try key.signature(for: digest, padding: .insecurePKCS1v1_5)
            let text = Self.urlSafe(signature.rawRepresentation.base64EncodedString())
            return "\(url)?Expires=\(seconds)&Signature=\(text)&Key-Pair-Id=\(keyPairID)"
        } catch {
            throw .failed("cannot sign a URL for CloudFront: \(error)")
        }
    }

    /// CloudFront's own letters for those of base64 that mean something in a URL.
    private static func urlSafe(_ base64: String) -> String {
        String(
            decoding: base64.utf8.map { byte -> UInt8 in
                switch byte {
                case UInt8(ascii: "+"): UInt8(ascii: "-")
                case UInt8(ascii: "="): UInt8(ascii: "_")
                case UInt8(ascii: "/"): UInt8(ascii: "~")
                default: byte
                }
            }, as: UTF8.self)
    }
}
