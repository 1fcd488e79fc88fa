import TestSupport
import Testing

@testable import CoveRedis

@Suite("RedisClient: outages", .needsRedis, .timeLimit(.minutes(2)))
struct RedisOutageTests {
    @Test("a Redis that was killed is used again once it is back; the log has a line each")
    func killed() async throws {
        let server = try await RedisServer()
        let log = LogRecorder()
        let client = try server.client(log)
        try await client.set("key", to: "x", lifetime: .seconds(60))
        await server.kill()
        for _ in 0..<200 { #expect(await !client.answers()) }
        try await server.start()
        #expect(try await eventually { await client.answers() })
        #expect(try await client.value("key") == nil)
        #expect(log.lines.value.count == 2)
        #expect(log.lines.value.first?.hasPrefix("warning Redis fails; going on without it 127.0.0.1:\(server.port) ") == true)
        #expect(log.lines.value.last == "info Redis answers again ")
    }

    @Test("a Redis that was restarted between two commands is not an outage")
    func restarted() async throws {
        let server = try await RedisServer()
        let log = LogRecorder()
        let client = try server.client(log)
        for _ in 0..<3 {
            try await client.ping()
            await server.kill()
            try await server.start()
            try await client.ping()
        }
        #expect(log.lines.value == [])
    }

    @Test("a stalled Redis costs those who are waiting one timeout, and the others nothing")
    func stalled() async throws {
        let server = try await RedisServer()
        let log = LogRecorder()
        let client = try server.client(log) { options in
            options.readTimeout = .milliseconds(300)
            options.writeTimeout = .milliseconds(300)
        }
        try await client.set("key", to: "x", lifetime: .seconds(60))
        server.stall()
        defer { server.resume() }
        let clock = ContinuousClock()
        let first = await clock.measure {
            await withTaskGroup(of: Void.self) { group in
                for _ in 0..<100 {
                    group.addTask {
                        #expect(await !client.answers())
                    }
                }
            }
        }
        #expect(first >= .milliseconds(550) && first < .seconds(4))
        // In three seconds there are trials after 100, 200, 400, … ms of 600 ms each, and one at a time.
        let trials = Shared(0)
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<10 {
                group.addTask {
                    let end = clock.now + .seconds(3)
                    while clock.now < end {
                        let took = await clock.measure { #expect(await !client.answers()) }
                        if took > .milliseconds(400) { trials.change { $0 += 1 } }
                        try? await Task.sleep(for: .milliseconds(5))
                    }
                }
            }
        }
        #expect((1...5).contains(trials.value))
        server.resume()
        #expect(try await eventually { await client.answers() })
        #expect(try await client.value("key") == "x")
        #expect(log.lines.value.count == 2)
    }

    @Test("one connection that is killed does not fail a command")
    func killedConnection() async throws {
        let server = try await RedisServer()
        let log = LogRecorder()
        let (client, other) = (try server.client(log), try server.client())
        for _ in 0..<20 {
            try await client.ping()
            _ = try await other.send(RedisCommand("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"))
            try await client.ping()
        }
        #expect(log.lines.value == [])
    }

    @Test("a closed client connects anew when it is asked again")
    func closed() async throws {
        let server = try await RedisServer()
        let client = try server.client()
        try await client.ping()
        client.close()
        try await client.ping()
    }
}
