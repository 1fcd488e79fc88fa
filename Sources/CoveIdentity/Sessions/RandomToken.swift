import Crypto
import Foundation

/// Texts that nobody guesses.
package enum RandomToken {
    /// 256 random bits in base64url.
    package static func make() -> String { bytes().base64URL }

    static func bytes() -> Data {
        var generator = SystemRandomNumberGenerator()
        return Data((0..<32).map { _ in UInt8.random(in: .min ... .max, using: &generator) })
    }

    /// As it is kept: who reads the store cannot use it.
    package static func hash(_ token: String) -> String {
        Data(SHA256.hash(data: Data(token.utf8))).base64URL
    }

    /// Takes as long for texts that differ early as for those that differ late.
    package static func isEqual(_ left: String, _ right: String) -> Bool {
        let (left, right) = (Array(left.utf8), Array(right.utf8))
        guard left.count == right.count else { return false }
        return zip(left, right).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    }
}
