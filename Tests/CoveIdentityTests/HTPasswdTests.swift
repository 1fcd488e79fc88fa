import Dispatch
import Foundation
import Logging
import NIOPosix
import TestSupport
import Testing

@testable import CoveIdentity

@Suite("HTPasswd")
struct HTPasswdTests {
    private let directory: TemporaryDirectory
    private let time = Shared(ContinuousClock.now)

    init() throws {
        directory = try TemporaryDirectory()
        try write(["ann": "one", "bob": "two"])
    }

    private func write(_ users: [String: String]) throws {
        let lines = try users.map { try HTPasswd.line(user: $0.key, password: $0.value, cost: 4) }
        try directory.write(lines.joined(separator: "\n"), to: "pw")
    }

    private func open(
        threads: NIOThreadPool = .singleton, concurrent: Int = 2, waiting: Int = 128
    ) throws(HTPasswdError) -> HTPasswd {
        try HTPasswd(
            path: directory.file("pw"), threadPool: threads, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            concurrent: concurrent, waiting: waiting, now: { [time] in time.value })
    }

    private func pass(_ duration: Duration) {
        time.change { $0 += duration }
    }

    @Test("a user is accepted with the right password only")
    func verdicts() async throws {
        let passwords = try open()
        #expect(await passwords.verdict(user: "ann", password: "one") == .accepted)
        #expect(await passwords.verdict(user: "bob", password: "two") == .accepted)
        for (user, password) in [("ann", "two"), ("ann", ""), ("ANN", "one"), ("eve", "one"), ("", ""), ("ann\u{0}", "one")] {
            #expect(await passwords.verdict(user: user, password: password) == .rejected)
        }
    }

    @Test("a verified login is known without bcrypt, a rejected one is not remembered")
    func cached() async throws {
        let passwords = try open()
        #expect(passwords.cachedVerdict(user: "ann", password: "one") == nil)
        _ = await passwords.verdict(user: "ann", password: "one")
        _ = await passwords.verdict(user: "ann", password: "wrong")
        #expect(passwords.cachedVerdict(user: "ann", password: "one") == true)
        #expect(passwords.cachedVerdict(user: "ann", password: "wrong") == nil)
        #expect(passwords.cachedVerdict(user: "bob", password: "two") == nil)
    }

    @Test("a verified login is known for ten minutes", arguments: [(599, true), (600, false)])
    func expiry(seconds: Int, isKnown: Bool) async throws {
        let passwords = try open()
        _ = await passwords.verdict(user: "ann", password: "one")
        pass(.seconds(seconds))
        // Nothing is said while the file is due to be looked at; somebody else's login has it looked at.
        #expect(passwords.cachedVerdict(user: "ann", password: "one") == nil)
        _ = await passwords.verdict(user: "bob", password: "two")
        #expect(passwords.cachedVerdict(user: "ann", password: "one") == (isKnown ? true : nil))
        #expect(await passwords.verdict(user: "ann", password: "one") == .accepted)
    }

    @Test("a changed file counts from the next second on, also for logins that were known")
    func reload() async throws {
        let passwords = try open()
        _ = await passwords.verdict(user: "ann", password: "one")
        try write(["ann": "changed", "eve": "new"])
        pass(.milliseconds(999))
        #expect(passwords.cachedVerdict(user: "ann", password: "one") == true)
        #expect(await passwords.verdict(user: "eve", password: "new") == .rejected)
        pass(.milliseconds(1))
        #expect(passwords.cachedVerdict(user: "ann", password: "one") == nil)
        #expect(await passwords.verdict(user: "eve", password: "new") == .accepted)
        #expect(await passwords.verdict(user: "ann", password: "one") == .rejected)
        #expect(await passwords.verdict(user: "ann", password: "changed") == .accepted)
        #expect(await passwords.verdict(user: "bob", password: "two") == .rejected)
    }

    @Test("a change that cannot be used leaves the old users in, until the file is right again")
    func brokenChange() async throws {
        let passwords = try open()
        try directory.write("ann:plain text", to: "pw")
        pass(.seconds(1))
        #expect(await passwords.verdict(user: "ann", password: "one") == .accepted)
        try FileManager.default.removeItem(atPath: directory.file("pw"))
        pass(.seconds(1))
        #expect(await passwords.verdict(user: "bob", password: "two") == .accepted)
        try write(["eve": "new"])
        pass(.seconds(1))
        #expect(await passwords.verdict(user: "eve", password: "new") == .accepted)
        #expect(await passwords.verdict(user: "ann", password: "one") == .rejected)
    }

    @Test("a file that cannot be used is refused at the start, naming the line")
    func badStart() throws {
        let path = try directory.write("ann:{SHA}x", to: "pw")
        #expect {
            try open()
        } throws: { error in
            "\(error)" == "\(path), line 1: the password of 'ann' is not a bcrypt hash; make the line with cove htpasswd"
        }
    }

    @Test("of two logins for one place, the one that finds it taken is told of the overload")
    func overload() async throws {
        let (threads, release) = Self.heldThreads()
        let passwords = try open(threads: threads, concurrent: 1, waiting: 0)
        let verdicts = await withTaskGroup(of: HTPasswd.Verdict.self) { group in
            group.addTask { await passwords.verdict(user: "ann", password: "one") }
            group.addTask { await passwords.verdict(user: "bob", password: "two") }
            let first = await group.next()
            release.signal()
            return [first, await group.next()]
        }
        #expect(verdicts == [.overloaded, .accepted])
        try await threads.shutdownGracefully()
    }

    @Test("equal logins at one time share one bcrypt")
    func sharedFlight() async throws {
        let (threads, release) = Self.heldThreads()
        // One place and no waiting: a second bcrypt would be an overload.
        let passwords = try open(threads: threads, concurrent: 1, waiting: 0)
        let started = Shared(0)
        let verdicts = await withTaskGroup(of: HTPasswd.Verdict.self) { group in
            for _ in 0..<50 {
                group.addTask {
                    let count = started.change { $0 += 1 }
                    if count == 50 { release.signal() }
                    return await passwords.verdict(user: "ann", password: "one")
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(verdicts == Array(repeating: .accepted, count: 50))
        try await threads.shutdownGracefully()
    }

    /// A pool of one thread, which is busy until the semaphore is signalled.
    private static func heldThreads() -> (NIOThreadPool, DispatchSemaphore) {
        let threads = NIOThreadPool(numberOfThreads: 1)
        threads.start()
        let release = DispatchSemaphore(value: 0)
        threads.submit { _ in release.wait() }
        return (threads, release)
    }
}
