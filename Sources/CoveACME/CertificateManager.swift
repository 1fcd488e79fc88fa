import CoveOutbound
import CoveTelemetry
import Foundation
import Logging
import ServiceLifecycle
import Synchronization

/// Obtains a certificate for each host from an ACME server and renews it in time, while the one before goes on serving. Of
/// nodes that share a vault one does so, and the others find what it obtained.
package final class CertificateManager: Service {
    package struct Options: Sendable {
        package var hosts: [String]
        package var directoryURL: String
        package var email: String?
        /// A PEM file of further authorities for the directory itself.
        package var authorities: String?
        package var challenge = PendingChallenge.Kind.tlsALPN01
        package var externalAccount: ExternalAccount?
        package var userAgent = "cove"
        /// Which proxy the directory is reached through.
        package var proxies = OutboundProxies.none

        package init(hosts: [String], directoryURL: String) {
            self.hosts = hosts
            self.directoryURL = directoryURL
        }
    }

    /// What is counted of a host.
    package struct Meter: Sendable {
        package let obtained = Counter()
        package let failed = Counter()
    }

    struct Held: Sendable {
        var bundle: CertificateBundle?
        var state: HostState
        /// Whether a certificate that cannot be used has been complained of.
        var isSpoilt = false
    }

    package let board: ChallengeBoard
    package let meters: [String: Meter]
    let options: Options
    let vault: any CertificateVault
    let logger: Logger
    let now: @Sendable () -> Date
    private let makeTransport: @Sendable () -> any ACMETransport
    private let held: Mutex<[String: Held]>
    private let isUrgent = Mutex(false)
    private let listening = AsyncStream<Never>.makeStream()

    package convenience init(_ options: Options, vault: any CertificateVault, logger: Logger) {
        self.init(options, vault: vault, logger: logger, now: { Date() }) {
            HTTPSTransport(userAgent: options.userAgent, authorities: options.authorities, proxies: options.proxies)
        }
    }

    init(
        _ options: Options, vault: any CertificateVault, logger: Logger, now: @escaping @Sendable () -> Date,
        makeTransport: @escaping @Sendable () -> any ACMETransport
    ) {
        self.options = options
        self.vault = vault
        self.logger = logger
        self.now = now
        self.makeTransport = makeTransport
        board = ChallengeBoard(hosts: options.hosts, vault: vault, logger: logger)
        meters = Dictionary(uniqueKeysWithValues: options.hosts.map { ($0, Meter()) })
        held = Mutex(
            Dictionary(uniqueKeysWithValues: options.hosts.map { ($0, Held(state: HostState(directory: options.directoryURL))) }))
    }

    // MARK: - What others ask

    /// What is shown to a client that asks for this name; the first host's for any other name, and for none.
    ///
    /// - Returns: nil while there is none.
    package func certificate(for name: String?) -> CertificateBundle? {
        held.withLock { held in
            if let name, let found = held[name.lowercased()] { return found.bundle }
            return held[options.hosts[0]]?.bundle
        }
    }

    /// When the certificate that ends first does so; nil without any.
    package var expiry: Date? { held.withLock { $0.values.compactMap(\.bundle?.notAfter).min() } }

    package func expiry(of host: String) -> Date? { held.withLock { $0[host]?.bundle?.notAfter } }

    package var reports: [HostReport] {
        let held = held.withLock { $0 }
        return options.hosts.compactMap { host in
            guard let found = held[host] else { return nil }
            return HostReport(
                host: host, expires: found.bundle?.notAfter.formatted(.iso8601),
                renewal: found.bundle.map { RenewalSchedule.renewal(of: $0, suggested: found.state.suggestion).formatted(.iso8601) },
                failures: found.state.failures, error: found.state.reason,
                nextAttempt: found.state.failures > 0 ? found.state.earliest.formatted(.iso8601) : nil)
        }
    }

    /// The address that challenges come to is open. Nothing is ordered before.
    package func addressIsOpen() { listening.continuation.finish() }

    /// Tries again at once what has failed, unless it is the authority that wants to be left alone.
    package func retry() { isUrgent.withLock { $0 = true } }

    // MARK: - Its life

    /// Reads what has been obtained before.
    ///
    /// - Throws: ``ACMEError`` when the vault cannot be read.
    package func prepare() async throws(ACMEError) {
        for host in options.hosts { try await look(at: host) }
    }

    package func run() async throws {
        await cancelWhenGracefulShutdown {
            for await _ in self.listening.stream {}
            let transport = self.makeTransport()
            var isFailing = false
            while !Task.isCancelled {
                do {
                    try await self.work(by: transport)
                    isFailing = false
                } catch {
                    if !isFailing, !Task.isCancelled {
                        self.logger.error("certificates cannot be looked after for now", metadata: ["error": "\(error)"])
                    }
                    isFailing = true
                }
                try? await Task.sleep(for: self.vault.interval)
            }
            await transport.close()
        }
    }

    /// Reads what others have obtained, and does what is due.
    func work(by transport: any ACMETransport) async throws {
        let isUrgent = isUrgent.withLock { flag in
            defer { flag = false }
            return flag
        }
        for host in options.hosts { try await look(at: host) }
        guard options.hosts.contains(where: { isDue($0, isUrgent) || asksForSuggestion($0) }) else { return }
        try await vault.exclusively {
            let authority = Authority(manager: self, transport: transport)
            for host in self.options.hosts {
                // Perhaps done by another node while this one waited.
                try await self.look(at: host)
                if self.asksForSuggestion(host) { try await authority.askForSuggestion(host) }
                if self.isDue(host, isUrgent) { try await authority.obtain(host) }
            }
        }
    }

    func held(_ host: String) -> Held {
        held.withLock { $0[host] ?? Held(state: HostState(directory: options.directoryURL)) }
    }

    func hold(_ bundle: CertificateBundle, for host: String) {
        held.withLock {
            $0[host]?.bundle = bundle
            $0[host]?.isSpoilt = false
        }
    }

    /// Keeps it in the vault as well.
    func hold(_ state: HostState, for host: String) async throws(ACMEError) {
        try await vault.save(Array(JSON.encoded(state)), as: VaultEntry.state(host))
        held.withLock { $0[host]?.state = state }
    }

    private func look(at host: String) async throws(ACMEError) {
        let names = (certificate: VaultEntry.certificate(host), state: VaultEntry.state(host))
        let entries = try await vault.load([names.certificate, names.state])
        let state = entries[names.state].flatMap { try? JSONDecoder().decode(HostState.self, from: Data($0)) }
        let before = held(host)
        held.withLock { $0[host]?.state = state ?? HostState(directory: options.directoryURL) }
        guard let bytes = entries[names.certificate], bytes != before.bundle?.pem else { return }
        do throws(ACMEError) {
            let bundle = try CertificateBundle(pem: bytes)
            guard bundle.covers(host) else { throw ACMEError(.storage, "it is for other hosts") }
            hold(bundle, for: host)
            logger.info("read a certificate", metadata: ["host": "\(host)", "until": "\(bundle.notAfter.formatted(.iso8601))"])
        } catch {
            // The one before goes on serving, and without one another is obtained.
            if !before.isSpoilt {
                logger.error("the stored certificate cannot be used", metadata: ["host": "\(host)", "error": "\(error)"])
            }
            held.withLock { $0[host]?.isSpoilt = true }
        }
    }

    /// Whether the host needs an order now.
    private func isDue(_ host: String, _ isUrgent: Bool) -> Bool {
        let held = held(host)
        let now = now()
        // What another authority gave, or refused, says nothing of this one.
        guard held.state.directory == options.directoryURL else { return true }
        let mayTry = held.state.mayTry(now) || (isUrgent && held.state.failures > 0 && !held.state.isLimited)
        guard let bundle = held.bundle, !held.isSpoilt else { return mayTry }
        return mayTry && RenewalSchedule.renewal(of: bundle, suggested: held.state.suggestion) <= now
    }

    /// Whether the authority is to be asked when it wants the certificate renewed.
    private func asksForSuggestion(_ host: String) -> Bool {
        let held = held(host)
        guard held.bundle?.renewalID != nil, held.state.directory == options.directoryURL, held.state.failures == 0 else { return false }
        return Date(timeIntervalSince1970: Double(held.state.askAgain ?? 0)) <= now()
    }
}

extension HostState {
    /// Before which no order may be.
    var earliest: Date { Date(timeIntervalSince1970: Double(notBefore)) }

    /// No wait is longer than 30 hours: one that is was written by a clock that was ahead.
    func mayTry(_ now: Date) -> Bool { earliest <= now || earliest > now.addingTimeInterval(30 * 3600) }

    var suggestion: Date? { suggested.map { Date(timeIntervalSince1970: Double($0)) } }
}
