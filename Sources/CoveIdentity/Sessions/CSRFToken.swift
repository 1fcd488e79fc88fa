import Foundation

/// What a page of this server knows and a page of another does not. It is written differently each time: compressed answers
/// would else give it away bit by bit (BREACH).
package enum CSRFToken {
    /// - Parameter secret: of ``RandomToken/make()``.
    /// - Returns: what a page sends back; nil for what is no such secret.
    package static func mask(_ secret: String) -> String? {
        guard let secret = Data(base64URL: secret), secret.count == 32 else { return nil }
        let pad = RandomToken.bytes()
        return (pad + Data(zip(pad, secret).map { $0 ^ $1 })).base64EncodedString()
    }

    /// Whether a page knows the secret.
    package static func matches(_ sent: String, _ secret: String) -> Bool {
        guard sent.utf8.count <= 200, let data = Data(base64Encoded: sent), data.count == 64 else { return false }
        return RandomToken.isEqual(Data(zip(data.prefix(32), data.suffix(32)).map { $0 ^ $1 }).base64URL, secret)
    }
}
