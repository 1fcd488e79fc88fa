import Crypto

/// A token that is believed.
package struct VerifiedToken: Sendable {
    /// Whom it was made for; nil for who did not log in at the token server.
    package let subject: String?
    package let rights: AccessSet
    /// Seconds since 1970 from when and until when it counts, the clocks' leeway included.
    let start: Double
    let end: Double
}

/// Tokens that were verified, by their hash, so that the many requests of a push pay for one signature. Bounded by the
/// bytes of the tokens; when it is full, what has ended goes, and when that is not enough, everything.
struct TokenCache {
    typealias Key = SHA256Digest

    static let capacity = 16 * 1024 * 1024

    private struct Entry {
        let token: VerifiedToken
        let size: Int
        /// Seconds since 1970: as the token, or as the certificates of its key.
        let end: Double
    }

    private var entries: [Key: Entry] = [:]
    private var size = 0

    var count: Int { entries.count }

    func token(_ key: Key, at now: Double) -> VerifiedToken? {
        entries[key].flatMap { now <= $0.end ? $0.token : nil }
    }

    /// - Parameters:
    ///   - size: of the token's text, in bytes.
    ///   - end: when it must be verified again.
    mutating func insert(_ token: VerifiedToken, _ key: Key, size: Int, until end: Double, at now: Double) {
        if self.size + size > Self.capacity {
            entries = entries.filter { now <= $0.value.end }
            self.size = entries.reduce(0) { $0 + $1.value.size }
            // Half, or the next one would find it full again.
            if self.size > Self.capacity / 2 { removeAll() }
        }
        self.size += size - (entries[key]?.size ?? 0)
        entries[key] = Entry(token: token, size: size, end: end)
    }

    mutating func removeAll() {
        entries = [:]
        size = 0
    }
}
