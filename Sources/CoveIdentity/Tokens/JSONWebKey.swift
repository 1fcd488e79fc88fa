import Crypto
import CryptoExtras
import Foundation

/// A public key in JSON (RFC 7517, RFC 8037). Of a private key, the public part.
struct JSONWebKey: Decodable, Sendable {
    let kty: String
    let kid: String?
    let use: String?
    let crv: String?
    // RFC 7518 section 6: numbers, big-endian, in base64url.
    private let n: String?
    private let e: String?
    private let x: String?
    private let y: String?
    /// A chain of certificates for the key, its own first, in base64 (RFC 7517 section 4.7).
    let x5c: [String]?

    /// The key; nil for a kind that is not known here or not for signatures.
    ///
    /// - Throws: ``Malformed`` for what is no key of its kind.
    func key() throws(Malformed) -> TokenKey? {
        if let use, use != "sig" { return nil }
        do {
            switch (kty, crv) {
            case ("RSA", _):
                guard let n = Data(base64URL: n ?? ""), let e = Data(base64URL: e ?? ""), n.count <= 2048, e.count <= 8 else {
                    throw Malformed()
                }
                return .rsa(try .init(n: n, e: e))
            case ("EC", "P-256"): return .p256(try .init(x963Representation: try point(32)))
            case ("EC", "P-384"): return .p384(try .init(x963Representation: try point(48)))
            case ("EC", "P-521"): return .p521(try .init(x963Representation: try point(66)))
            case ("OKP", "Ed25519"):
                guard let x = Data(base64URL: x ?? "") else { throw Malformed() }
                return .ed25519(try .init(rawRepresentation: x))
            default: return nil
            }
        } catch {
            throw Malformed()
        }
    }

    /// - Parameter size: the bytes of a coordinate.
    private func point(_ size: Int) throws(Malformed) -> Data {
        guard let x = Data(base64URL: x ?? ""), let y = Data(base64URL: y ?? ""), (1...size).contains(x.count),
            (1...size).contains(y.count)
        else { throw Malformed() }
        func padded(_ number: Data) -> Data { Data(count: size - number.count) + number }
        return Data([4]) + padded(x) + padded(y)
    }

    /// It says that it is a key of a kind, and is none: a part is missing, not a point of the curve, or too short.
    struct Malformed: Error {}
}

/// `{"keys": […]}` (RFC 7517 section 5).
struct JSONWebKeySet: Decodable {
    let keys: [JSONWebKey]
}
