import CoveMetadata
import CoveOCI
import Crypto
import Foundation

/// Gives tokens to users, robots and nobody in particular, and tells what those are still good for.
package struct TokenService: Sendable {
    package let accounts: Accounts
    package let issuer: TokenIssuer

    package static let refreshPrefix = "cove_ref_"

    package init(accounts: Accounts, issuer: TokenIssuer) {
        self.accounts = accounts
        self.issuer = issuer
    }

    // MARK: - Give

    /// A token with as much of what was asked for as its bearer may do now.
    package func token(for principal: Principal, _ scopes: [TokenScope], at now: Int64) async throws -> String {
        let rights = try await accounts.rights(of: principal)
        var granted: [GrantedAccess] = []
        for scope in scopes {
            let actions = try await allowed(scope.actions, type: scope.type, name: scope.name, rights)
            if let index = granted.firstIndex(where: { $0.type == scope.type && $0.name == scope.name }) {
                let merged = granted[index].actions + actions.filter { !granted[index].actions.contains($0) }
                granted[index] = GrantedAccess(type: scope.type, name: scope.name, actions: merged)
            } else {
                granted.append(GrantedAccess(type: scope.type, name: scope.name, actions: actions))
            }
        }
        return try await issuer.issue(to: principal, granted, at: now)
    }

    /// A token by which others are got without a password.
    package func refreshToken(for principal: Principal, client: String, at now: Int64) async throws -> String {
        let secret = Self.refreshPrefix + SymmetricKey(size: .bits256).withUnsafeBytes { Data($0).base64URL }
        let options = issuer.options
        try await accounts.metadata.write { store in
            try store.insertRefreshToken(
                AccessToken.hash(secret), subject: principal.identity.key, service: options.service, client: String(client.prefix(200)),
                expiresAt: now + Int64(options.refreshLifetime / .microseconds(1)))
        }
        return secret
    }

    /// Who a refresh token speaks for; nil for one that has ended, was revoked, or never was.
    package func principal(refreshToken: String) async throws -> Principal? {
        guard refreshToken.hasPrefix(Self.refreshPrefix), refreshToken.utf8.count <= 128 else { return nil }
        let hash = AccessToken.hash(refreshToken)
        guard let record = try await accounts.metadata.read({ try $0.refreshToken(hash) }),
            record.service == issuer.options.service, let identity = Principal.Identity(key: record.subject)
        else { return nil }
        return try await accounts.principal(identity, asOf: record.createdAt)
    }

    // MARK: - Look at

    /// Whom a token of ours speaks for, what is written in it, and its end in seconds since 1970; nil when it was revoked.
    ///
    /// - Throws: ``TokenRefusal``, `MetadataError`.
    package func bearer(_ text: String) async throws -> (principal: Principal, rights: AccessSet, end: Double)? {
        let token = try await issuer.verify(text)
        guard let principal = try await accounts.principal(token.identity, asOf: token.madeAt) else { return nil }
        return (principal, token.rights, token.end)
    }

    /// Those of the actions that may be done now. `*` stands for all, and stays when all may.
    package func allowed(_ actions: [String], type: String, name: String, _ rights: Rights) async throws -> [String] {
        switch type {
        case "registry":
            return name == "catalog" && rights.allows(Permission(.read, .catalog), in: .system) ? actions : []
        case "repository":
            guard let repository = try? RepositoryName(parsing: name),
                let project = try await accounts.project(named: repository.project)
            else { return [] }
            let may = ["pull", "push", "delete"].filter { rights.allows($0, on: repository, in: project) }
            if actions.contains("*") { return may.count == 3 ? ["*"] + may : may }
            return actions.filter(may.contains)
        default: return []
        }
    }
}

extension Accounts {
    /// Somebody by their row; nil for who is not there, disabled, or has changed what they log in with since.
    ///
    /// - Parameter moment: microseconds since 1970.
    package func principal(_ identity: Principal.Identity, asOf moment: Int64) async throws -> Principal? {
        if identity == .anonymous { return .anonymous }
        let record = try await memory.subjects.value(identity) {
            try await metadata.read { store in
                switch identity {
                case .anonymous: nil
                case .account(let id): try store.subject(account: id)
                case .robot(let id): try store.subject(robot: id)
                }
            }
        }
        guard let record, record.validFrom <= moment, record.endsAt.map({ $0 > .nowMicroseconds }) ?? true else { return nil }
        if case .robot = identity { return Principal(identity, name: options.robotPrefix + record.name) }
        return Principal(identity, name: record.name)
    }
}
