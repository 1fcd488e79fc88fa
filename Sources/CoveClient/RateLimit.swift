import NIOHTTP1

/// What a registry says of how much it may still be asked, as Docker Hub does (`RateLimit-Limit: 100;w=21600`).
package struct RateLimit: Sendable, Equatable {
    /// Requests in the window.
    package var limit: Int?
    package var remaining: Int?
    /// Seconds of the window, or until it ends.
    package var seconds: Int?
    /// Whom it counts: an address or an account (`Docker-RateLimit-Source`).
    package var source: String?

    package init(limit: Int? = nil, remaining: Int? = nil, seconds: Int? = nil, source: String? = nil) {
        self.limit = limit
        self.remaining = remaining
        self.seconds = seconds
        self.source = source
    }

    /// Whether a tenth or less is left.
    package var isNearlyUsed: Bool {
        guard let remaining else { return false }
        return remaining * 10 <= limit ?? 0 || remaining == 0
    }

    /// Nil without such headers.
    init?(_ headers: HTTPHeaders) {
        func number(_ name: String) -> (value: Int?, window: Int?) {
            guard let text = headers.first(name: name)?.prefix(128) else { return (nil, nil) }
            let parts = text.split(separator: ";").map { $0.trimming(" ") }
            let window = parts.dropFirst().first { $0.hasPrefix("w=") }.flatMap { Int($0.dropFirst(2)) }
            return (parts.first.flatMap { Int($0) }, window)
        }
        let (limit, window) = number("RateLimit-Limit")
        let (remaining, otherWindow) = number("RateLimit-Remaining")
        guard limit != nil || remaining != nil else { return nil }
        self.init(
            limit: limit, remaining: remaining, seconds: window ?? otherWindow ?? number("RateLimit-Reset").value,
            source: headers.first(name: "Docker-RateLimit-Source").map { String($0.prefix(128)) })
    }
}

/// `Retry-After` (RFC 9110 section 10.2.3): seconds, or a date.
enum RetryAfter {
    /// Nothing is waited for longer than this.
    static let longest = Duration.seconds(6 * 3600)

    static func parse(_ headers: HTTPHeaders) -> Duration? {
        guard let text = headers.first(name: "Retry-After")?.trimming(" ") else { return nil }
        if let seconds = Int(text) { return seconds < 0 ? nil : min(.seconds(min(seconds, 1_000_000)), longest) }
        guard let seconds = HTTPDate.secondsFromNow(text) else { return nil }
        return min(max(.zero, .seconds(seconds)), longest)
    }
}

extension StringProtocol {
    func trimming(_ characters: String) -> String {
        var text = self[...]
        while let first = text.first, characters.contains(first) { text = text.dropFirst() }
        while let last = text.last, characters.contains(last) { text = text.dropLast() }
        return String(text)
    }
}
