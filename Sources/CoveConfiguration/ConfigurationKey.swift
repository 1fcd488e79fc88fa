/// One key of the configuration: what it is called, what it takes, and whether it acts.
///
/// In a path, `*` stands for any name and `[]` for an element of a list.
struct ConfigurationKey: Sendable {
    enum Kind: Sendable, Equatable {
        case text, boolean, integer, duration, size
        case choice([String])
        case texts
        /// Anything; only for keys that are refused.
        case anything

        var name: String {
            switch self {
            case .text: "text"
            case .boolean: "true or false"
            case .integer: "a whole number"
            case .duration: "a duration such as 30s, 5m or 168h"
            case .size: "a size such as 65536 or 64KiB"
            case .choice(let words): "one of \(words.joined(separator: ", "))"
            case .texts: "a list of texts"
            case .anything: "anything"
            }
        }
    }

    let path: [String]
    let kind: Kind
    /// The value without the key, for the reference.
    let usual: String
    let meaning: String
    /// Why the key is refused, and what to do; nil when it acts.
    let refusal: String?

    var name: String { path.joined(separator: ".").replacing(".[]", with: "[]") }

    static func acts(_ path: String, _ kind: Kind, _ usual: String, _ meaning: String) -> ConfigurationKey {
        ConfigurationKey(
            path: path.split(separator: ".").map(String.init), kind: kind, usual: usual, meaning: meaning, refusal: nil)
    }

    static func refused(_ path: String, _ why: String) -> ConfigurationKey {
        ConfigurationKey(
            path: path.split(separator: ".").map(String.init), kind: .anything, usual: "", meaning: "", refusal: why)
    }
}
