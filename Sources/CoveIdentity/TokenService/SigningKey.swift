import CoveMetadata
import Crypto
import Foundation

/// A key of ES256 that this registry signs its tokens with (RFC 7518 section 3.4).
struct SigningKey: Sendable {
    /// How long one signs.
    static let period: Int64 = 30 * 86_400 * 1_000_000
    /// The longest that a token is valid, with what clocks may differ.
    static let afterlife: Int64 = 25 * 3600 * 1_000_000

    let record: SigningKeyRecord
    let privateKey: P256.Signing.PrivateKey

    var id: String { record.id }

    init(_ record: SigningKeyRecord) throws {
        self.record = record
        privateKey = try P256.Signing.PrivateKey(rawRepresentation: record.privateKey)
    }

    static func generate(at now: Int64) -> SigningKeyRecord {
        let key = P256.Signing.PrivateKey()
        let id = Data(SHA256.hash(data: key.publicKey.derRepresentation).prefix(18)).base64URL
        return SigningKeyRecord(
            id: id, privateKey: key.rawRepresentation, createdAt: now, signsUntil: now + period, endsAt: now + period + afterlife)
    }

    /// The public part (RFC 7517).
    var publicKey: TokenPublicKey {
        let point = privateKey.publicKey.rawRepresentation
        return TokenPublicKey(kid: id, x: point.prefix(32).base64URL, y: point.suffix(32).base64URL)
    }
}

/// A public key of ES256 as anybody may read it (RFC 7518 section 6.2.1).
package struct TokenPublicKey: Encodable, Sendable, Equatable {
    package let kty = "EC"
    package let crv = "P-256"
    package let use = "sig"
    package let alg = "ES256"
    package let kid: String
    package let x: String
    package let y: String
}
