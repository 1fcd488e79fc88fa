import CoveTelemetry
import Crypto
import Foundation
import Logging

/// One node's conversation with the authority, while it has the turn.
final class Authority {
    /// How often the authority is asked for a suggestion, when it does not say (RFC 9773 section 4.3.3), and at most.
    private static let usualQuestion = Duration.seconds(6 * 3600)
    private static let soonestQuestion = Duration.seconds(60)

    private let manager: CertificateManager
    private let transport: any ACMETransport
    private var client: ACMEClient?

    init(manager: CertificateManager, transport: any ACMETransport) {
        self.manager = manager
        self.transport = transport
    }

    private var options: CertificateManager.Options { manager.options }

    /// Obtains a certificate and keeps it; or says what went wrong, and when it is tried again.
    ///
    /// - Throws: when what is to be remembered cannot be kept, or the task is cancelled.
    func obtain(_ host: String) async throws {
        let before = manager.held(host)
        var state = before.state
        if state.directory != options.directoryURL { state = HostState(directory: options.directoryURL) }
        let unbegun = state
        // Before the first request: should the process die in the middle, again and again, it must not ask again and again.
        let crash = ACMEError(.refused, "an attempt was interrupted")
        state.failures += 1
        state.reason = crash.description
        state.notBefore = at(RenewalSchedule.wait(after: crash, failures: state.failures, random: .random(in: 0...1)))
        try await manager.hold(state, for: host)
        do {
            // What another authority gave, this one does not know.
            let isSame = before.state.directory == options.directoryURL
            let bundle = try await order(host, replacing: isSame ? before.bundle : nil)
            try await manager.vault.save(bundle.pem, as: VaultEntry.certificate(host))
            manager.hold(bundle, for: host)
            var done = HostState(directory: options.directoryURL)
            done.notBefore = at(RenewalSchedule.rest(after: bundle))
            try await manager.hold(done, for: host)
            manager.meters[host]?.obtained.add()
            manager.logger.notice(
                "obtained a certificate",
                metadata: [
                    "host": "\(host)", "until": "\(bundle.notAfter.formatted(.iso8601))",
                    "renewal": "\(RenewalSchedule.renewal(of: bundle, suggested: nil).formatted(.iso8601))",
                ])
        } catch  where Task.isCancelled {
            // Not the authority's fault, nor anybody's. The task's end must not keep it from being written.
            await Task { [manager] in try? await manager.hold(unbegun, for: host) }.value
            throw error
        } catch {
            let failure = (error as? ACMEError) ?? ACMEError(.storage, "\(error)")
            let wait = RenewalSchedule.wait(after: failure, failures: state.failures, random: .random(in: 0...1))
            state.notBefore = at(wait)
            state.isLimited = failure.kind == .rateLimited
            state.reason = failure.description
            manager.meters[host]?.failed.add()
            try await manager.hold(state, for: host)
            report(failure, host, before.bundle, next: state.earliest)
        }
    }

    /// Asks when the authority wants the certificate to be renewed (RFC 9773): an authority that has to revoke many lets
    /// servers know so. Without an answer, the usual time holds.
    func askForSuggestion(_ host: String) async throws {
        let held = manager.held(host)
        guard let bundle = held.bundle, let id = bundle.renewalID else { return }
        var state = held.state
        var next = Self.usualQuestion
        do throws(ACMEError) {
            guard let base = try await client().directory().renewalInfo else {
                state.suggested = nil
                state.askAgain = at(Self.usualQuestion)
                return try await manager.hold(state, for: host)
            }
            let answer = try await client().open("\(base)\(base.hasSuffix("/") ? "" : "/")\(id)")
            if let retry = answer.retryAfter { next = max(Self.soonestQuestion, retry) }
            if answer.status == 200 {
                let window = try ACMEClient.decode(RenewalInfo.self, answer, "the suggested time of renewal").suggestedWindow
                // The same moment at each question.
                let moment = RenewalSchedule.moment(in: window, random: bundle.fraction)
                state.suggested = moment.map { Int($0.timeIntervalSince1970) }
            }
        } catch {
            manager.logger.info(
                "the authority does not say when to renew, so the usual time holds", metadata: ["host": "\(host)", "error": "\(error)"])
        }
        state.askAgain = at(Double(next.components.seconds))
        try await manager.hold(state, for: host)
    }

    private func order(_ host: String, replacing old: CertificateBundle?) async throws -> CertificateBundle {
        let client = try await client()
        do {
            return try await order(host, replacing: old, by: client)
        } catch let error as ACMEError where error.type == "accountDoesNotExist" {
            // The authority has forgotten it, as those for tests do.
            try await register(client)
            return try await order(host, replacing: old, by: client)
        }
    }

    private func order(_ host: String, replacing old: CertificateBundle?, by client: ACMEClient) async throws -> CertificateBundle {
        if await client.account == nil { try await register(client) }
        let key = P256.Signing.PrivateKey()
        let request = try SigningRequest.der(for: host, key: key)
        let board = manager.board
        let chain: String
        do {
            chain = try await client.order(host, by: options.challenge, request: request, replaces: old?.renewalID) {
                try await board.present($0)
            }
        } catch {
            await board.withdraw(host)
            throw error
        }
        await board.withdraw(host)
        let bundle: CertificateBundle
        do throws(ACMEError) {
            bundle = try CertificateBundle(key: key, chain: chain)
        } catch {
            throw ACMEError(.invalidAnswer, "the certificate that was issued cannot be used: \(error)")
        }
        guard bundle.covers(host) else { throw ACMEError(.invalidAnswer, "the certificate that was issued is not for \(host)") }
        return bundle
    }

    // MARK: - The account

    private func client() async throws(ACMEError) -> ACMEClient {
        if let client { return client }
        let entries = try await manager.vault.load([VaultEntry.accountKey, VaultEntry.account])
        let key: AccountKey
        if let bytes = entries[VaultEntry.accountKey] {
            do {
                key = try AccountKey(pem: String(decoding: bytes, as: UTF8.self))
            } catch {
                throw ACMEError(.storage, "'\(VaultEntry.accountKey)' is not a P-256 key in PEM: \(error); remove it for a new account")
            }
        } else {
            key = AccountKey()
            try await manager.vault.save(Array(key.pem.utf8), as: VaultEntry.accountKey)
        }
        let state = entries[VaultEntry.account].flatMap { try? JSONDecoder().decode(AccountState.self, from: Data($0)) }
        let isSame = state.map { $0 == accountState(key, url: $0.url) } ?? false
        let client = ACMEClient(
            transport: transport, directoryURL: options.directoryURL, key: key, account: isSame ? state?.url : nil)
        self.client = client
        return client
    }

    private func register(_ client: ACMEClient) async throws(ACMEError) {
        let url = try await client.register(email: options.email, binding: options.externalAccount)
        try await manager.vault.save(Array(JSON.encoded(accountState(client.key, url: url))), as: VaultEntry.account)
        let terms = try await client.directory().meta?.termsOfService
        manager.logger.notice(
            "registered with the ACME server, whose terms of service http.tls.letsencrypt accepts",
            metadata: ["account": "\(url)", "terms": "\(terms ?? "none")"])
    }

    private func accountState(_ key: AccountKey, url: String) -> AccountState {
        AccountState(directory: options.directoryURL, thumbprint: key.thumbprint, email: options.email, url: url)
    }

    // MARK: - Words

    private func report(_ failure: ACMEError, _ host: String, _ bundle: CertificateBundle?, next: Date) {
        let state =
            switch bundle?.notAfter {
            case nil: "there is none, so the host is not served"
            case let end? where end <= manager.now(): "the one before ended at \(end.formatted(.iso8601)), so clients refuse it"
            case let end?: "the one before serves until \(end.formatted(.iso8601))"
            }
        manager.logger.error(
            "no certificate was obtained",
            metadata: [
                "host": "\(host)", "error": "\(failure)", "certificate": "\(state)",
                "next_attempt": "\(next.formatted(.iso8601))\(failure.kind == .rateLimited ? "" : ", or at once with SIGHUP")",
            ])
    }

    private func at(_ seconds: Double) -> Int { Int((manager.now().timeIntervalSince1970 + seconds).rounded(.up)) }

    private func at(_ duration: Duration) -> Int { at(Double(duration.components.seconds)) }
}
