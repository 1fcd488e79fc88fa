import CoveOCI
import NIOCore
import TestSupport
import Testing

@testable import CoveRegistry

@Suite("LeastRecentlyUsed")
struct LeastRecentlyUsedTests {
    /// The same promise, kept slowly: the most recently used comes first.
    private struct Naive {
        let capacity: Int
        var entries: [(key: Int, value: Int, cost: Int)] = []

        var cost: Int { entries.reduce(0) { $0 + $1.cost } }

        mutating func value(for key: Int) -> Int? {
            guard let place = entries.firstIndex(where: { $0.key == key }) else { return nil }
            entries.insert(entries.remove(at: place), at: 0)
            return entries[0].value
        }

        mutating func insert(_ value: Int, for key: Int, cost: Int) {
            remove(key)
            guard cost <= capacity else { return }
            entries.insert((key, value, cost), at: 0)
            while self.cost > capacity { entries.removeLast() }
        }

        mutating func remove(_ key: Int) { entries.removeAll { $0.key == key } }
    }

    @Test("random use gives what a naive implementation gives", arguments: 0..<10, [0, 1, 7, 40])
    func model(seed: UInt64, capacity: Int) {
        var random = SeededGenerator(seed: seed)
        var cache = LeastRecentlyUsed<Int, Int>(capacity: capacity)
        var model = Naive(capacity: capacity)
        for step in 0..<1500 {
            let key = Int.random(in: 0..<15, using: &random)
            switch Int.random(in: 0..<10, using: &random) {
            case 0..<4: #expect(cache.value(for: key) == model.value(for: key))
            case 4..<8:
                let cost = Int.random(in: 0...9, using: &random)
                cache.insert(step, for: key, cost: cost)
                model.insert(step, for: key, cost: cost)
            case 8:
                cache.remove(key)
                model.remove(key)
            default:
                if Int.random(in: 0..<100, using: &random) == 0 {
                    cache.removeAll()
                    model.entries = []
                }
            }
            #expect(cache.count == model.entries.count)
            #expect(cache.cost == model.cost)
        }
        for key in 0..<15 { #expect(cache.value(for: key) == model.value(for: key)) }
    }

    @Test("what was used last stays when room is needed")
    func order() {
        var cache = LeastRecentlyUsed<String, Int>(capacity: 3)
        for (number, key) in ["a", "b", "c"].enumerated() { cache.insert(number, for: key, cost: 1) }
        #expect(cache.value(for: "a") == 0)
        cache.insert(3, for: "d", cost: 1)
        #expect(cache.value(for: "b") == nil)
        #expect(cache.value(for: "a") == 0)
        cache.insert(4, for: "e", cost: 3)
        #expect(cache.count == 1 && cache.cost == 3)
        #expect(cache.value(for: "e") == 4)
    }

    @Test("a value that is too dear takes its older self along and nothing else")
    func tooDear() {
        var cache = LeastRecentlyUsed<String, Int>(capacity: 3)
        cache.insert(1, for: "a", cost: 1)
        cache.insert(2, for: "b", cost: 1)
        cache.insert(3, for: "a", cost: 4)
        #expect(cache.value(for: "a") == nil)
        #expect(cache.value(for: "b") == 2)
    }

    @Test("small blobs are kept by digest, within 16 MiB")
    func smallBlobs() {
        let cache = SmallBlobCache()
        let bytes = ByteBuffer(repeating: 7, count: 64 * 1024)
        let digests = (0..<300).map { Digest.of("\($0)".utf8) }
        #expect(cache.bytes(of: digests[0]) == nil)
        for digest in digests { cache.keep(bytes, of: digest) }
        #expect(cache.bytes(of: digests[299]) == bytes)
        #expect(cache.bytes(of: digests[0]) == nil)
        // 16 MiB hold so many of 64 KiB and 128 bytes.
        #expect(digests.count { cache.bytes(of: $0) != nil } == 255)
    }
}
