/// A repository's name: `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(\/…)*`, at most 255 bytes
/// (distribution-spec, "Pulling manifests"). Such a name holds no `..`, no empty component and no leading `/`.
public struct RepositoryName: Hashable, Sendable, CustomStringConvertible {
    public static let maximumLength = 255

    public let description: String

    public enum ParseError: Error, Equatable, Sendable {
        case empty
        case tooLong(length: Int)
        case malformed(String)
    }

    /// - Throws: ``ParseError`` when the text is not of the grammar or longer than ``maximumLength`` bytes.
    public init(parsing text: some StringProtocol) throws(ParseError) {
        let count = text.utf8.count
        guard count > 0 else { throw .empty }
        guard count <= Self.maximumLength else { throw .tooLong(length: count) }
        guard Self.matchesGrammar(text.utf8) else { throw .malformed(String(text)) }
        description = String(text)
    }

    /// The project that the repository belongs to: its first component, or `library` for a name of one component.
    public var project: String {
        guard let slash = description.utf8.firstIndex(of: UInt8(ascii: "/")) else { return "library" }
        return String(description[..<slash])
    }

    private enum Position { case start, alphanumeric, dot, underscore, twoUnderscores, dashes }

    /// A hand-written automaton: this runs on every request, and a regular expression costs fifty times more.
    private static func matchesGrammar(_ bytes: some Sequence<UInt8>) -> Bool {
        var position = Position.start
        for byte in bytes {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"):
                position = .alphanumeric
            case UInt8(ascii: "/"):
                guard position == .alphanumeric else { return false }
                position = .start
            case UInt8(ascii: "."):
                guard position == .alphanumeric else { return false }
                position = .dot
            case UInt8(ascii: "_"):
                switch position {
                case .alphanumeric: position = .underscore
                case .underscore: position = .twoUnderscores
                default: return false
                }
            case UInt8(ascii: "-"):
                guard position == .alphanumeric || position == .dashes else { return false }
                position = .dashes
            default:
                return false
            }
        }
        return position == .alphanumeric
    }
}
