import Foundation
import NIOHTTP1

extension ACMEClient {
    /// How long an authority may take to check a host, and to issue.
    private static let patience = Duration.seconds(180)

    /// Obtains a certificate for one host (RFC 8555 section 7.4).
    ///
    /// - Parameters:
    ///   - request: DER of the signing request.
    ///   - replaces: names the certificate that is renewed, where the authority knows of that (RFC 9773).
    ///   - present: puts the answer to a challenge where the authority will look, and returns once it is there.
    /// - Returns: the chain in PEM, the host's certificate first.
    /// - Throws: ``ACMEError``, or what `present` throws.
    func order(
        _ host: String, by kind: PendingChallenge.Kind, request: [UInt8], replaces: String?,
        present: @Sendable (PendingChallenge) async throws -> Void
    ) async throws -> String {
        let identifiers = [ACMEIdentifier.dns(host)]
        let directory = try await directory()
        let answer = try await placeOrder(identifiers, replaces: replaces, directory)
        guard let url = answer.headers.first(name: "Location") else { throw ACMEError.invalid("the order has no Location") }
        var order = try Self.decode(ACMEOrder.self, answer, "the order")
        for authorization in order.authorizations.prefix(10) {
            try await prove(host, by: kind, authorization, present: present)
        }
        order = try await settled(url, until: ["ready", "valid"])
        if order.status == "ready" {
            _ = try await post(JSON.encoded(Finalization(csr: request.base64URL)), to: order.finalize, "the signing request")
            order = try await settled(url, until: ["valid"])
        }
        guard let certificate = order.certificate else { throw ACMEError.invalid("the finished order names no certificate") }
        let chain = try await post(nil, to: certificate, "the request for the certificate").body
        guard let text = String(validating: chain, as: UTF8.self) else { throw ACMEError.invalid("the certificate is not PEM") }
        return text
    }

    /// An order that says which certificate it replaces may be refused for that alone (RFC 9773 section 5).
    private func placeOrder(
        _ identifiers: [ACMEIdentifier], replaces: String?, _ directory: ACMEDirectory
    ) async throws(ACMEError) -> ACMEAnswer {
        let replaces = directory.renewalInfo == nil ? nil : replaces
        do throws(ACMEError) {
            return try await post(
                JSON.encoded(NewOrder(identifiers: identifiers, replaces: replaces)), to: directory.newOrder, "the order")
        } catch {
            guard replaces != nil, ["alreadyReplaced", "malformed", "conflict"].contains(error.type) else { throw error }
            return try await post(JSON.encoded(NewOrder(identifiers: identifiers, replaces: nil)), to: directory.newOrder, "the order")
        }
    }

    /// Answers the challenge of an authorization and waits for the authority to look (sections 7.5 and 7.5.1).
    private func prove(
        _ host: String, by kind: PendingChallenge.Kind, _ url: String,
        present: @Sendable (PendingChallenge) async throws -> Void
    ) async throws {
        var (authorization, answer) = try await get(ACMEAuthorization.self, url, "the authorization of \(host)")
        guard authorization.identifier == .dns(host) else {
            throw ACMEError.invalid("the authority wants '\(authorization.identifier.value.prefix(80))' proved for \(host)")
        }
        if authorization.status == "valid" { return }
        guard let challenge = authorization.challenges.first(where: { $0.type == kind.rawValue }) else {
            let offered = authorization.challenges.map { $0.type.prefix(40) }.joined(separator: ", ")
            throw ACMEError(
                .refused,
                "the authority offers \(offered) for \(host), not \(kind.rawValue); http.tls.letsencrypt.http01addr decides between http-01 and tls-alpn-01"
            )
        }
        guard let token = challenge.token, PendingChallenge.isToken(token) else {
            throw ACMEError.invalid("the challenge for \(host) has no token")
        }
        try await present(
            PendingChallenge(
                host: host, kind: kind, token: token, keyAuthorization: key.keyAuthorization(token: token)))
        _ = try await post(Data("{}".utf8), to: challenge.url, "the challenge for \(host)")
        let deadline = ContinuousClock.now + Self.patience
        var tries = 0
        while authorization.status == "pending" {
            try await Self.pause(answer, &tries, until: deadline, "to check \(host)")
            (authorization, answer) = try await get(ACMEAuthorization.self, url, "the authorization of \(host)")
        }
        guard authorization.status == "valid" else {
            let problem = authorization.challenges.compactMap(\.error).first
            throw ACMEError(
                problem?.name == "rateLimited" ? .rateLimited : .refused,
                "the authority did not find the answer of \(host) to \(kind.rawValue): \(problem?.text ?? authorization.status). \(kind.remedy(host))"
            )
        }
    }

    /// The order once it has one of these states.
    private func settled(_ url: String, until states: Set<String>) async throws -> ACMEOrder {
        let deadline = ContinuousClock.now + Self.patience
        var tries = 0
        while true {
            let (order, answer) = try await get(ACMEOrder.self, url, "the order")
            if states.contains(order.status) { return order }
            guard ["pending", "ready", "processing"].contains(order.status) else {
                throw ACMEError(.refused, "the authority gave the order up: \(order.error?.text ?? order.status)")
            }
            try await Self.pause(answer, &tries, until: deadline, "to issue the certificate")
        }
    }

    /// As long as the authority asks for (section 7.5.1); else soon, then less and less often.
    private static func pause(
        _ answer: ACMEAnswer, _ tries: inout Int, until deadline: ContinuousClock.Instant, _ what: String
    ) async throws {
        let usual = Duration.milliseconds(min(5000, 250 << min(tries, 5)))
        tries += 1
        let pause = min(.seconds(30), max(answer.retryAfter ?? .zero, usual))
        guard ContinuousClock.now + pause < deadline else {
            throw ACMEError(.unavailable, "the authority took more than \(patience.components.seconds) s \(what)")
        }
        try await Task.sleep(for: pause)
    }
}
