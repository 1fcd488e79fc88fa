import TestSupport
import Testing

@testable import CoveRegistry

@Suite("CoherentCache")
struct CoherentCacheTests {
    private let cache = CoherentCache<String, Int>(capacity: 100)

    private func load(_ value: Int?) async throws(RegistryError) -> Int? {
        try await cache.value(for: "key", cost: { _ in 1 }) { _ throws(RegistryError) in value.map { .init($0) } }
    }

    @Test("what was loaded is loaded once, until it is invalidated")
    func loadsOnce() async throws {
        #expect(try await load(1) == 1)
        #expect(try await load(2) == 1)
        #expect(cache.value(for: "key") == 1)
        cache.invalidate(["other"])
        #expect(try await load(2) == 1)
        cache.invalidate(["key"])
        #expect(cache.value(for: "key") == nil)
        #expect(try await load(2) == 2)
    }

    @Test("what is not there is looked for each time")
    func absent() async throws {
        #expect(try await load(nil) == nil)
        #expect(try await load(1) == 1)
    }

    @Test("a loader that fails keeps nothing, and the next one loads")
    func failure() async throws {
        await #expect(throws: RegistryError.self) {
            try await cache.value(for: "key", cost: { _ in 1 }) { _ throws(RegistryError) in throw .storageFull }
        }
        #expect(try await load(5) == 5)
    }

    @Test("a loader that read before an invalidation does not put the old value back")
    func staleLoader() async throws {
        let value = try await cache.value(for: "key", cost: { _ in 1 }) { _ throws(RegistryError) in
            // The write is committed and acknowledged while the loader holds what it read before.
            cache.invalidate(["key"])
            return .init(1)
        }
        #expect(value == 1)
        #expect(cache.value(for: "key") == nil)
        #expect(try await load(2) == 2)
    }

    @Test("a stale loader does not put its value over a fresh one")
    func staleLoaderAfterFresh() async throws {
        _ = try await cache.value(for: "key", cost: { _ in 1 }) { _ throws(RegistryError) in
            cache.invalidate(["key"])
            #expect(try await load(2) == 2)
            return .init(1)
        }
        #expect(cache.value(for: "key") == 2)
    }

    @Test("of two loaders at once, both get their value and one is kept")
    func twoLoaders() async throws {
        let first = try await cache.value(for: "key", cost: { _ in 1 }) { _ throws(RegistryError) in
            #expect(try await load(2) == 2)
            return .init(1)
        }
        #expect(first == 1)
        #expect(cache.value(for: "key") == 2)
    }

    @Test("what costs more than the capacity is handed on but not kept")
    func tooDear() async throws {
        let value = try await cache.value(for: "key", cost: { _ in 101 }) { _ throws(RegistryError) in .init(1) }
        #expect(value == 1)
        #expect(cache.value(for: "key") == nil)
    }

    @Test("readers beside a writer never see what is older than an acknowledged write", arguments: 0..<3)
    func coherent(seed: Int) async throws {
        let store = Shared(0)
        let acknowledged = Shared(0)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    while acknowledged.value < 100, !Task.isCancelled {
                        // A cached value is had without waiting: the writer must get its turn.
                        await Task.yield()
                        let least = acknowledged.value
                        let seen = try await cache.value(for: "key", cost: { _ in 1 }) { _ throws(RegistryError) in
                            let value = store.value
                            await Task.yield()
                            return .init(value)
                        }
                        #expect((seen ?? -1) >= least)
                    }
                }
            }
            group.addTask {
                for number in 1...100 {
                    store.change { $0 = number }
                    cache.invalidate(["key"])
                    acknowledged.change { $0 = number }
                    await Task.yield()
                }
            }
            try await group.waitForAll()
        }
    }

    @Test("where others write, each request asks the store, and the loader is told what was known")
    func confirmed() async throws {
        let cache = CoherentCache<String, Int>(capacity: 100, patience: .seconds(1000))
        let told = Shared<[Int?]>([])
        func ask(_ found: Int?) async throws -> Int? {
            try await cache.value(for: "key", cost: { _ in 1 }) { known throws(RegistryError) in
                told.change { $0.append(known) }
                return found.map { .init($0) }
            }
        }
        #expect(try await ask(1) == 1)
        #expect(try await ask(2) == 2)
        #expect(try await ask(nil) == nil)
        #expect(try await ask(3) == 3)
        #expect(told.value == [nil, 1, 2, nil])
    }

    @Test("those who come while the store is asked share the next question", arguments: [false, true])
    func askTwice(changes: Bool) async throws {
        let cache = CoherentCache<String, Int>(capacity: 100, patience: .seconds(1000))
        let asked = Shared(0)
        let came = Shared(0)
        let answers = try await withThrowingTaskGroup(of: Int?.self) { group in
            for _ in 0..<50 {
                group.addTask {
                    came.change { $0 += 1 }
                    return try await cache.value(for: "key", cost: { _ in 1 }) { _ throws(RegistryError) in
                        let number = asked.change { $0 += 1 }
                        // Until the others wait for this one.
                        while came.value < 50 { await Task.yield() }
                        for _ in 0..<1000 { await Task.yield() }
                        if changes, number == 1 { cache.invalidate(["key"]) }
                        return .init(number)
                    }
                }
            }
            return try await group.reduce(into: [Int?]()) { $0.append($1) }
        }
        // The first, all others together and, after a change, one that is ahead of them; a straggler or two.
        #expect((changes ? 3...5 : 2...4).contains(asked.value))
        #expect(answers.filter { $0 == 1 }.count == 1)
        #expect(answers.filter { $0 == asked.value }.count + (asked.value - 1) <= 50)
        #expect(cache.value(for: "key") == asked.value)
    }

    @Test("nobody is answered with what was read before they came, whoever changes the store", arguments: 0..<3)
    func linearizable(seed: Int) async throws {
        let cache = CoherentCache<String, Int>(capacity: 100, patience: .seconds(1000))
        let store = Shared(0)
        let seen = Shared(0)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    while seen.value < 100, !Task.isCancelled {
                        let least = max(seen.value, store.value)
                        let value = try await cache.value(for: "key", cost: { _ in 1 }) { _ throws(RegistryError) in
                            await Task.yield()
                            let value = store.value
                            await Task.yield()
                            return .init(value)
                        }
                        let found = value ?? -1
                        #expect(found >= least)
                        seen.change { $0 = max($0, found) }
                    }
                }
            }
            group.addTask {
                for number in 1...100 {
                    store.change { $0 = number }
                    for _ in 0..<(number % 7) { await Task.yield() }
                }
            }
            try await group.waitForAll()
        }
    }

    @Test("who finds a loader that takes too long asks the store itself, and those who waited go on with that")
    func impatient() async throws {
        let cache = CoherentCache<String, Int>(capacity: 100, patience: .milliseconds(1))
        let isStuck = Shared(true)
        let isAsked = Shared(false)
        async let stuck = cache.value(for: "key", cost: { _ in 1 }) { _ throws(RegistryError) in
            isAsked.change { $0 = true }
            while isStuck.value { await Task.yield() }
            return .init(1)
        }
        while !isAsked.value { await Task.yield() }
        try await Task.sleep(for: .milliseconds(2))
        let second = try await cache.value(for: "key", cost: { _ in 1 }) { _ throws(RegistryError) in .init(2) }
        #expect(second == 2)
        isStuck.change { $0 = false }
        #expect(try await stuck == 1)
        #expect(cache.value(for: "key") == 2)
    }

    @Test("those who wait for a loader that fails are told so as well")
    func failureIsShared() async throws {
        let cache = CoherentCache<String, Int>(capacity: 100, patience: .seconds(1000))
        let failures = await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<10 {
                group.addTask {
                    do {
                        _ = try await cache.value(for: "key", cost: { _ in 1 }) { _ throws(RegistryError) in
                            for _ in 0..<100 { await Task.yield() }
                            throw .storageFull
                        }
                        return false
                    } catch {
                        return true
                    }
                }
            }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(failures == 10)
        #expect(cache.value(for: "key") == nil)
    }

    @Test("a settled value is given without asking, until its lease has run out or it is withdrawn here")
    func lease() async throws {
        let cache = CoherentCache<String, Int>(capacity: 100, patience: .seconds(1000), lease: .milliseconds(200))
        func ask(_ found: Int, isSettled: Bool = true) async throws -> Int? {
            try await cache.value(for: "key", cost: { _ in 1 }) { _ throws(RegistryError) in .init(found, isSettled: isSettled) }
        }
        #expect(try await ask(1, isSettled: false) == 1)
        let start = ContinuousClock.now
        #expect(try await ask(2) == 2)
        let answer = try await ask(3)
        if .now - start < .milliseconds(100) { #expect(answer == 2) }
        cache.invalidate(["key"])
        #expect(try await ask(4) == 4)
        try await Task.sleep(for: .milliseconds(201))
        #expect(try await ask(5) == 5)
    }

    @Test("a lease begins before the store is asked")
    func slowLease() async throws {
        let cache = CoherentCache<String, Int>(capacity: 100, patience: .seconds(1000), lease: .milliseconds(20))
        _ = try await cache.value(for: "key", cost: { _ in 1 }) { _ throws(RegistryError) in
            try? await Task.sleep(for: .milliseconds(21))
            return .init(1, isSettled: true)
        }
        let second = try await cache.value(for: "key", cost: { _ in 1 }) { _ throws(RegistryError) in .init(2) }
        #expect(second == 2)
    }

    @Test("one request renews a lease before it runs out, and the others do not wait for it")
    func renewal() async throws {
        let cache = CoherentCache<String, Int>(capacity: 100, patience: .zero, lease: .seconds(2))
        let start = ContinuousClock.now
        _ = try await cache.value(for: "key", cost: { _ in 1 }) { _ throws(RegistryError) in .init(1, isSettled: true) }
        try await Task.sleep(for: .seconds(1))
        let renewed = try await cache.value(for: "key", cost: { _ in 1 }) { _ throws(RegistryError) in
            let other = try await cache.value(for: "key", cost: { _ in 1 }) { _ throws(RegistryError) in .init(3) }
            if .now - start < .seconds(2) { #expect(other == 1) }
            return .init(2, isSettled: true)
        }
        #expect(renewed == 2)
        if .now - start < .seconds(2) { #expect(cache.value(for: "key") == 2) }
    }
}
