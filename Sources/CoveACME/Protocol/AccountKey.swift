import Crypto
import Foundation

/// The key that an account is known by: P-256, for ES256 (RFC 8555 section 6.2).
struct AccountKey: Sendable {
    /// A public key as JSON (RFC 7517). Its members are those, and in the order, that a thumbprint is made of (RFC 7638
    /// section 3.2).
    struct JWK: Codable, Equatable {
        let crv: String
        let kty: String
        let x: String
        let y: String
    }

    private let key: P256.Signing.PrivateKey

    init() {
        key = P256.Signing.PrivateKey()
    }

    /// - Parameter pem: as ``pem``, or the form that registry:2 keeps it in (`EC PRIVATE KEY`).
    init(pem: String) throws {
        key = try P256.Signing.PrivateKey(pemRepresentation: pem)
    }

    var pem: String { key.pemRepresentation + "\n" }

    var jwk: JWK {
        let point = key.publicKey.rawRepresentation
        return JWK(crv: "P-256", kty: "EC", x: point.prefix(32).base64URL, y: point.suffix(32).base64URL)
    }

    var thumbprint: String { SHA256.hash(data: JSON.encoded(jwk)).base64URL }

    func signature(of data: Data) throws -> Data { try key.signature(for: data).rawRepresentation }

    /// What proves that a challenge is answered in the name of this account (RFC 8555 section 8.1).
    func keyAuthorization(token: String) -> String { "\(token).\(thumbprint)" }
}

enum JSON {
    /// Members in the order of their names, without spaces.
    static func encoded(_ value: some Encodable) -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // Values of this module have nothing that cannot be written.
        return (try? encoder.encode(value)) ?? Data()
    }
}
