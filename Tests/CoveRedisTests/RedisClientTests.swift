import TestSupport
import Testing

@testable import CoveRedis

@Suite("RedisClient", .needsRedis)
struct RedisClientTests {
    @Test("what was set is had, until it is deleted")
    func commands() async throws {
        let server = try await RedisServer()
        let client = try server.client()
        try await client.ping()
        #expect(try await client.value("key") == nil)
        #expect(try await client.set("key", to: "a value\r\nof lines, ünicode", lifetime: .seconds(60)))
        #expect(try await client.value("key") == "a value\r\nof lines, ünicode")
        #expect(try await client.set("key", to: "", lifetime: .seconds(60)))
        #expect(try await client.value("key") == "")
        try await client.delete("key")
        try await client.delete("key")
        #expect(try await client.value("key") == nil)
    }

    @Test("a value that is there can be left")
    func onlyIfAbsent() async throws {
        let server = try await RedisServer()
        let client = try server.client()
        #expect(try await client.set("key", to: "1", lifetime: .seconds(60), onlyIfAbsent: true))
        #expect(try await !client.set("key", to: "2", lifetime: .seconds(60), onlyIfAbsent: true))
        #expect(try await client.value("key") == "1")
    }

    @Test("a value ends with its lifetime")
    func lifetime() async throws {
        let server = try await RedisServer()
        let client = try server.client()
        try await client.set("short", to: "1", lifetime: .seconds(1))
        try await client.set("long", to: "1", lifetime: .seconds(60))
        #expect(try await eventually { (try? await client.value("short")) == .some(nil) })
        #expect(try await client.value("long") == "1")
    }

    @Test("many commands at once get their own replies, over no more connections than allowed", arguments: [1, 4])
    func pipelining(poolSize: Int) async throws {
        let server = try await RedisServer()
        let client = try server.client { $0.poolSize = poolSize }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<500 {
                group.addTask {
                    try await client.set("key\(number)", to: "\(number)", lifetime: .seconds(60))
                    #expect(try await client.value("key\(number)") == "\(number)")
                }
            }
            try await group.waitForAll()
        }
        let count = try await server.client().connectionCount() - 1
        #expect((1...poolSize).contains(count))
    }

    @Test("a connection that has been idle for its time is closed, and the next command makes another")
    func idle() async throws {
        let server = try await RedisServer()
        let client = try server.client { $0.idleTime = .seconds(3) }
        let observer = try server.client()
        try await client.ping()
        #expect(try await eventually { (try? await observer.connectionCount()) == 1 })
        try await client.ping()
    }

    @Test("the database is the one of the options")
    func database() async throws {
        let server = try await RedisServer()
        let (first, second) = (try server.client(), try server.client { $0.database = 3 })
        try await second.set("key", to: "3", lifetime: .seconds(60))
        #expect(try await first.value("key") == nil)
        #expect(try await second.value("key") == "3")
        let absent = try server.client { $0.database = 99 }
        #expect(await failure { () throws(RedisError) in try await absent.ping() } == .refused(command: "SELECT", code: "ERR"))
    }

    @Test("a password is shown, and a wrong one is refused without being told")
    func password() async throws {
        let server = try await RedisServer(["--requirepass", "s3cret"])
        try await server.client { $0.credentials.password = "s3cret" }.ping()
        let log = LogRecorder()
        let wrong = try server.client(log) { $0.credentials.password = "wr0ng" }
        #expect(await failure { () throws(RedisError) in try await wrong.ping() } == .refused(command: "AUTH", code: "WRONGPASS"))
        let none = try server.client(log)
        #expect(await failure { () throws(RedisError) in try await none.ping() } == .refused(command: "PING", code: "NOAUTH"))
        #expect(log.lines.value.count == 2)
        #expect(!log.lines.value.joined().contains("wr0ng"))
    }

    @Test("a password that a server echoes is not told")
    func renamedAuthentication() async throws {
        let server = try await RedisServer(["--rename-command", "AUTH", "LOGIN"])
        let log = LogRecorder()
        let client = try server.client(log) { $0.credentials = RedisCredentials(username: "cove", password: "s3cret") }
        let error = await failure { () throws(RedisError) in try await client.ping() }
        #expect(error == .refused(command: "AUTH", code: "ERR"))
        #expect(!(log.lines.value.joined() + "\(client) \(server.options { $0.credentials.password = "s3cret" })").contains("s3cret"))
    }

    @Test("a user of the access list is shown, and what it may not do does not count as an outage")
    func accessList() async throws {
        let server = try await RedisServer(["--user", "cove", "on", ">s3cret", "~cove:*", "+get", "+ping"])
        let log = LogRecorder()
        let client = try server.client(log) { $0.credentials = RedisCredentials(username: "cove", password: "s3cret") }
        #expect(try await client.value("cove:1") == nil)
        for _ in 0..<3 {
            let error = await failure { () throws(RedisError) in try await client.set("cove:1", to: "x", lifetime: .seconds(9)) }
            #expect(error == .refused(command: "SET", code: "NOPERM"))
            #expect(
                await failure { () throws(RedisError) in _ = try await client.get("other") } == .refused(command: "GET", code: "NOPERM"))
            #expect(try await client.value("cove:1") == nil)
        }
        #expect(log.lines.value.count == 2)
    }

    @Test("a key of another type is an error of that key alone")
    func otherType() async throws {
        let server = try await RedisServer()
        let client = try server.client()
        _ = try await client.send(RedisCommand("LPUSH", "list", "x"))
        #expect(await failure { () throws(RedisError) in _ = try await client.get("list") } == .refused(command: "GET", code: "WRONGTYPE"))
        try await client.ping()
        #expect(try await client.set("list", to: "x", lifetime: .seconds(60)))
    }

    @Test("of several servers the first that answers and is a master is used")
    func severalServers() async throws {
        let master = try await RedisServer()
        let replica = try await RedisServer(["--replicaof", "127.0.0.1 \(master.port)"])
        let closed = RedisAddress(host: "127.0.0.1", port: try RedisServer.freePort())
        let client = try master.client { $0.endpoint = .servers([closed, replica.address, master.address]) }
        try await client.set("key", to: "x", lifetime: .seconds(60))
        #expect(try await master.client().value("key") == "x")
    }

    @Test("an address where nothing listens is named")
    func nothingThere() async throws {
        let address = RedisAddress(host: "127.0.0.1", port: try RedisServer.freePort())
        let log = LogRecorder()
        let client = try RedisClient(RedisOptions(.servers([address])), logger: log.logger)
        guard case .unreachable(address, let reason) = await failure({ () throws(RedisError) in try await client.ping() }) else {
            Issue.record("it answered")
            return
        }
        #expect(reason.contains("refused"))
        #expect(await failure { () throws(RedisError) in try await client.ping() } == .outOfService)
        #expect(log.lines.value.count == 1)
    }
}

extension RedisClient {
    /// How many clients the server has, this one's connection among them.
    fileprivate func connectionCount() async throws(RedisError) -> Int {
        try await send(RedisCommand("CLIENT", "LIST", "TYPE", "normal")).text?.split(separator: "\n").count ?? 0
    }
}
