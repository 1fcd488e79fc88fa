import Crypto
import Foundation
import NIOHTTP1
import SwiftASN1
import Synchronization
import X509

@testable import CoveACME

/// An ACME server in memory: it checks nonces and signatures, looks whether the answer to the challenge is in the vault, and
/// issues certificates. What it shall do wrong is told to it.
final class TestAuthority: ACMETransport {
    struct Behaviour: Sendable {
        var lifetime: TimeInterval = 90 * 86_400
        /// So many requests are refused for their nonce.
        var badNonces = 0
        /// What a new order is answered with instead.
        var orderFailure: (status: Int, problem: String, retryAfter: String?)?
        var validates = true
        var isReachable = true
        /// What is suggested for the renewal; nil for an authority that suggests nothing.
        var suggestion: (start: String, end: String)?
        /// Names that certificates are for, instead of those that were ordered.
        var wrongNames: [String]?
    }

    private struct State {
        var behaviour = Behaviour()
        var requests: [String] = []
        var nonces: Set<String> = []
        var accounts: [String: AccountKey.JWK] = [:]
        var host = ""
        var isAuthorized = false
        var certificate: String?
        var replaced: [String?] = []
    }

    static let base = "https://ca.example"
    static let directory = "\(base)/directory"
    private let issuer = P256.Signing.PrivateKey()
    private let vault: any CertificateVault
    private let now: @Sendable () -> Date
    private let state = Mutex(State())

    init(_ vault: any CertificateVault, now: @escaping @Sendable () -> Date) {
        self.vault = vault
        self.now = now
    }

    func change(_ body: (inout Behaviour) -> Void) { state.withLock { body(&$0.behaviour) } }

    /// The paths that were asked for so far, which are forgotten then.
    func takeRequests() -> [String] {
        state.withLock { state in
            defer { state.requests = [] }
            return state.requests
        }
    }

    /// Which certificates orders said they would replace.
    var replaced: [String?] { state.withLock { $0.replaced } }

    func forgetAccounts() { state.withLock { $0.accounts = [:] } }

    func close() async {}

    func send(_ method: HTTPMethod, _ url: String, body: [UInt8]?) async throws(ACMEError) -> ACMEAnswer {
        let path = String(url.dropFirst(Self.base.count))
        guard state.withLock({ $0.behaviour.isReachable }) else { throw ACMEError(.unavailable, "no answer in time") }
        state.withLock { $0.requests.append(path) }
        switch (method, path) {
        case (.GET, "/directory"): return answer(200, directory)
        case (.GET, _) where path.hasPrefix("/renewal/"):
            guard let window = state.withLock({ $0.behaviour.suggestion }) else { return answer(404, [:]) }
            return answer(200, ["suggestedWindow": ["start": window.start, "end": window.end]], ["Retry-After": "3600"])
        case (.HEAD, "/nonce"): return answer(200, [:])
        case (.POST, _):
            do {
                return try await post(path, url, body ?? [])
            } catch {
                return problem(400, "malformed", "\(error)")
            }
        default: return answer(405, [:])
        }
    }

    private var directory: [String: Any] {
        var directory: [String: Any] = [
            "newNonce": "\(Self.base)/nonce", "newAccount": "\(Self.base)/account", "newOrder": "\(Self.base)/order",
            "meta": ["termsOfService": "\(Self.base)/terms"],
        ]
        if state.withLock({ $0.behaviour.suggestion != nil }) { directory["renewalInfo"] = "\(Self.base)/renewal" }
        return directory
    }

    private struct Refusal: Error {
        let reason: String
    }

    private func post(_ path: String, _ url: String, _ body: [UInt8]) async throws -> ACMEAnswer {
        let jws = try JSONDecoder().decode(JWS.self, from: Data(body))
        guard let bytes = Data(base64URL: jws.protected) else { throw Refusal(reason: "no header") }
        let header = try JSONDecoder().decode(JWS.Header.self, from: bytes)
        guard header.url == url, header.alg == "ES256" else { throw Refusal(reason: "the header does not fit") }
        let nonce = header.nonce ?? ""
        let isFresh = state.withLock { state in
            let isKnown = state.nonces.remove(nonce) != nil
            if isKnown, state.behaviour.badNonces > 0 {
                state.behaviour.badNonces -= 1
                return false
            }
            return isKnown
        }
        guard isFresh else { return problem(400, "badNonce", "use another") }
        guard let jwk = header.jwk ?? state.withLock({ $0.accounts[header.kid ?? ""] }) else {
            return problem(400, "accountDoesNotExist", "who is that?")
        }
        try Self.check(jws, jwk)
        let payload = try require(Data(base64URL: jws.payload))
        switch path {
        case "/account": return register(jwk, payload)
        case "/order": return order(payload)
        case "/order/1": return orderAnswer(200)
        case "/authorization/1": return await authorization()
        case "/challenge/1": return try await validate(thumbprint: jwk)
        case "/finalize/1": return try issue(payload)
        case "/certificate/1":
            return ACMEAnswer(status: 200, headers: headers(), body: Array((state.withLock { $0.certificate } ?? "").utf8))
        default: return answer(404, [:])
        }
    }

    private static func check(_ jws: JWS, _ jwk: AccountKey.JWK) throws {
        guard let x = Data(base64URL: jwk.x), let y = Data(base64URL: jwk.y), let raw = Data(base64URL: jws.signature) else {
            throw Refusal(reason: "no signature")
        }
        let key = try P256.Signing.PublicKey(rawRepresentation: x + y)
        let signature = try P256.Signing.ECDSASignature(rawRepresentation: raw)
        guard key.isValidSignature(signature, for: Data("\(jws.protected).\(jws.payload)".utf8)) else {
            throw Refusal(reason: "the signature is wrong")
        }
    }

    private func register(_ jwk: AccountKey.JWK, _ payload: Data) -> ACMEAnswer {
        let asks = (try? JSONSerialization.jsonObject(with: payload)) as? [String: Any]
        guard asks?["termsOfServiceAgreed"] as? Bool == true else { return problem(403, "userActionRequired", "agree first") }
        let url = "\(Self.base)/account/1"
        state.withLock { $0.accounts[url] = jwk }
        return answer(201, ["status": "valid"], ["Location": url])
    }

    private func order(_ payload: Data) -> ACMEAnswer {
        let asks = (try? JSONSerialization.jsonObject(with: payload)) as? [String: Any]
        let identifiers = asks?["identifiers"] as? [[String: String]]
        let failure = state.withLock { state in
            state.host = identifiers?.first?["value"] ?? ""
            state.isAuthorized = false
            state.certificate = nil
            state.replaced.append(asks?["replaces"] as? String)
            return state.behaviour.orderFailure
        }
        if let failure {
            return problem(failure.status, failure.problem, "not now", failure.retryAfter.map { ["Retry-After": $0] } ?? [:])
        }
        return orderAnswer(201)
    }

    private func orderAnswer(_ status: Int) -> ACMEAnswer {
        let (isAuthorized, isIssued) = state.withLock { ($0.isAuthorized, $0.certificate != nil) }
        return answer(
            status,
            [
                "status": isIssued ? "valid" : isAuthorized ? "ready" : "pending", "authorizations": ["\(Self.base)/authorization/1"],
                "finalize": "\(Self.base)/finalize/1", "certificate": "\(Self.base)/certificate/1",
            ], ["Location": "\(Self.base)/order/1"])
    }

    private func authorization() async -> ACMEAnswer {
        let (host, isAuthorized, validates) = state.withLock { ($0.host, $0.isAuthorized, $0.behaviour.validates) }
        let isRefused = !isAuthorized && !validates && state.withLock { $0.requests.contains("/challenge/1") }
        var challenge: [String: Any] = ["type": "tls-alpn-01", "url": "\(Self.base)/challenge/1", "token": "token-1"]
        if isRefused { challenge["error"] = ["type": "urn:ietf:params:acme:error:connection", "detail": "no route to host"] }
        return answer(
            200,
            [
                "identifier": ["type": "dns", "value": host], "status": isAuthorized ? "valid" : isRefused ? "invalid" : "pending",
                "challenges": [challenge],
            ])
    }

    private func validate(thumbprint jwk: AccountKey.JWK) async throws -> ACMEAnswer {
        let host = state.withLock { $0.host }
        let kept = try await vault.load([VaultEntry.challenge(host)])[VaultEntry.challenge(host)]
        let challenge = try JSONDecoder().decode(PendingChallenge.self, from: Data(kept ?? []))
        let expected = "token-1.\(SHA256.hash(data: JSON.encoded(jwk)).base64URL)"
        let isRight = challenge.keyAuthorization == expected && challenge.kind == .tlsALPN01
        state.withLock { $0.isAuthorized = isRight && $0.behaviour.validates }
        return answer(200, ["type": "tls-alpn-01", "url": "\(Self.base)/challenge/1"])
    }

    private func issue(_ payload: Data) throws -> ACMEAnswer {
        guard state.withLock({ $0.isAuthorized }) else { return problem(403, "orderNotReady", "prove it first") }
        let asks = try require(try JSONSerialization.jsonObject(with: payload) as? [String: String])
        let request = try CertificateSigningRequest(derEncoded: Array(require(Data(base64URL: asks["csr"] ?? ""))))
        let (host, behaviour) = state.withLock { ($0.host, $0.behaviour) }
        let chain = try certificate(for: behaviour.wrongNames ?? [host], key: request.publicKey, lifetime: behaviour.lifetime)
        state.withLock { $0.certificate = chain }
        return orderAnswer(200)
    }

    /// PEM of a certificate with a serial number and an issuer that RFC 9773 section 4.1 has as its example.
    func certificate(for hosts: [String], key: Certificate.PublicKey, lifetime: TimeInterval) throws -> String {
        let start = now()
        let keyID: [UInt8] = [
            0x69, 0x88, 0x5B, 0x6B, 0x87, 0x46, 0x40, 0x41, 0xE1, 0xB3, 0x7B, 0x84, 0x7B, 0xA0, 0xAE, 0x2C, 0xDE, 0x01, 0xC8, 0xD4,
        ]
        let certificate = try Certificate(
            version: .v3, serialNumber: .init(bytes: [0x87, 0x65, 0x43, 0x21]), publicKey: key, notValidBefore: start,
            notValidAfter: start.addingTimeInterval(lifetime), issuer: DistinguishedName { CommonName("Test Authority") },
            subject: DistinguishedName {}, signatureAlgorithm: .ecdsaWithSHA256,
            extensions: Certificate.Extensions {
                SubjectAlternativeNames(hosts.map { .dnsName($0) })
                AuthorityKeyIdentifier(keyIdentifier: keyID[...])
            }, issuerPrivateKey: Certificate.PrivateKey(issuer))
        return try certificate.serializeAsPEM().pemString + "\n"
    }

    private func headers(_ more: [String: String] = [:]) -> HTTPHeaders {
        let nonce = "n\(UInt64.random(in: 0...(.max)))"
        state.withLock { _ = $0.nonces.insert(nonce) }
        return HTTPHeaders([("Replay-Nonce", nonce)] + more.map { ($0.key, $0.value) })
    }

    private func answer(_ status: Int, _ body: [String: Any], _ more: [String: String] = [:]) -> ACMEAnswer {
        let bytes = (try? JSONSerialization.data(withJSONObject: body)) ?? Data()
        return ACMEAnswer(status: status, headers: headers(more), body: Array(bytes))
    }

    private func problem(_ status: Int, _ type: String, _ detail: String, _ more: [String: String] = [:]) -> ACMEAnswer {
        answer(status, ["type": Problem.namespace + type, "detail": detail], more)
    }

    private func require<T>(_ value: T?) throws -> T {
        guard let value else { throw Refusal(reason: "it is not there") }
        return value
    }
}
