import Crypto
import Foundation

/// A request in the one form that both ends sign ("Create a canonical request" in AWS's IAM guide).
struct CanonicalRequest: Sendable {
    /// Names of the headers that are signed, as in `SignedHeaders`.
    let signedHeaders: String
    let text: String

    /// - Parameters:
    ///   - path: as it is sent. S3's is encoded once and never normalised.
    ///   - headers: all that are to be signed, `host` among them; a name may occur more than once.
    ///   - payloadHash: SHA-256 of the body in hexadecimal, or `UNSIGNED-PAYLOAD`.
    init(method: String, path: String, query: [QueryItem], headers: [(name: String, value: String)], payloadHash: String) {
        var values: [String: [String]] = [:]
        for header in headers { values[header.name.lowercased(), default: []].append(Self.trimmed(header.value)) }
        let names = values.keys.sorted()
        signedHeaders = names.joined(separator: ";")
        let lines = names.map { "\($0):\((values[$0] ?? []).joined(separator: ","))\n" }.joined()
        text = [method, path, query.canonical, lines, signedHeaders, payloadHash].joined(separator: "\n")
    }

    var hash: String { SHA256.hash(data: Data(text.utf8)).hexadecimal }

    /// Without spaces at either end, and with one where there were several.
    private static func trimmed(_ value: String) -> String {
        value.split(whereSeparator: { $0 == " " || $0 == "\t" || $0.isNewline }).joined(separator: " ")
    }
}

extension Sequence<UInt8> {
    var hexadecimal: String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}
