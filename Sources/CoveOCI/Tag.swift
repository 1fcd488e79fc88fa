/// A tag: `[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}` (distribution-spec, "Pulling manifests").
public struct Tag: Hashable, Sendable, Comparable, CustomStringConvertible {
    public static let maximumLength = 128

    public let description: String

    public enum ParseError: Error, Equatable, Sendable {
        case malformed(String)
    }

    /// - Throws: ``ParseError`` when the text is not of the grammar.
    public init(parsing text: some StringProtocol) throws(ParseError) {
        let utf8 = text.utf8
        guard (1...Self.maximumLength).contains(utf8.count), let first = utf8.first,
            first != UInt8(ascii: "."), first != UInt8(ascii: "-"), utf8.allSatisfy(Self.isTagByte)
        else { throw .malformed(String(text.prefix(Self.maximumLength + 1))) }
        description = String(text)
    }

    /// Byte order, which is what the specification calls "ASCIIbetical".
    public static func < (lhs: Tag, rhs: Tag) -> Bool {
        lhs.description.utf8.lexicographicallyPrecedes(rhs.description.utf8)
    }

    private static func isTagByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "-"):
            true
        default: false
        }
    }
}
