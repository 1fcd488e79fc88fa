import CoveConfiguration
import CoveIdentity
import CoveJobs
import CoveMetadata
import CoveRegistry
import Foundation
import Logging
import NIOPosix
import ServiceLifecycle

extension Platform {
    /// Where the first administrator's password is taken from; Harbor's name is known as well.
    private static let passwordVariables = ["COVE_ADMIN_PASSWORD", "HARBOR_ADMIN_PASSWORD"]

    /// What `auth.accounts` asks for, with an administrator made if there is nobody yet; nil without the section.
    ///
    /// - Parameter makesAdministrator: not in a process that only runs jobs.
    /// - Throws: ``ServeError``, `MetadataError`.
    init?(
        _ configuration: Configuration, _ metadata: MetadataStore, _ registry: Registry, _ threads: NIOThreadPool, _ logger: Logger,
        makesAdministrator: Bool = true
    ) async throws {
        guard case .accounts(let settings) = configuration.auth else { return nil }
        let secret = SettingSecret(
            configured: settings.secretKey, location: MetadataSource(configuration).location, metadata: metadata, logger: logger)
        let values = try await Self.settings(settings, metadata, try await secret.cipher(), logger)
        var options = settings.options
        options.currentRobotPrefix = { values.string(.robotNamePrefix) }
        var accounts = Accounts(metadata: metadata, passwords: Passwords(threadPool: threads), options: options)
        if makesAdministrator { try await Self.makeAdministrator(accounts) }
        let sessions = Sessions(metadata: metadata, settings: values)
        let ldap = LDAPLogin(LDAPDirectory(), settings: values, accounts: accounts, logger: logger)
        let oidc = OIDCLogin(OIDCClient(try configuration.outboundProxies()), settings: values, accounts: accounts)
        accounts.directories = [ldap]
        let issuer = TokenIssuer(Self.tokens(settings, values), metadata: metadata)
        try await issuer.refresh()
        let jobs = JobQueue(metadata: metadata)
        self.init(
            metadata: metadata, registry: registry, accounts: accounts, settings: values, sessions: sessions, ldap: ldap, oidc: oidc,
            authenticator: SessionAuthenticator(sessions: sessions, others: PasswordAuthenticator(accounts: accounts)),
            tokens: TokenService(accounts: accounts, issuer: issuer), realm: settings.realm, jobs: jobs,
            webhooks: try Webhooks(configuration, values, jobs),
            facts: ServerFacts(configuration), logger: logger)
    }

    /// What runs beside the requests.
    var services: [any Service] {
        [
            RightsWatch(tokens: tokens, logger: logger),
            SettingsWatch(settings: settings, logger: logger),
        ]
    }

    /// Who may do what under `/v2/`.
    var access: AccountAccess { AccountAccess(service: tokens, authenticator: authenticator, realm: realm) }

    /// Harbor's setting counts in minutes: until somebody sets it, the configuration's own time holds.
    private static func tokens(_ configured: AccountSettings, _ settings: Settings) -> TokenIssuer.Options {
        var options = configured.tokens
        let usual = configured.usualTokenMinutes
        options.currentLifetime = {
            let minutes = settings.integer(.tokenExpiration)
            return minutes == usual ? configured.tokenExpiration : .seconds(minutes * 60)
        }
        return options
    }

    private static func settings(
        _ configured: AccountSettings, _ metadata: MetadataStore, _ cipher: SettingCipher, _ logger: Logger
    ) async throws -> Settings {
        do {
            let json = ProcessInfo.processInfo.environment[Settings.overwriteVariable] ?? ""
            let settings = try Settings(
                metadata: metadata, usual: configured.usualSettings, fixed: json.isEmpty ? [:] : Settings.overwrites(json), cipher: cipher)
            let closed = try await settings.sealSecrets()
            if !closed.isEmpty {
                logger.warning(
                    "settings were sealed with another key and count as not set; set them again, or restore the key",
                    metadata: ["settings": "\(closed.map(\.rawValue).sorted().joined(separator: ", "))"])
            }
            try await settings.writeDownFixed()
            try await settings.heedChanges()
            return settings
        } catch let refusal as SettingRefusal {
            throw ServeError("a setting that the server is started with is refused: \(refusal)")
        } catch let malformed as Settings.OverwriteMalformed {
            throw ServeError("\(malformed)")
        }
    }

    private static func makeAdministrator(_ accounts: Accounts) async throws {
        let environment = ProcessInfo.processInfo.environment
        let variable = passwordVariables.first { environment[$0].map { !$0.isEmpty } ?? false }
        do {
            let password = try await accounts.makeFirstAdministrator(password: variable.flatMap { environment[$0] })
            guard let password else { return }
            // Not through the log, which is kept and read by more people.
            FileHandle.standardError.write(
                Data(
                    """
                    The first administrator was made. It is not told again:
                      user      \(Accounts.administratorName)
                      password  \(password)

                    """.utf8))
        } catch let refusal as PasswordRefusal {
            throw ServeError("\(variable ?? passwordVariables[0]): \(refusal)")
        }
    }
}
