import CoveMetadata
import Crypto
import Foundation
import Logging
import Synchronization

/// Logs people in whom a directory knows, when `auth_mode` says so.
package final class LDAPLogin: LoginDirectory {
    private struct Known {
        let accountID: Int64
        let options: LDAPOptions
        let end: ContinuousClock.Instant
    }

    /// How long a verified password is not asked about again: a client that pulls ten layers logs in ten times.
    private static let memory = Duration.seconds(15)
    private static let capacity = 10_000

    package let directory: LDAPDirectory
    private let settings: Settings
    private let accounts: Accounts
    private let logger: Logger
    private let secret = SymmetricKey(size: .bits256)
    private let known = Mutex<[Data: Known]>([:])

    /// - Parameter accounts: those whom people are added to.
    package init(_ directory: LDAPDirectory, settings: Settings, accounts: Accounts, logger: Logger) {
        self.directory = directory
        self.settings = settings
        self.accounts = accounts
        self.logger = logger
    }

    package func account(_ user: String, password: String) async throws -> Int64? {
        guard settings.string(.authMode) == "ldap_auth", !password.isEmpty else { return nil }
        let options = try LDAPOptions(settings)
        let key = VerdictCache.key(user: user, password: password, secret: secret)
        let now = ContinuousClock.now
        if let key, let found = known.withLock({ $0[key] }), found.options == options, now < found.end { return found.accountID }
        guard let person = try await directory.authenticate(user, password: password, options) else { return nil }
        do {
            guard let id = try await principal(person, options)?.accountID else { return nil }
            if let key {
                known.withLock { known in
                    if known.count >= Self.capacity { known = [:] }
                    known[key] = Known(accountID: id, options: options, end: now + Self.memory)
                }
            }
            return id
        } catch let refusal as OnboardingRefusal {
            logger.warning("somebody whom LDAP knows was not let in", metadata: ["dn": "\(person.dn)", "reason": "\(refusal)"])
            return nil
        }
    }

    /// Adds somebody who has not logged in yet.
    ///
    /// - Returns: nil for a person whom the directory gives no name that can be used.
    /// - Throws: ``OnboardingRefusal``, ``LDAPError``, `MetadataError`.
    package func principal(_ person: LDAPPerson, _ options: LDAPOptions) async throws -> Principal? {
        guard let identity = Self.identity(person, options) else { return nil }
        if let known = try await accounts.refresh(identity) { return known }
        return try await accounts.onboard(identity, as: identity.name)
    }

    static func identity(_ person: LDAPPerson, _ options: LDAPOptions) -> OutsideIdentity? {
        guard let subject = LDAPName.normalized(person.dn), !person.uid.isEmpty else { return nil }
        let admin = LDAPName.normalized(options.adminGroupDN)
        return OutsideIdentity(
            source: .ldap, subject: subject, name: person.uid, email: person.email, fullName: person.realName,
            groups: person.groups.map { .init(name: $0.name, dn: $0.dn) },
            isAdministrator: admin.map { admin in person.groups.contains { $0.dn == admin } } ?? false)
    }
}
