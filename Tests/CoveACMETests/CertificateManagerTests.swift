import CoveTelemetry
import Crypto
import Foundation
import Logging
import NIOPosix
import TestSupport
import Testing
import X509

@testable import CoveACME

@Suite("ACME: obtaining and renewing")
struct CertificateManagerTests {
    private static let host = "registry.example.org"
    private static let day = TimeInterval(86_400)

    private let directory: TemporaryDirectory
    private let vault: DirectoryVault
    private let time = Shared(Date(timeIntervalSince1970: 1_800_000_000))
    private let authority: TestAuthority

    init() throws {
        directory = try TemporaryDirectory()
        vault = try DirectoryVault(directory.file("vault"), threads: .singleton)
        let time = time
        authority = TestAuthority(vault) { time.value }
    }

    /// What a server that has just started has.
    private func manager(directoryURL: String = TestAuthority.directory, hosts: [String] = [host]) async throws -> CertificateManager {
        var options = CertificateManager.Options(hosts: hosts, directoryURL: directoryURL)
        options.email = "ops@example.org"
        let manager = CertificateManager(
            options, vault: vault, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, now: { [time] in time.value },
            makeTransport: { [authority] in authority })
        try await manager.prepare()
        return manager
    }

    private func pass(_ seconds: TimeInterval) { time.change { $0 += seconds } }

    @Test("the first start obtains a certificate, keeps it, and takes the challenge down")
    func first() async throws {
        let manager = try await manager()
        #expect(manager.certificate(for: Self.host) == nil)
        try await manager.work(by: authority)
        let bundle = try #require(manager.certificate(for: Self.host))
        #expect(bundle.covers(Self.host))
        #expect(manager.meters[Self.host]?.obtained.value == 1)
        #expect(
            directory.files(under: "vault").filter { !$0.hasPrefix(".") } == [
                "acme_account+key", "acme_account+state", Self.host, "\(Self.host)+state",
            ])
        #expect(authority.takeRequests().first == "/directory")
    }

    @Test("a certificate that is stored is used after a restart, and nobody is asked")
    func restart() async throws {
        try await manager().work(by: authority)
        _ = authority.takeRequests()
        let again = try await manager()
        #expect(again.certificate(for: Self.host) != nil)
        pass(3 * 3600)
        try await again.work(by: authority)
        // The directory, for whether it suggests times of renewal; no order.
        #expect(authority.takeRequests() == ["/directory"])
    }

    @Test("a certificate is renewed when a third of its life is left, by the account that there is")
    func renewal() async throws {
        let manager = try await manager()
        try await manager.work(by: authority)
        let first = try #require(manager.certificate(for: Self.host))
        pass(56 * Self.day)
        _ = authority.takeRequests()
        try await manager.work(by: authority)
        #expect(!authority.takeRequests().contains("/order"))
        pass(4 * Self.day)
        try await manager.work(by: authority)
        let requests = authority.takeRequests()
        #expect(requests.contains("/order") && !requests.contains("/account"))
        let second = try #require(manager.certificate(for: Self.host))
        #expect(second.notAfter > first.notAfter)
        #expect(second.pem != first.pem)
    }

    @Test("while renewal fails the old certificate serves, and attempts get rarer, also over restarts")
    func failures() async throws {
        try await manager().work(by: authority)
        let old = try #require(try await manager().certificate(for: Self.host))
        pass(61 * Self.day)
        authority.change { $0.validates = false }
        var attempts = 0
        for _ in 0..<(24 * 12) {
            let manager = try await manager()
            _ = authority.takeRequests()
            try await manager.work(by: authority)
            attempts += authority.takeRequests().filter { $0 == "/order" }.count
            #expect(manager.certificate(for: Self.host)?.pem == old.pem)
            pass(300)
        }
        // After 0, 15, 45, 105, 225, 465 and 945 minutes, a tenth more or less.
        #expect((6...8).contains(attempts))
        let report = try #require(try await manager().reports.first)
        #expect(report.failures == attempts)
        #expect(report.error?.contains("connection: no route to host") == true)
        #expect(report.error?.contains("Port 443 of \(Self.host) must lead to http.addr") == true)
        authority.change { $0.validates = true }
        pass(13 * 3600)
        let mended = try await manager()
        try await mended.work(by: authority)
        #expect(mended.certificate(for: Self.host)?.pem != old.pem)
        #expect(mended.reports.first?.error == nil)
    }

    @Test("SIGHUP tries again what somebody has mended")
    func urgent() async throws {
        authority.change { $0.validates = false }
        let manager = try await manager()
        try await manager.work(by: authority)
        authority.change { $0.validates = true }
        try await manager.work(by: authority)
        #expect(manager.certificate(for: Self.host) == nil)
        manager.retry()
        try await manager.work(by: authority)
        #expect(manager.certificate(for: Self.host) != nil)
    }

    @Test("an authority that was asked too often is left alone for as long as it says, SIGHUP or not")
    func limited() async throws {
        authority.change { $0.orderFailure = (429, "rateLimited", "7200") }
        let manager = try await manager()
        try await manager.work(by: authority)
        authority.change { $0.orderFailure = nil }
        _ = authority.takeRequests()
        for _ in 0..<3 {
            manager.retry()
            try await manager.work(by: authority)
            pass(2300)
        }
        #expect(authority.takeRequests() == [])
        pass(1800)
        try await manager.work(by: authority)
        #expect(manager.certificate(for: Self.host) != nil)
    }

    @Test("an authority that cannot be reached is tried again soon, and costs nothing else")
    func unreachable() async throws {
        authority.change { $0.isReachable = false }
        let manager = try await manager()
        try await manager.work(by: authority)
        #expect(manager.reports.first?.error == "no answer in time")
        authority.change { $0.isReachable = true }
        pass(67)
        try await manager.work(by: authority)
        #expect(manager.certificate(for: Self.host) != nil)
    }

    @Test("a process that dies in the middle of every attempt asks no more often than one whose attempts fail")
    func interrupted() async throws {
        let manager = try await manager()
        // As `obtain` leaves it when the process is killed before the end.
        var state = HostState(directory: TestAuthority.directory)
        state.failures = 1
        state.notBefore = Int(time.value.timeIntervalSince1970) + 900
        try await manager.hold(state, for: Self.host)
        let again = try await self.manager()
        try await again.work(by: authority)
        #expect(authority.takeRequests() == [])
        pass(901)
        try await again.work(by: authority)
        #expect(again.certificate(for: Self.host) != nil)
    }

    @Test("nonces that the authority does not take are replaced")
    func badNonces() async throws {
        authority.change { $0.badNonces = 5 }
        let manager = try await manager()
        try await manager.work(by: authority)
        #expect(manager.certificate(for: Self.host) != nil)
    }

    @Test("an authority that takes no nonce at all is not asked for ever")
    func noNonces() async throws {
        authority.change { $0.badNonces = .max }
        let manager = try await manager()
        try await manager.work(by: authority)
        #expect(manager.reports.first?.error?.contains("badNonce") == true)
        #expect(authority.takeRequests().count < 20)
    }

    @Test("an account that the authority has forgotten is made again")
    func forgottenAccount() async throws {
        let manager = try await manager()
        try await manager.work(by: authority)
        authority.forgetAccounts()
        pass(61 * Self.day)
        let old = manager.certificate(for: Self.host)?.pem
        try await manager.work(by: authority)
        #expect(manager.certificate(for: Self.host)?.pem != old)
    }

    @Test("with another directory, the certificate is obtained anew")
    func otherDirectory() async throws {
        try await manager().work(by: authority)
        // To the test's authority it is the same place; what counts is that the setting differs.
        var state = HostState(directory: "https://staging.example/directory")
        state.notBefore = Int(time.value.timeIntervalSince1970) + 3600
        let manager = try await manager()
        try await manager.hold(state, for: Self.host)
        let old = try #require(manager.certificate(for: Self.host))
        try await manager.work(by: authority)
        #expect(manager.certificate(for: Self.host)?.pem != old.pem)
    }

    @Test("an authority can ask for an earlier renewal, and is told which certificate is replaced")
    func suggestion() async throws {
        authority.change { $0.suggestion = ("2027-01-16T00:00:00Z", "2027-01-17T00:00:00Z") }
        let manager = try await manager()
        // 2027-01-15T08:00:00Z.
        try await manager.work(by: authority)
        try await manager.work(by: authority)
        let first = try #require(manager.certificate(for: Self.host))
        #expect(authority.takeRequests().contains("/renewal/aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE"))
        pass(12 * 3600)
        try await manager.work(by: authority)
        #expect(manager.certificate(for: Self.host)?.pem == first.pem)
        pass(29 * 3600)
        try await manager.work(by: authority)
        #expect(manager.certificate(for: Self.host)?.pem != first.pem)
        #expect(authority.replaced == [nil, "aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE"])
    }

    @Test("a certificate for another host than the one that was ordered is not used")
    func wrongName() async throws {
        authority.change { $0.wrongNames = ["other.example.org"] }
        let manager = try await manager()
        try await manager.work(by: authority)
        #expect(manager.certificate(for: Self.host) == nil)
        #expect(manager.reports.first?.error?.contains("is not for \(Self.host)") == true)
    }

    @Test("a certificate that has ended when it is issued, by a clock that is wrong, is not ordered again and again")
    func wrongClock() async throws {
        authority.change { $0.lifetime = -60 }
        let manager = try await manager()
        for _ in 0..<5 { try await manager.work(by: authority) }
        #expect(authority.takeRequests().filter { $0 == "/order" }.count == 1)
    }

    @Test("each host has a certificate, and whoever asks for another name gets the first one's")
    func hosts() async throws {
        let manager = try await manager(hosts: ["a.example", "b.example"])
        try await manager.work(by: authority)
        #expect(manager.certificate(for: "b.example")?.names == ["b.example"])
        #expect(manager.certificate(for: "A.Example")?.names == ["a.example"])
        #expect(manager.certificate(for: "c.example")?.names == ["a.example"])
        #expect(manager.certificate(for: nil)?.names == ["a.example"])
    }

    @Test("what registry:2 has obtained is used as it is")
    func registry2() async throws {
        let key = try P256.Signing.PrivateKey(pemRepresentation: SigningTests.pem)
        let chain = try authority.certificate(for: [Self.host], key: .init(key.publicKey), lifetime: 90 * Self.day)
        try directory.write("\(SigningTests.pem)\n\(chain)", to: "vault/\(Self.host)")
        try directory.write(SigningTests.pem, to: "vault/acme_account+key")
        let manager = try await manager()
        #expect(manager.certificate(for: Self.host)?.covers(Self.host) == true)
        try await manager.work(by: authority)
        #expect(!authority.takeRequests().contains("/order"))
    }

    @Test("a certificate with another key, or garbage, is not used, and another is obtained", arguments: [true, false])
    func spoilt(isGarbage: Bool) async throws {
        let chain = try authority.certificate(
            for: [Self.host], key: .init(P256.Signing.PrivateKey().publicKey), lifetime: 90 * Self.day)
        try directory.write(isGarbage ? "garbage" : "\(SigningTests.pem)\n\(chain)", to: "vault/\(Self.host)")
        let manager = try await manager()
        #expect(manager.certificate(for: Self.host) == nil)
        try await manager.work(by: authority)
        #expect(manager.certificate(for: Self.host) != nil)
        _ = authority.takeRequests()
        pass(2 * 3600)
        try await manager.work(by: authority)
        #expect(!authority.takeRequests().contains("/order"))
    }

    @Test("of two nodes one obtains, and the other finds it")
    func twoNodes() async throws {
        let nodes = (try await manager(), try await manager())
        async let first: Void = nodes.0.work(by: authority)
        async let second: Void = nodes.1.work(by: authority)
        _ = try await (first, second)
        try await nodes.0.work(by: authority)
        try await nodes.1.work(by: authority)
        #expect(authority.takeRequests().filter { $0 == "/order" }.count == 1)
        let pem = try #require(nodes.0.certificate(for: Self.host)?.pem)
        #expect(nodes.1.certificate(for: Self.host)?.pem == pem)
    }

    @Test("nothing is ordered before the address that challenges come to is open")
    func beforeListening() async throws {
        let manager = try await manager()
        let running = Task { try await manager.run() }
        try await Task.sleep(for: .milliseconds(100))
        #expect(authority.takeRequests() == [])
        manager.addressIsOpen()
        for _ in 0..<200 where manager.certificate(for: Self.host) == nil { try await Task.sleep(for: .milliseconds(25)) }
        #expect(manager.certificate(for: Self.host) != nil)
        running.cancel()
        try await running.value
    }
}
