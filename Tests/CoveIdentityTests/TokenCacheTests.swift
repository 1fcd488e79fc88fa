import Crypto
import Foundation
import Testing

@testable import CoveIdentity

@Suite("TokenCache")
struct TokenCacheTests {
    private static let token = VerifiedToken(subject: nil, rights: .init(), start: 0, end: 100)

    private static func key(_ number: Int) -> TokenCache.Key { SHA256.hash(data: Data("\(number)".utf8)) }

    @Test("a token is known until it, or the certificate of its key, ends")
    func end() {
        var cache = TokenCache()
        cache.insert(Self.token, Self.key(1), size: 10, until: 50, at: 0)
        #expect(cache.token(Self.key(1), at: 50) != nil)
        #expect(cache.token(Self.key(1), at: 51) == nil)
        #expect(cache.token(Self.key(2), at: 0) == nil)
    }

    @Test("tokens of so many bytes are kept; what has ended goes first")
    func bound() {
        var cache = TokenCache()
        let size = TokenCache.capacity / 10
        for number in 0..<6 { cache.insert(Self.token, Self.key(number), size: size, until: 10, at: 0) }
        for number in 6..<10 { cache.insert(Self.token, Self.key(number), size: size, until: 90, at: 0) }
        #expect(cache.count == 10)
        cache.insert(Self.token, Self.key(10), size: size, until: 90, at: 20)
        #expect(cache.count == 5)
        for number in 11..<16 { cache.insert(Self.token, Self.key(number), size: size, until: 90, at: 20) }
        #expect(cache.count == 10)
        // Full, and nothing has ended.
        cache.insert(Self.token, Self.key(16), size: size, until: 90, at: 20)
        #expect(cache.count == 1)
    }

    @Test("a token that is put in twice counts once")
    func twice() {
        var cache = TokenCache()
        for _ in 0..<100 { cache.insert(Self.token, Self.key(1), size: TokenCache.capacity / 10, until: 90, at: 0) }
        #expect(cache.count == 1)
    }
}
