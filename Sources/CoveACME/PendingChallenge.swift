/// The answer to a challenge, for as long as the authority may look for it (RFC 8555 section 8).
package struct PendingChallenge: Codable, Sendable, Equatable {
    package enum Kind: String, Codable, Sendable {
        /// RFC 8555 section 8.3.
        case http01 = "http-01"
        /// RFC 8737.
        case tlsALPN01 = "tls-alpn-01"
    }

    package let host: String
    package let kind: Kind
    package let token: String
    package let keyAuthorization: String

    /// Base64url, with a length that a file's name and a path can have (RFC 8555 section 8.1 wants 128 bits).
    static func isToken(_ text: String) -> Bool {
        (1...200).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) || byte == 0x2D || byte == 0x5F
            }
    }
}

extension PendingChallenge.Kind {
    /// What has to be so for the authority to see it.
    func remedy(_ host: String) -> String {
        switch self {
        case .http01: "Port 80 of \(host) must lead to http.tls.letsencrypt.http01addr"
        case .tlsALPN01:
            "Port 443 of \(host) must lead to http.addr with TLS untouched; where it cannot, set http.tls.letsencrypt.http01addr"
        }
    }
}
