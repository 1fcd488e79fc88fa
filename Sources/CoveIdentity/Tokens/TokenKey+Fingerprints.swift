import Crypto
import CryptoExtras
import Foundation

extension TokenKey {
    /// The names by which token servers call a key whose certificate is in the bundle: libtrust's fingerprint, as
    /// registry:2 knows them, and the thumbprint of RFC 7638, as registry:3 does.
    var fingerprints: Set<String> {
        Set([libtrustFingerprint] + thumbprints).subtracting([""])
    }

    /// Twelve groups of four letters: the first 240 bits of the SHA-256 of the key in DER, in base32. Empty for Ed25519,
    /// which libtrust does not know.
    private var libtrustFingerprint: String {
        if case .ed25519 = self { return "" }
        let letters = Base32.encode(SHA256.hash(data: bytes).prefix(30))
        return stride(from: 0, to: letters.count, by: 4).map { String(letters[$0..<$0 + 4]) }.joined(separator: ":")
    }

    /// The thumbprint of RFC 7638, and for an elliptic curve that of registry:3 beside it: there a coordinate has no zero
    /// bytes in front, which RFC 7518 section 6.2.1.2 wants kept.
    private var thumbprints: [String] {
        switch self {
        case .rsa(let key):
            guard let numbers = try? key.getKeyPrimitives() else { return [] }
            let (n, e) = (numbers.modulus.withoutLeadingZeros, numbers.publicExponent.withoutLeadingZeros)
            return [Self.thumbprint(#"{"e":"\#(e.base64URL)","kty":"RSA","n":"\#(n.base64URL)"}"#)]
        case .p256(let key): return Self.thumbprints(curve: "P-256", key.rawRepresentation)
        case .p384(let key): return Self.thumbprints(curve: "P-384", key.rawRepresentation)
        case .p521(let key): return Self.thumbprints(curve: "P-521", key.rawRepresentation)
        case .ed25519(let key):
            return [Self.thumbprint(#"{"crv":"Ed25519","kty":"OKP","x":"\#(key.rawRepresentation.base64URL)"}"#)]
        }
    }

    /// - Parameter point: x and y, of equal length.
    private static func thumbprints(curve: String, _ point: Data) -> [String] {
        let (x, y) = (Data(point.prefix(point.count / 2)), Data(point.suffix(point.count / 2)))
        return [(x, y), (x.withoutLeadingZeros, y.withoutLeadingZeros)].map { x, y in
            thumbprint(#"{"crv":"\#(curve)","kty":"EC","x":"\#(x.base64URL)","y":"\#(y.base64URL)"}"#)
        }
    }

    private static func thumbprint(_ json: String) -> String {
        Data(SHA256.hash(data: Data(json.utf8))).base64URL
    }
}

/// RFC 4648 section 6, without padding.
private enum Base32 {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")

    static func encode(_ bytes: some Sequence<UInt8>) -> [Character] {
        var letters: [Character] = []
        var (bits, count) = (0, 0)
        for byte in bytes {
            bits = bits << 8 | Int(byte)
            count += 8
            while count >= 5 {
                count -= 5
                letters.append(alphabet[bits >> count & 31])
            }
            bits &= (1 << count) - 1
        }
        if count > 0 { letters.append(alphabet[bits << (5 - count) & 31]) }
        return letters
    }
}

extension Data {
    /// RFC 4648 section 5, without padding, as everything in a token is written (RFC 7515 section 2).
    var base64URL: String {
        base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }

    /// Reads what ``base64URL`` writes. Nil for anything else, padding and white space included.
    init?(base64URL text: some StringProtocol) {
        guard
            text.utf8.allSatisfy({
                switch $0 {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
                    true
                default: false
                }
            }), text.utf8.count % 4 != 1
        else { return nil }
        let padding = String(repeating: "=", count: (4 - text.utf8.count % 4) % 4)
        self.init(base64Encoded: String(text).replacing("-", with: "+").replacing("_", with: "/") + padding)
    }

    var withoutLeadingZeros: Data { Data(drop { $0 == 0 }) }
}
