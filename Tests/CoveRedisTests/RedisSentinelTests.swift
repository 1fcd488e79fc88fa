import TestSupport
import Testing

@testable import CoveRedis

@Suite("RedisClient: sentinels", .needsRedis, .timeLimit(.minutes(2)))
struct RedisSentinelTests {
    /// A master with a replica, and a sentinel that watches them. Each has a password.
    private struct Group {
        let master: RedisServer
        let replica: RedisServer
        let sentinel: RedisServer

        init() async throws {
            master = try await RedisServer(["--requirepass", "s3cret", "--masterauth", "s3cret"])
            replica = try await RedisServer([
                "--requirepass", "s3cret", "--masterauth", "s3cret", "--replicaof", "127.0.0.1 \(master.port)",
            ])
            sentinel = try await RedisServer(sentinelOf: [
                "requirepass watch",
                "sentinel monitor cove 127.0.0.1 \(master.port) 1",
                "sentinel auth-pass cove s3cret",
                "sentinel down-after-milliseconds cove 1000",
                "sentinel failover-timeout cove 3000",
            ])
        }

        func options(sentinels: [RedisAddress]? = nil, name: String = "cove") -> RedisOptions {
            var options = RedisOptions(
                .sentinels(sentinels ?? [sentinel.address], master: name, RedisCredentials(password: "watch")))
            options.credentials.password = "s3cret"
            options.dialTimeout = .seconds(5)
            return options
        }

        func client(_ log: LogRecorder = LogRecorder()) throws -> RedisClient {
            try RedisClient(options(), logger: log.logger)
        }

        /// Waits until the sentinel knows a replica that it can make the master.
        func isReady() async throws -> Bool {
            let observer = try sentinel.client { $0.credentials.password = "watch" }
            return try await eventually(within: .seconds(40)) {
                guard case .array(let replicas)? = try? await observer.send(RedisCommand("SENTINEL", "replicas", "cove")),
                    case .array(let words)? = replicas.first
                else { return false }
                let texts = words.map { $0.text ?? "" }
                guard let status = texts.firstIndex(of: "master-link-status") else { return false }
                return texts[status + 1] == "ok"
            }
        }
    }

    @Test("the master that the sentinels name is used, whichever of them answers")
    func master() async throws {
        let group = try await Group()
        let nobody = RedisAddress(host: "127.0.0.1", port: try RedisServer.freePort())
        let client = try RedisClient(group.options(sentinels: [nobody, group.sentinel.address]), logger: LogRecorder().logger)
        try await client.set("key", to: "x", lifetime: .seconds(60))
        let direct = try group.master.client { $0.credentials.password = "s3cret" }
        #expect(try await direct.value("key") == "x")
    }

    @Test("a name that the sentinels do not know is told")
    func unknownMaster() async throws {
        let group = try await Group()
        let client = try RedisClient(group.options(name: "other"), logger: LogRecorder().logger)
        let error = await failure { () throws(RedisError) in try await client.ping() }
        #expect(error == .noMaster("the sentinel \(group.sentinel.address) knows no master 'other'"))
    }

    @Test("after a failover the new master is used")
    func failover() async throws {
        let group = try await Group()
        let log = LogRecorder()
        let client = try group.client(log)
        try await client.set("key", to: "old", lifetime: .seconds(60))
        #expect(try await group.isReady())
        await group.master.kill()
        let isBack = try await eventually(within: .seconds(60)) {
            await failure { () throws(RedisError) in try await client.set("key", to: "new", lifetime: .seconds(60)) } == nil
        }
        #expect(isBack)
        let direct = try group.replica.client { $0.credentials.password = "s3cret" }
        #expect(try await direct.value("key") == "new")
        #expect(log.lines.value.count == 2)
    }

    @Test("a master that became a replica is left for the new one")
    func demotion() async throws {
        let group = try await Group()
        let client = try group.client()
        try await client.set("key", to: "old", lifetime: .seconds(60))
        #expect(try await group.isReady())
        let observer = try group.sentinel.client { $0.credentials.password = "watch" }
        _ = try await observer.send(RedisCommand("SENTINEL", "FAILOVER", "cove"))
        let direct = try group.replica.client { $0.credentials.password = "s3cret" }
        let hasMoved = try await eventually(within: .seconds(60)) {
            _ = try? await client.set("key", to: "new", lifetime: .seconds(60))
            guard case .array(let role)? = try? await direct.send(RedisCommand("ROLE")), role.first?.text == "master" else { return false }
            return (try? await direct.value("key")) == "new"
        }
        #expect(hasMoved)
    }
}
