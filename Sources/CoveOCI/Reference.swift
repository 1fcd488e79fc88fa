/// What names a manifest inside a repository: a tag or a digest.
public enum Reference: Hashable, Sendable, CustomStringConvertible {
    case tag(Tag)
    case digest(Digest)

    public enum ParseError: Error, Equatable, Sendable {
        case digest(Digest.ParseError)
        case tag(Tag.ParseError)
    }

    /// A text with a colon is a digest, as no tag can hold one; everything else is a tag.
    ///
    /// - Throws: ``ParseError`` when the text is neither.
    public init(parsing text: some StringProtocol) throws(ParseError) {
        if text.utf8.contains(UInt8(ascii: ":")) {
            do throws(Digest.ParseError) {
                self = .digest(try Digest(parsing: text))
            } catch {
                throw .digest(error)
            }
        } else {
            do throws(Tag.ParseError) {
                self = .tag(try Tag(parsing: text))
            } catch {
                throw .tag(error)
            }
        }
    }

    public var description: String {
        switch self {
        case .tag(let tag): tag.description
        case .digest(let digest): digest.description
        }
    }
}
