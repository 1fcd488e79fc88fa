import CoveMetadata
import Crypto
import Foundation
import Synchronization

/// Makes this registry's own tokens, and tells them from others. Its keys are in the metadata store, so that a token of one
/// node counts on all, and are replaced every 30 days.
package final class TokenIssuer: Sendable {
    package struct Options: Sendable {
        /// `iss`.
        package var issuer: String
        /// `aud`.
        package var service: String
        package var lifetime: Duration { currentLifetime() }
        /// As it is set now.
        package var currentLifetime: @Sendable () -> Duration
        package var refreshLifetime: Duration

        package init(issuer: String, service: String, lifetime: Duration, refreshLifetime: Duration) {
            self.issuer = issuer
            self.service = service
            currentLifetime = { lifetime }
            self.refreshLifetime = refreshLifetime
        }
    }

    /// A token that is ours and has not ended.
    package struct Verified: Sendable {
        package let identity: Principal.Identity
        package let rights: AccessSet
        /// When it was made, in microseconds since 1970.
        package let madeAt: Int64
        /// Seconds since 1970.
        let end: Double
    }

    private struct State {
        var keys: [SigningKey] = []
        var cache: [SHA256Digest: Verified] = [:]
        /// When the store was asked for keys last.
        var asked = ContinuousClock.Instant.now - .seconds(3600)
    }

    private static let capacity = 50_000
    /// How often an unknown key makes the store be asked.
    private static let patience = Duration.seconds(1)
    /// In microseconds.
    private static let novelty: Int64 = 5_000_000

    package let options: Options
    private let metadata: MetadataStore
    private let state = Mutex(State())

    package init(_ options: Options, metadata: MetadataStore) {
        self.options = options
        self.metadata = metadata
    }

    /// Reads the keys again, and makes one where none signs for another day.
    package func refresh() async throws {
        let now = Int64.nowMicroseconds
        var records = try await metadata.read { try $0.signingKeys() }
        let moment = now + 86_400 * 1_000_000
        if !records.contains(where: { $0.signsUntil > moment }) {
            let key = SigningKey.generate(at: now)
            try await metadata.write { try $0.insertSigningKey(key, unlessOneSignsAfter: moment) }
            records = try await metadata.read { try $0.signingKeys() }
        }
        let keys = try records.map(SigningKey.init)
        state.withLock { state in
            let known = Set(keys.map(\.id))
            if !state.keys.allSatisfy({ known.contains($0.id) }) { state.cache = [:] }
            state.keys = keys
            state.asked = .now
        }
    }

    /// The public keys, for whoever wants to verify tokens (RFC 7517 section 5).
    package var keySet: [TokenPublicKey] { state.withLock { $0.keys.map(\.publicKey) } }

    /// A token for somebody, with what they were found to have a right to.
    ///
    /// - Throws: `MetadataError` while there is no key.
    package func issue(to principal: Principal, _ access: [GrantedAccess], at now: Int64) async throws -> String {
        if state.withLock({ $0.keys.isEmpty }) { try await refresh() }
        // A new one is left to become known to other nodes first.
        guard let key = state.withLock({ $0.keys.first { $0.record.createdAt <= now - Self.novelty } ?? $0.keys.last }) else {
            throw MetadataError.unavailable("there is no key to sign tokens with")
        }
        let seconds = now / 1_000_000
        let payload = Payload(
            iss: options.issuer, sub: principal.isAnonymous ? "" : principal.name, aud: options.service,
            exp: seconds + options.lifetime.components.seconds, nbf: seconds, iat: seconds,
            jti: Data((0..<12).map { _ in UInt8.random(in: .min ... .max) }).base64URL, access: access, cove_id: principal.identity.key,
            cove_at: now)
        let encoder = JSONEncoder()
        encoder.outputFormatting = .withoutEscapingSlashes
        let header = Data(#"{"typ":"JWT","alg":"ES256","kid":"\#(key.id)"}"#.utf8).base64URL
        let signed = "\(header).\(try encoder.encode(payload).base64URL)"
        let signature = try key.privateKey.signature(for: SHA256.hash(data: Data(signed.utf8)))
        return "\(signed).\(signature.rawRepresentation.base64URL)"
    }

    /// Whether a token is ours. Whom it was given to, and what that may do still, is to be looked at by the caller.
    ///
    /// - Throws: ``TokenRefusal``.
    package func verify(_ text: String) async throws(TokenRefusal) -> Verified {
        guard text.utf8.count <= CompactToken.longest else { throw .malformed("it has more than \(CompactToken.longest) bytes") }
        let hash = SHA256.hash(data: Data(text.utf8))
        let now = Double(Int64.nowMicroseconds) / 1_000_000
        if let known = state.withLock({ $0.cache[hash] }) {
            guard now <= known.end else { throw .expired(seconds: Int(now - known.end)) }
            return known
        }
        let token = try CompactToken(parsing: text)
        guard token.header.alg == TokenAlgorithm.es256.rawValue else { throw .algorithmRefused(token.header.alg) }
        guard let id = token.header.kid else { throw .namesNoKey }
        guard let key = await key(id) else { throw .unknownKey(id: id) }
        guard TokenKey.p256(key.privateKey.publicKey).isValid(token.signature, of: token.signed, by: .es256) else { throw .badSignature }
        let claims = try token.claims()
        guard claims.iss == options.issuer else { throw .wrongIssuer(claims.iss ?? "") }
        let audience = claims.aud?.names ?? []
        guard audience.contains(options.service) else { throw .wrongAudience(audience) }
        guard let end = claims.exp, let identity = claims.cove_id.flatMap(Principal.Identity.init(key:)), let madeAt = claims.cove_at else {
            throw .malformed("a claim is missing")
        }
        guard now <= end else { throw .expired(seconds: Int(now - end)) }
        let verified = Verified(identity: identity, rights: claims.rights, madeAt: madeAt, end: end)
        state.withLock { state in
            if state.cache.count >= Self.capacity { state.cache = state.cache.filter { now <= $0.value.end } }
            if state.cache.count >= Self.capacity { state.cache = [:] }
            state.cache[hash] = verified
        }
        return verified
    }

    /// The key, asked of the store when another node may have made it.
    private func key(_ id: String) async -> SigningKey? {
        let (found, isDue) = state.withLock { state in
            (state.keys.first { $0.id == id }, ContinuousClock.now - state.asked >= Self.patience)
        }
        guard found == nil, isDue else { return found }
        try? await refresh()
        return state.withLock { state in state.keys.first { $0.id == id } }
    }

    private struct Payload: Encodable {
        let iss: String
        let sub: String
        let aud: String
        let exp: Int64
        let nbf: Int64
        let iat: Int64
        let jti: String
        let access: [GrantedAccess]
        let cove_id: String
        let cove_at: Int64
    }
}

extension Principal.Identity {
    /// As it is kept and written in tokens: `account:7`, `robot:5`, `anonymous`.
    package var key: String {
        switch self {
        case .anonymous: "anonymous"
        case .account(let id): "account:\(id)"
        case .robot(let id): "robot:\(id)"
        }
    }

    package init?(key: String) {
        let parts = key.split(separator: ":")
        switch (parts.first, parts.dropFirst().first.flatMap { Int64($0) }) {
        case ("anonymous", nil): self = .anonymous
        case ("account", let id?): self = .account(id)
        case ("robot", let id?): self = .robot(id)
        default: return nil
        }
    }
}
