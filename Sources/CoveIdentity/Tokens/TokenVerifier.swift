import Crypto
import Foundation
import Logging
import NIOPosix
import Synchronization

/// Verifies the tokens of a token server. The files of its keys are read again when they change.
package final class TokenVerifier: Sendable {
    package struct Options: Sendable {
        /// What `iss` must be.
        package var issuer: String
        /// What `aud` must hold.
        package var service: String
        /// A PEM file of certificates.
        package var certificates: String?
        /// A JSON Web Key Set.
        package var keySet: String?
        package var algorithms = Set(TokenAlgorithm.allCases)

        package init(issuer: String, service: String) {
            self.issuer = issuer
            self.service = service
        }
    }

    private struct State {
        var keys: TrustedKeys
        var stamps: [FileStamp?]
        var checked: ContinuousClock.Instant
        var cache = TokenCache()
        /// Which reading of the files this is: what was verified by an older one is not kept.
        var generation = 0
    }

    /// How often the files are looked at.
    private static let checkInterval = Duration.seconds(1)

    private let options: Options
    private let threadPool: NIOThreadPool
    private let logger: Logger
    private let now: @Sendable () -> ContinuousClock.Instant
    private let date: @Sendable () -> Date
    private let state: Mutex<State>

    /// Reads the files, blocking: for the start of the process.
    ///
    /// - Parameters:
    ///   - threadPool: where changed files are read; started by the caller, who keeps it running.
    ///   - now, date: the clocks, for tests.
    /// - Throws: ``TokenKeyError``.
    package init(
        _ options: Options, threadPool: NIOThreadPool, logger: Logger,
        now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }, date: @escaping @Sendable () -> Date = { Date() }
    ) throws(TokenKeyError) {
        self.options = options
        self.threadPool = threadPool
        self.logger = logger
        self.now = now
        self.date = date
        // Taken before the files are read: a change in between is noticed at the next look.
        let stamps = Self.stamps(options)
        let keys = try TrustedKeys(certificates: options.certificates, keySet: options.keySet)
        state = Mutex(State(keys: keys, stamps: stamps, checked: now()))
    }

    /// Whether the registry may believe the token.
    ///
    /// - Throws: ``TokenRefusal``.
    package func verify(_ text: String) async throws(TokenRefusal) -> VerifiedToken {
        // Before its hash is: nobody is to make this work on more than that.
        guard text.utf8.count <= CompactToken.longest else { throw .malformed("it has more than \(CompactToken.longest) bytes") }
        await readAgainIfChanged()
        let key = SHA256.hash(data: Data(text.utf8))
        let date = date()
        let now = date.timeIntervalSince1970
        let (known, keys, generation) = state.withLock { ($0.cache.token(key, at: now), $0.keys, $0.generation) }
        if let known {
            try Self.checkTime(known, at: now)
            return known
        }
        let (token, keyEnd) = try await verify(try CompactToken(parsing: text), by: keys, at: date)
        state.withLock { state in
            guard state.generation == generation else { return }
            state.cache.insert(token, key, size: text.utf8.count, until: min(token.end, keyEnd), at: now)
        }
        return token
    }

    /// How many tokens are known to be good, for tests.
    var cached: Int { state.withLock { $0.cache.count } }

    /// - Returns: the token, and until when its key is trusted, in seconds since 1970.
    private func verify(
        _ token: CompactToken, by keys: TrustedKeys, at date: Date
    ) async throws(TokenRefusal) -> (VerifiedToken, keyEnd: Double) {
        guard let algorithm = TokenAlgorithm(rawValue: token.header.alg), options.algorithms.contains(algorithm) else {
            throw .algorithmRefused(token.header.alg)
        }
        let (key, keyEnd) = try await Self.signingKey(of: token.header, among: keys, at: date)
        guard key.algorithms.contains(algorithm) else { throw .algorithmMismatch(algorithm.rawValue) }
        guard key.isValid(token.signature, of: token.signed, by: algorithm) else { throw .badSignature }
        let claims = try token.claims()
        guard claims.iss == options.issuer else { throw .wrongIssuer(claims.iss ?? "") }
        let audience = claims.aud?.names ?? []
        guard audience.contains(options.service) else { throw .wrongAudience(audience) }
        guard let end = claims.exp else { throw .malformed("it has no exp") }
        let verified = VerifiedToken(
            subject: claims.sub.flatMap { $0.isEmpty ? nil : $0 }, rights: claims.rights,
            start: (claims.nbf ?? 0) - TokenClaims.leeway, end: end + TokenClaims.leeway)
        try Self.checkTime(verified, at: date.timeIntervalSince1970)
        return (verified, keyEnd)
    }

    /// The first of x5c, jwk and kid that is there decides, as in Distribution.
    private static func signingKey(
        of header: CompactToken.Header, among keys: TrustedKeys, at date: Date
    ) async throws(TokenRefusal) -> (TokenKey, end: Double) {
        if let chain = header.x5c, !chain.isEmpty {
            let (key, end) = try await CertificateChain(chain).verify(by: keys.roots, at: date)
            return (key, end.timeIntervalSince1970)
        }
        if let jwk = header.jwk {
            guard let key = try? jwk.key() else { throw .untrusted("its jwk is not a public key of a kind that is known here") }
            guard let chain = jwk.x5c, !chain.isEmpty else {
                guard keys.contains(key) else { throw .untrusted("its jwk is not among the keys that are known here") }
                return (key, .infinity)
            }
            let (certified, end) = try await CertificateChain(chain).verify(by: keys.roots, at: date)
            guard certified.bytes == key.bytes else { throw .untrusted("the certificate in its jwk is of another key") }
            return (key, end.timeIntervalSince1970)
        }
        guard let id = header.kid else { throw .namesNoKey }
        guard let key = keys.key(id: id) else { throw .unknownKey(id: id) }
        return (key, .infinity)
    }

    private static func checkTime(_ token: VerifiedToken, at now: Double) throws(TokenRefusal) {
        guard now <= token.end else {
            throw .expired(seconds: Int(clamping: Int64(min(now - token.end + TokenClaims.leeway, 1e15))))
        }
        guard token.start <= now else {
            throw .notYetValid(seconds: Int(clamping: Int64(min(token.start - now + TokenClaims.leeway, 1e15))))
        }
    }

    private static func stamps(_ options: Options) -> [FileStamp?] {
        [options.certificates, options.keySet].map { $0.flatMap { FileStamp($0) } }
    }

    /// Looks at the files now.
    package func readAgain() async {
        let now = now()
        state.withLock { $0.checked = now - Self.checkInterval }
        await readAgainIfChanged()
    }

    /// Looks at the files when that is due. Those that come while another looks go on with what is known.
    private func readAgainIfChanged() async {
        let now = now()
        let known = state.withLock { state -> [FileStamp?]? in
            guard now - state.checked >= Self.checkInterval else { return nil }
            state.checked = now
            return state.stamps
        }
        guard let known else { return }
        let options = options
        let changed = try? await threadPool.runIfActive { () -> ([FileStamp?], Result<TrustedKeys, TokenKeyError>)? in
            let stamps = Self.stamps(options)
            guard stamps != known else { return nil }
            return (
                stamps,
                Result { () throws(TokenKeyError) in
                    try TrustedKeys(certificates: options.certificates, keySet: options.keySet)
                }
            )
        }
        guard case let (stamps, result)? = changed ?? nil else { return }
        switch result {
        case .success(let keys):
            state.withLock { state in
                state.keys = keys
                state.stamps = stamps
                state.generation += 1
                state.cache.removeAll()
            }
            logger.info("read the changed keys of the token server", metadata: ["keys": "\(keys.count)"])
        case .failure(let error):
            state.withLock { $0.stamps = stamps }
            logger.error("the changed keys of the token server are not used", metadata: ["error": "\(error)"])
        }
    }
}
