import Foundation
import Logging
import Synchronization

/// The challenges that are to be answered now. The authority asks whichever node its request reaches, so they are kept with
/// the certificates.
package final class ChallengeBoard: Sendable {
    /// Anybody may ask for a challenge, and each question reads the vault: so many at once, and no more.
    private static let mostLookups = 16

    private let hosts: Set<String>
    private let vault: any CertificateVault
    private let logger: Logger
    private let lookups = Mutex(0)

    init(hosts: [String], vault: any CertificateVault, logger: Logger) {
        self.hosts = Set(hosts)
        self.vault = vault
        self.logger = logger
    }

    /// The challenge of a host that is under way; nil without one.
    package func challenge(_ kind: PendingChallenge.Kind, for host: String) async -> PendingChallenge? {
        guard hosts.contains(host) else { return nil }
        let isAllowed = lookups.withLock { count in
            guard count < Self.mostLookups else { return false }
            count += 1
            return true
        }
        guard isAllowed else { return nil }
        defer { lookups.withLock { $0 -= 1 } }
        do throws(ACMEError) {
            let name = VaultEntry.challenge(host)
            guard let bytes = try await vault.load([name])[name],
                let challenge = try? JSONDecoder().decode(PendingChallenge.self, from: Data(bytes)),
                challenge.kind == kind, challenge.host == host
            else { return nil }
            logger.debug(
                "the authority asks for the answer to a challenge", metadata: ["host": "\(host)", "challenge": "\(kind.rawValue)"])
            return challenge
        } catch {
            logger.error("a challenge cannot be answered", metadata: ["host": "\(host)", "error": "\(error)"])
            return nil
        }
    }

    func present(_ challenge: PendingChallenge) async throws(ACMEError) {
        try await vault.save(Array(JSON.encoded(challenge)), as: VaultEntry.challenge(challenge.host))
    }

    func withdraw(_ host: String) async {
        // One that stays is of no use to anybody, and the next takes its place.
        try? await vault.remove(VaultEntry.challenge(host))
    }
}
