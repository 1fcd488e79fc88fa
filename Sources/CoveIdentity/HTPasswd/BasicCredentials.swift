import Foundation

/// The user and password of an `Authorization: Basic` header (RFC 7617, UTF-8).
package struct BasicCredentials: Sendable, Equatable {
    package let user: String
    package let password: String

    /// The longest header value that is looked at, in bytes.
    private static let longest = 4096

    /// Nil for another scheme, for base64 or UTF-8 that is not valid, for a value without a colon, for control
    /// characters (RFC 7617, section 2, forbids them), and for a header of more than 4096 bytes.
    package init?(authorizationHeader: String) {
        guard authorizationHeader.utf8.count <= Self.longest else { return nil }
        let parts = authorizationHeader.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: true)
        guard parts.count == 2, parts[0].lowercased() == "basic" else { return nil }
        let encoded = String(parts[1].drop { $0 == " " })
        guard let bytes = Data(base64Encoded: encoded), let text = String(validating: bytes, as: UTF8.self),
            !text.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }),
            // By scalar: a combining mark after the colon would hide it in a Character.
            let colon = text.unicodeScalars.firstIndex(of: ":")
        else { return nil }
        user = String(text.unicodeScalars[..<colon])
        password = String(text.unicodeScalars[text.unicodeScalars.index(after: colon)...])
    }
}
