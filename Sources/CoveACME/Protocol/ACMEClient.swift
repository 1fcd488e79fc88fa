import Foundation
import NIOHTTP1

/// Speaks RFC 8555 with one authority for one account.
actor ACMEClient {
    /// An authority may reject any nonce; pebble does so at random.
    private static let mostNonceTries = 8
    private static let mostNonces = 16

    private let transport: any ACMETransport
    private let directoryURL: String
    let key: AccountKey
    private var known: ACMEDirectory?
    private var nonces: [String] = []
    /// The account's URL, once known.
    private(set) var account: String?

    /// - Parameter account: its URL, when it was made before.
    init(transport: any ACMETransport, directoryURL: String, key: AccountKey, account: String?) {
        self.transport = transport
        self.directoryURL = directoryURL
        self.key = key
        self.account = account
    }

    func close() async { await transport.close() }

    func directory() async throws(ACMEError) -> ACMEDirectory {
        if let known { return known }
        let answer = try await transport.send(.GET, directoryURL, body: nil)
        guard answer.status == 200 else { throw ACMEError(answer, to: "the request for its directory") }
        let directory = try Self.decode(ACMEDirectory.self, answer, "the directory")
        known = directory
        return directory
    }

    /// Makes the account, or finds the one that this key has already (RFC 8555 sections 7.3 and 7.3.1).
    ///
    /// - Returns: its URL.
    func register(email: String?, binding: ExternalAccount?) async throws(ACMEError) -> String {
        let directory = try await directory()
        if directory.meta?.externalAccountRequired == true, binding == nil {
            throw ACMEError(
                .refused,
                "the authority makes accounts for its customers only; give http.tls.letsencrypt.externalaccount.keyid and .hmackey")
        }
        let contact = email.map { ["mailto:\($0)"] }
        let request = NewAccount(
            contact: contact, externalAccountBinding: binding.map { JWS(binding: key, to: $0, url: directory.newAccount) })
        let answer = try await post(JSON.encoded(request), to: directory.newAccount, "the request for an account", byKey: true)
        guard let url = answer.headers.first(name: "Location") else { throw .invalid("the account has no Location") }
        account = url
        // The account may have been made with another address.
        if answer.status == 200, contact != nil {
            struct Change: Encodable { let contact: [String]? }
            _ = try await post(JSON.encoded(Change(contact: contact)), to: url, "the change of the account's address")
        }
        return url
    }

    /// Reads a resource (POST-as-GET, section 6.3).
    func get<T: Decodable>(_ type: T.Type, _ url: String, _ what: String) async throws(ACMEError) -> (T, ACMEAnswer) {
        let answer = try await post(nil, to: url, what)
        return (try Self.decode(type, answer, what), answer)
    }

    /// Reads what needs no account.
    func open(_ url: String) async throws(ACMEError) -> ACMEAnswer {
        try await transport.send(.GET, url, body: nil)
    }

    static func decode<T: Decodable>(_ type: T.Type, _ answer: ACMEAnswer, _ what: String) throws(ACMEError) -> T {
        do {
            return try answer.decoded(type)
        } catch {
            throw .invalid("the answer to \(what) is not the JSON that is expected")
        }
    }

    /// Sends a signed request, again with another nonce when the authority does not take the first (section 6.5).
    ///
    /// - Parameters:
    ///   - payload: nil for POST-as-GET.
    ///   - what: what is asked for, for errors.
    ///   - byKey: whether the account has no URL yet.
    func post(_ payload: Data?, to url: String, _ what: String, byKey: Bool = false) async throws(ACMEError) -> ACMEAnswer {
        if !byKey, account == nil { throw ACMEError(.refused, "there is no account for \(what)") }
        var tries = 0
        while true {
            tries += 1
            let nonce = try await nonce()
            let request: JWS
            do {
                request = try JWS(payload, to: url, nonce: nonce, account: byKey ? nil : account, key: key)
            } catch {
                throw ACMEError(.storage, "the account's key cannot sign: \(error)")
            }
            let answer = try await transport.send(.POST, url, body: request.bytes)
            keepNonce(of: answer)
            if (200...299).contains(answer.status) { return answer }
            let error = ACMEError(answer, to: what)
            guard error.type == "badNonce", tries < Self.mostNonceTries else { throw error }
        }
    }

    private func nonce() async throws(ACMEError) -> String {
        if let nonce = nonces.popLast() { return nonce }
        let answer = try await transport.send(.HEAD, try await directory().newNonce, body: nil)
        keepNonce(of: answer)
        if let nonce = nonces.popLast() { return nonce }
        guard (200...299).contains(answer.status) else { throw ACMEError(answer, to: "the request for a nonce") }
        throw .invalid("the answer to the request for a nonce has no Replay-Nonce")
    }

    private func keepNonce(of answer: ACMEAnswer) {
        guard let nonce = answer.headers.first(name: "Replay-Nonce"), !nonce.isEmpty, nonces.count < Self.mostNonces else { return }
        nonces.append(nonce)
    }
}
