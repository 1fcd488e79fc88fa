import CoveOCI
import CoveRegistry
import Foundation
import HTTPTypes
import HummingbirdCore
import NIOCore
import NIOPosix
import ServiceLifecycleTestKit
import TestSupport
import Testing

@testable import CoveConfiguration
@testable import CoveServer

@Suite("Health checks")
struct HealthCheckTests {
    private static func check(_ answer: Shared<String?>, threshold: Int = 2, name: String = "one") -> HealthCheck {
        HealthCheck(name: name, interval: .milliseconds(5), threshold: threshold, isImmediate: true) { answer.value }
    }

    @Test("a check fails when it has failed as often as its threshold says, and is well at once")
    func threshold() async {
        let answer = Shared<String?>("broken")
        let check = Self.check(answer)
        let checks = HealthChecks([check], logger: Requests.logger)
        await checks.look(at: check)
        #expect(!checks.isOutOfService && checks.failures.isEmpty)
        for _ in 0..<3 {
            await checks.look(at: check)
            #expect(checks.isOutOfService)
            #expect(checks.failures == ["one": "broken"])
        }
        answer.change { $0 = nil }
        await checks.look(at: check)
        #expect(!checks.isOutOfService && checks.failures.isEmpty)
    }

    @Test("the node is out of service while any of its checks fails")
    func several() async {
        let (first, second) = (Shared<String?>("a"), Shared<String?>("b"))
        let both = [Self.check(first, threshold: 1), Self.check(second, threshold: 1, name: "two")]
        let checks = HealthChecks(both, logger: Requests.logger)
        for check in both { await checks.look(at: check) }
        #expect(checks.failures == ["one": "a", "two": "b"])
        first.change { $0 = nil }
        await checks.look(at: both[0])
        #expect(checks.isOutOfService)
        second.change { $0 = nil }
        await checks.look(at: both[1])
        #expect(!checks.isOutOfService)
    }

    @Test("checks are looked at by themselves, until the shutdown")
    func running() async throws {
        let answer = Shared<String?>("broken")
        let checks = HealthChecks([Self.check(answer)], logger: Requests.logger)
        try await testGracefulShutdown { trigger in
            async let run: Void = checks.run()
            while !checks.isOutOfService { try await Task.sleep(for: .milliseconds(2)) }
            answer.change { $0 = nil }
            while checks.isOutOfService { try await Task.sleep(for: .milliseconds(2)) }
            trigger.triggerGracefulShutdown()
            try await run
        }
    }

    @Test("a file that exists is a failure")
    func file() async throws {
        let directory = try TemporaryDirectory()
        let check = HealthCheck.file(.init(file: directory.file("disable"), rhythm: .init()))
        #expect(await check.look() == nil)
        _ = try directory.write("", to: "disable")
        #expect(await check.look() == "file exists")
    }

    @Test("an address that takes connections is well, and one that does not is not")
    func tcp() async throws {
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton).bind(host: "127.0.0.1", port: 0).get()
        let addr = "127.0.0.1:\(server.localAddress?.port ?? 0)"
        let check = HealthCheck.tcp(.init(addr: addr, timeout: .seconds(2), rhythm: .init()))
        #expect(await check.look() == nil)
        try await server.close()
        #expect(await check.look()?.hasPrefix("no connection: ") == true)
    }

    @Test("while a check fails the API is refused and / and /readyz turn, and the node is still alive")
    func outOfService() async throws {
        let check = Self.check(Shared("broken"), threshold: 1)
        let checks = HealthChecks([check], logger: Requests.logger)
        let readiness = Readiness(registry: try await Requests.registry(), options: .init(), checks: checks, logger: Requests.logger)
        let health = HealthResponder(readiness: readiness)
        func status(_ path: String) async -> Int? {
            do throws(OCIFailure) {
                return try await health.respond(Requests.exchange(.get, path), path: path[...])?.status.code
            } catch {
                return error.status.code
            }
        }
        #expect(throws: Never.self) { try health.refuseOutOfService() }
        #expect(await status("/") == 200)
        await checks.look(at: check)
        do throws(OCIFailure) {
            try health.refuseOutOfService()
            Issue.record("the API is not refused")
        } catch {
            #expect(error.status == .serviceUnavailable && error.code == .unavailable)
            #expect(!error.message.contains("broken"))
        }
        #expect(await status("/") == 503)
        #expect(await status("/readyz") == 503)
        #expect(await status("/healthz") == 200)
        #expect(readiness.failures == ["one": "broken"])
    }
}
