import CoveMetadata

/// What Redis keeps of a blob: `1 <second> <row> <size> <location>`, the second being that of the read from the store
/// (UTC, since 1970). Anything can be in a Redis, so a text that this type would not have written is no entry.
struct DescriptorEntry: Equatable {
    /// Left in the place of an entry that may not come back.
    static let mark = "-"

    private static let version = "1"
    private static let longestLocation = 1024
    /// Seconds that another node's clock may be ahead of this one's.
    private static let tolerance: Int64 = 10

    let second: Int64
    let id: Int64
    /// Bytes.
    let size: Int64
    let location: String

    static var now: Int64 { .nowMicroseconds / 1_000_000 }

    /// Nil for a location that an entry cannot hold.
    init?(_ blob: StoredBlob, readAt second: Int64) {
        guard Self.isLocation(blob.location[...]) else { return nil }
        self.second = second
        id = blob.id
        size = blob.size
        location = blob.location
    }

    init?(parsing bytes: [UInt8]) {
        guard bytes.count <= Self.longestLocation + 64, let text = String(validating: bytes, as: UTF8.self) else { return nil }
        let words = text.split(separator: " ", maxSplits: 4, omittingEmptySubsequences: false)
        guard words.count == 5, words[0] == Self.version, let second = Self.number(words[1]),
            let id = Self.number(words[2]), let size = Self.number(words[3]), Self.isLocation(words[4])
        else { return nil }
        self.second = second
        self.id = id
        self.size = size
        location = String(words[4])
    }

    var text: String { "\(Self.version) \(second) \(id) \(size) \(location)" }

    func isFresh(within lifetime: Duration, at now: Int64 = now) -> Bool {
        (-Self.tolerance..<lifetime.components.seconds).contains(now - second)
    }

    /// A number as it is written here: digits, and no zero before others.
    private static func number(_ text: Substring) -> Int64? {
        guard let number = Int64(text), number >= 0, "\(number)" == text else { return nil }
        return number
    }

    /// A relative path of printable ASCII that stays below where it begins: who can write to Redis must not be able to
    /// have other files read.
    private static func isLocation(_ text: Substring) -> Bool {
        guard (1...longestLocation).contains(text.utf8.count), text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { return false }
        return text.split(separator: "/", omittingEmptySubsequences: false).allSatisfy { !["", ".", ".."].contains($0) }
    }
}
