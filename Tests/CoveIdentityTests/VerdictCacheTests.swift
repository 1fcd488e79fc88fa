import Crypto
import Testing

@testable import CoveIdentity

@Suite("VerdictCache")
struct VerdictCacheTests {
    private let secret = SymmetricKey(size: .bits256)
    private let start = ContinuousClock.now

    private func key(_ user: String, _ password: String = "p") throws -> VerdictCache.Key {
        try #require(VerdictCache.key(user: user, password: password, secret: secret))
    }

    @Test("a verdict is remembered for ten minutes")
    func lifetime() throws {
        var cache = VerdictCache()
        let key = try key("ann")
        #expect(!cache.isVerified(key, at: start))
        cache.insert(key, at: start)
        #expect(cache.isVerified(key, at: start))
        #expect(cache.isVerified(key, at: start + .seconds(599)))
        #expect(!cache.isVerified(key, at: start + .seconds(600)))
    }

    @Test("a login's key is its user's, its password's and its process's")
    func keys() throws {
        #expect(try key("ab", "c") != key("a", "bc"))
        #expect(try key("a", "b") == key("a", "b"))
        #expect(try key("a", "b") != key("a", "B"))
        #expect(try VerdictCache.key(user: "a", password: "b", secret: SymmetricKey(size: .bits256)) != key("a", "b"))
        #expect(VerdictCache.key(user: "a\u{0}", password: "b", secret: secret) == nil)
        #expect(VerdictCache.key(user: "a", password: "\u{0}b", secret: secret) == nil)
    }

    @Test("the cache is bounded, and forgets the verdict that would expire first")
    func bound() throws {
        var cache = VerdictCache()
        for number in 0..<VerdictCache.capacity { cache.insert(try key("\(number)"), at: start + .microseconds(number)) }
        for number in 0..<3 { cache.insert(try key("late \(number)"), at: start + .seconds(1)) }
        #expect(cache.count == VerdictCache.capacity)
        for number in 0..<3 {
            #expect(try !cache.isVerified(key("\(number)"), at: start + .seconds(1)))
            #expect(try cache.isVerified(key("late \(number)"), at: start + .seconds(1)))
        }
        #expect(try cache.isVerified(key("3"), at: start + .seconds(1)))
        // What has expired makes room first.
        cache.insert(try key("much later"), at: start + .seconds(600) + .milliseconds(500))
        #expect(cache.count == 4)
    }

    @Test("a login that is renewed takes no room and lives on")
    func renewed() throws {
        var cache = VerdictCache()
        cache.insert(try key("ann"), at: start)
        cache.insert(try key("ann"), at: start + .seconds(500))
        #expect(cache.count == 1)
        #expect(try cache.isVerified(key("ann"), at: start + .seconds(1000)))
        cache.removeAll()
        #expect(cache.count == 0)
    }
}
