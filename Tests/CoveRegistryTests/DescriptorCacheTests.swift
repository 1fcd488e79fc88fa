import CoveMetadata
import CoveOCI
import Logging
import TestSupport
import Testing

@testable import CoveRedis
@testable import CoveRegistry

@Suite("DescriptorCache", .enabled(if: RedisServer.binary != nil, "\(RedisServer.absence)"), .timeLimit(.minutes(2)))
struct DescriptorCacheTests {
    private let app: BlobKey
    private let web: BlobKey
    private let digest = Digest.of("x".utf8)

    init() throws {
        app = BlobKey(repository: try RepositoryName(parsing: "team/app"), digest: digest)
        web = BlobKey(repository: try RepositoryName(parsing: "team/web"), digest: digest)
    }

    private func blob(_ id: Int64 = 7, at location: String = "blobs/x.1") -> StoredBlob {
        StoredBlob(id: id, digest: digest, size: 1, location: location)
    }

    /// What a cache says, `load` being what the store would.
    private func ask(_ cache: DescriptorCache, _ key: BlobKey, load: StoredBlob?) async throws(RegistryError) -> StoredBlob? {
        try await cache.blob(for: key) { () throws(RegistryError) in load }
    }

    @Test("what one node loaded another finds, under the same repository only")
    func shared() async throws {
        let server = try await RedisServer()
        let (one, two) = (try server.cache(), try server.cache())
        #expect(try await ask(one, app, load: blob()) == blob())
        #expect(try await ask(two, app, load: nil) == blob())
        #expect(try await ask(two, web, load: nil) == nil)
    }

    @Test("what is not there is not remembered")
    func absent() async throws {
        let server = try await RedisServer()
        let cache = try server.cache()
        #expect(try await ask(cache, app, load: nil) == nil)
        #expect(try await ask(cache, app, load: blob()) == blob())
    }

    @Test("registries of different namespaces do not see each other's blobs")
    func namespaces() async throws {
        let server = try await RedisServer()
        #expect(try await ask(server.cache("a"), app, load: blob()) == blob())
        #expect(try await ask(server.cache("b"), app, load: nil) == nil)
        #expect(try await ask(server.cache(""), app, load: nil) == nil)
    }

    @Test("what was forgotten is not found on any node, nor kept again at once")
    func forgotten() async throws {
        let server = try await RedisServer()
        let (one, two) = (try server.cache(), try server.cache())
        _ = try await ask(one, app, load: blob())
        await two.forget(app)
        #expect(try await ask(one, app, load: nil) == nil)
        #expect(try await ask(one, app, load: blob()) == blob())
        #expect(try await ask(two, app, load: nil) == nil)
    }

    @Test("a loader that read before a delete does not put the old state back")
    func staleLoader() async throws {
        let server = try await RedisServer()
        let (one, two) = (try server.cache(), try server.cache())
        let seen = try await one.blob(for: app) { () throws(RegistryError) in
            await two.forget(app)
            return blob()
        }
        #expect(seen == blob())
        #expect(try await ask(one, app, load: nil) == nil)
        #expect(try await ask(two, app, load: nil) == nil)
    }

    @Test("an error of the store is handed on, and nothing is kept")
    func failingStore() async throws {
        let server = try await RedisServer()
        let cache = try server.cache()
        await #expect(throws: RegistryError.self) {
            try await cache.blob(for: app) { () throws(RegistryError) in throw .storageFull }
        }
        #expect(try await ask(cache, app, load: nil) == nil)
    }

    @Test("a value that is no entry, or an old one, counts as none", arguments: ["", "-", "garbage", "1 1 7 1 blobs/x.1", "1 9 9 9 ../x"])
    func oddValues(value: String) async throws {
        let server = try await RedisServer()
        let redis = try server.redis()
        try await redis.set("cove:test:blob:team/app@\(digest)", to: value, lifetime: .seconds(60))
        #expect(try await ask(server.cache(), app, load: nil) == nil)
        #expect(try await ask(server.cache(), app, load: blob()) == blob())
    }

    @Test("entries and marks end by themselves")
    func lifetimes() async throws {
        let server = try await RedisServer()
        let (cache, redis) = (try server.cache(), try server.redis())
        _ = try await ask(cache, app, load: blob())
        await cache.forget(web)
        #expect(DescriptorCache.markLifetime > DescriptorCache.entryLifetime + .seconds(10))
        #expect(try await (1...60).contains(redis.secondsLeft(of: "cove:test:blob:team/app@\(digest)")))
        #expect(try await (61...120).contains(redis.secondsLeft(of: "cove:test:blob:team/web@\(digest)")))
    }

    @Test("a blob whose delete Redis could not be told is not asked of it")
    func untold() async throws {
        let server = try await RedisServer()
        let cache = try server.cache()
        #expect(try await ask(cache, app, load: blob()) == blob())
        #expect(try await ask(cache, web, load: blob()) == blob())
        server.stall()
        await cache.forget(app)
        server.resume()
        // The mark comes after all; then another node puts there what it had read before.
        let redis = try server.redis()
        try await Task.sleep(for: .milliseconds(200))
        try await redis.delete("cove:test:blob:team/app@\(digest)")
        #expect(try await ask(server.cache(), app, load: blob()) == blob())
        for _ in 0..<10 {
            #expect(try await ask(cache, app, load: nil) == nil)
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    @Test("a node that saw Redis fail does not believe what is older than the end of that")
    func afterOutage() async throws {
        let server = try await RedisServer()
        let (one, two) = (try server.cache(), try server.cache())
        #expect(try await ask(one, app, load: blob()) == blob())
        server.stall()
        #expect(try await ask(two, app, load: nil) == nil)
        server.resume()
        for _ in 0..<10 {
            #expect(try await ask(two, app, load: nil) == nil)
            try await Task.sleep(for: .milliseconds(50))
        }
        // One that saw nothing of it does.
        #expect(try await ask(one, app, load: nil) == blob())
    }

    @Test("a Redis that takes no more loses the entry all the same")
    func fullRedis() async throws {
        let server = try await RedisServer()
        let cache = try server.cache()
        _ = try await ask(cache, app, load: blob())
        try await server.redis().limitMemory()
        await cache.forget(app)
        #expect(try await ask(server.cache(), app, load: nil) == nil)
        #expect(try await ask(cache, app, load: nil) == nil)
    }

    @Test("a Redis that is gone changes no answer")
    func gone() async throws {
        let server = try await RedisServer()
        let cache = try server.cache()
        _ = try await ask(cache, app, load: blob())
        await server.kill()
        for _ in 0..<50 {
            #expect(try await ask(cache, app, load: blob(8)) == blob(8))
            #expect(try await ask(cache, web, load: nil) == nil)
        }
        await cache.forget(app)
    }
}

extension RedisServer {
    func redis() throws -> RedisClient {
        var options = RedisOptions(.servers([RedisAddress(host: "127.0.0.1", port: port)]))
        options.dialTimeout = .seconds(5)
        options.readTimeout = .seconds(1)
        options.writeTimeout = .seconds(1)
        return try RedisClient(options, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    /// A cache as a node of its own has it.
    func cache(_ namespace: String = "test") throws -> DescriptorCache {
        DescriptorCache(redis: try redis(), namespace: namespace)
    }
}

extension RedisClient {
    fileprivate func secondsLeft(of key: String) async throws -> Int64 {
        guard case .integer(let seconds) = try await send(RedisCommand("TTL", key)) else { return -3 }
        return seconds
    }

    /// From now on every command that needs memory is refused.
    fileprivate func limitMemory() async throws {
        _ = try await send(RedisCommand("CONFIG", "SET", "maxmemory", "1"))
    }
}
