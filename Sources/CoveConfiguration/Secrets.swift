import Foundation

/// Keeps secrets out of what is shown.
enum Secrets {
    static let mask = "<hidden>"

    /// Parameters of libpq that are secret.
    private static let names: Set<String> = ["password", "sslpassword", "oauth_client_secret", "scram_client_key", "scram_server_key"]

    /// A text with the password of a URL, or of libpq's `password=…`, masked. Where it cannot be told how far the
    /// password goes, more than it is masked.
    static func masked(_ text: String) -> String {
        guard let scheme = text.range(of: "://") else { return maskedWords(text) }
        let (base, query) = split(text[scheme.upperBound...], at: "?")
        var rest = String(base)
        if let query {
            rest += "?" + query.split(separator: "&", omittingEmptySubsequences: false).map(maskedParameter).joined(separator: "&")
        }
        // To the last @: a password with a raw @ or / in it is a mistake, and still a password.
        if let end = rest.lastIndex(of: "@"), let colon = rest[..<end].firstIndex(of: ":") {
            rest = rest[...colon] + mask + rest[end...]
        }
        return text[..<scheme.upperBound] + rest
    }

    /// libpq's other form of connection strings, `host=db password=…`.
    private static func maskedWords(_ text: String) -> String {
        guard let word = text.range(of: "password", options: .caseInsensitive) else { return text }
        return text[..<word.upperBound] + "=\(mask)"
    }

    private static func maskedParameter(_ pair: Substring) -> String {
        let (name, value) = split(pair, at: "=")
        guard value != nil, names.contains(name.removingPercentEncoding ?? "") else { return String(pair) }
        return "\(name)=\(mask)"
    }

    private static func split(_ text: Substring, at separator: Character) -> (Substring, Substring?) {
        guard let index = text.firstIndex(of: separator) else { return (text, nil) }
        return (text[..<index], text[text.index(after: index)...])
    }
}
