import Crypto
import Foundation

/// A signed request: a JWS in its flattened form (RFC 7515 section 7.2.2, RFC 8555 section 6.2).
struct JWS: Codable, Equatable {
    struct Header: Codable, Equatable {
        var alg: String
        var nonce: String?
        let url: String
        /// The account's URL; without one the key itself is given.
        var kid: String?
        var jwk: AccountKey.JWK?
    }

    let protected: String
    let payload: String
    let signature: String

    /// - Parameters:
    ///   - payload: nil for POST-as-GET, whose payload is empty (section 6.3).
    ///   - account: its URL; nil while there is none.
    init(_ payload: Data?, to url: String, nonce: String, account: String?, key: AccountKey) throws {
        let header = Header(alg: "ES256", nonce: nonce, url: url, kid: account, jwk: account == nil ? key.jwk : nil)
        protected = JSON.encoded(header).base64URL
        self.payload = payload?.base64URL ?? ""
        signature = try key.signature(of: Data("\(protected).\(self.payload)".utf8)).base64URL
    }

    /// Binds an account's key to a customer of the authority (RFC 8555 section 7.3.4).
    init(binding key: AccountKey, to account: ExternalAccount, url: String) {
        protected = JSON.encoded(Header(alg: "HS256", url: url, kid: account.keyID)).base64URL
        payload = JSON.encoded(key.jwk).base64URL
        let code = HMAC<SHA256>.authenticationCode(
            for: Data("\(protected).\(payload)".utf8), using: SymmetricKey(data: account.hmacKey))
        signature = code.base64URL
    }

    var bytes: [UInt8] { Array(JSON.encoded(self)) }
}

/// What an authority that knows its customers gave to make an account with.
package struct ExternalAccount: Sendable, Equatable {
    package let keyID: String
    package let hmacKey: Data

    /// - Parameter hmacKey: in base64url.
    /// - Returns: nil when it is not.
    package init?(keyID: String, hmacKey: String) {
        guard let key = Data(base64URL: hmacKey), !key.isEmpty else { return nil }
        self.keyID = keyID
        self.hmacKey = key
    }
}
