import CoveIdentity
import CoveJobs
import CoveMetadata
import CoveRegistry
import Logging

/// What Harbor's API and all that comes with accounts stand on.
struct Platform: Sendable {
    let metadata: MetadataStore
    let registry: Registry
    let accounts: Accounts
    let settings: Settings
    let sessions: Sessions
    let ldap: LDAPLogin
    let oidc: OIDCLogin
    let authenticator: any Authenticator
    let tokens: TokenService
    /// The token service's URL as clients are told; nil: on the host that they ask.
    let realm: String?
    let jobs: JobQueue
    let webhooks: Webhooks
    let facts: ServerFacts
    let logger: Logger
}

/// Finds out who makes a request.
protocol Authenticator: Sendable {
    /// - Returns: ``Principal/anonymous`` for a request that says nothing of who makes it.
    /// - Throws: ``HarborFailure`` for one that says so wrongly.
    func principal(_ exchange: Exchange) async throws(HarborFailure) -> Principal
}
