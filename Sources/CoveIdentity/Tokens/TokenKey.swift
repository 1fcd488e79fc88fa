import Crypto
import CryptoExtras
import Foundation
import X509

/// A public key that tokens are verified with.
enum TokenKey: Sendable {
    case rsa(_RSA.Signing.PublicKey)
    case p256(P256.Signing.PublicKey)
    case p384(P384.Signing.PublicKey)
    case p521(P521.Signing.PublicKey)
    case ed25519(Curve25519.Signing.PublicKey)

    /// Nil for a kind of key that no algorithm of tokens uses.
    init?(_ key: Certificate.PublicKey) {
        if let key = _RSA.Signing.PublicKey(key) {
            self = .rsa(key)
        } else if let key = P256.Signing.PublicKey(key) {
            self = .p256(key)
        } else if let key = P384.Signing.PublicKey(key) {
            self = .p384(key)
        } else if let key = P521.Signing.PublicKey(key) {
            self = .p521(key)
        } else if let key = Curve25519.Signing.PublicKey(key) {
            self = .ed25519(key)
        } else {
            return nil
        }
    }

    /// The key and its kind, as a certificate has them (RFC 5280 section 4.1.2.7); for Ed25519, which is known nowhere
    /// by such bytes, the key alone. Two keys are the same when these are.
    var bytes: Data {
        switch self {
        case .rsa(let key): key.derRepresentation
        case .p256(let key): key.derRepresentation
        case .p384(let key): key.derRepresentation
        case .p521(let key): key.derRepresentation
        case .ed25519(let key): key.rawRepresentation
        }
    }

    /// The algorithms that this key can be used with. An elliptic curve has its one hash (RFC 7518 section 3.4).
    var algorithms: Set<TokenAlgorithm> {
        switch self {
        case .rsa: [.rs256, .rs384, .rs512, .ps256, .ps384, .ps512]
        case .p256: [.es256]
        case .p384: [.es384]
        case .p521: [.es512]
        case .ed25519: [.edDSA]
        }
    }

    /// Whether the signature is this key's, by an algorithm that fits the key.
    func isValid(_ signature: Data, of message: Data, by algorithm: TokenAlgorithm) -> Bool {
        switch (self, algorithm) {
        case (.rsa(let key), .rs256): Self.isValid(signature, of: SHA256.hash(data: message), by: key, .insecurePKCS1v1_5)
        case (.rsa(let key), .rs384): Self.isValid(signature, of: SHA384.hash(data: message), by: key, .insecurePKCS1v1_5)
        case (.rsa(let key), .rs512): Self.isValid(signature, of: SHA512.hash(data: message), by: key, .insecurePKCS1v1_5)
        case (.rsa(let key), .ps256): Self.isValid(signature, of: SHA256.hash(data: message), by: key, .PSS)
        case (.rsa(let key), .ps384): Self.isValid(signature, of: SHA384.hash(data: message), by: key, .PSS)
        case (.rsa(let key), .ps512): Self.isValid(signature, of: SHA512.hash(data: message), by: key, .PSS)
        case (.p256(let key), .es256):
            (try? P256.Signing.ECDSASignature(rawRepresentation: signature))
                .map { key.isValidSignature($0, for: SHA256.hash(data: message)) } ?? false
        case (.p384(let key), .es384):
            (try? P384.Signing.ECDSASignature(rawRepresentation: signature))
                .map { key.isValidSignature($0, for: SHA384.hash(data: message)) } ?? false
        case (.p521(let key), .es512):
            (try? P521.Signing.ECDSASignature(rawRepresentation: signature))
                .map { key.isValidSignature($0, for: SHA512.hash(data: message)) } ?? false
        case (.ed25519(let key), .edDSA): key.isValidSignature(signature, for: message)
        default: false
        }
    }

    private static func isValid(
        _ signature: Data, of digest: some Digest, by key: _RSA.Signing.PublicKey, _ padding: _RSA.Signing.Padding
    ) -> Bool {
        key.isValidSignature(.init(rawRepresentation: signature), for: digest, padding: padding)
    }
}
