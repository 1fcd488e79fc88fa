import Crypto
import Foundation

/// A personal access token: 256 random bits behind a prefix by which scanners of leaked secrets know it. Only its SHA-256 is
/// kept, which is enough for what cannot be guessed.
package struct AccessToken: Sendable {
    package static let prefix = "cove_pat_"

    /// Shown once, to who asked for it.
    package let text: String

    package init() {
        let bytes = SymmetricKey(size: .bits256).withUnsafeBytes { Array($0) }
        text = Self.prefix + Data(bytes).base64URL
    }

    /// Nil for what is none.
    init?(_ text: String) {
        guard text.hasPrefix(Self.prefix), text.utf8.count <= 128 else { return nil }
        self.text = text
    }

    /// As it is kept.
    package var hash: String { Self.hash(text) }

    static func hash(_ text: String) -> String {
        SHA256.hash(data: Data(text.utf8)).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
