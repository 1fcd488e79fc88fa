import AsyncHTTPClient
import CoveMetadata
import CoveOutbound
import Crypto
import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// What is delivered once.
struct WebhookRequest: Sendable {
    let url: URL
    let headers: [(name: String, value: String)]
    let body: String
    let skipsVerification: Bool

    /// - Parameter id: of the delivery.
    init(_ parameters: WebhookJob.Parameters, to target: WebhookTarget, id: Int64, userAgent: String) throws(WebhookFailure) {
        guard let url = URL(string: target.address), let host = url.host, !host.isEmpty else {
            throw WebhookFailure("the address '\(target.address)' is not a URL")
        }
        self.url = url
        body = parameters.body
        skipsVerification = target.skipsVerification
        var headers = [
            ("Content-Type", parameters.contentType), ("User-Agent", userAgent), ("X-Cove-Delivery", String(id)),
            ("X-Cove-Event", parameters.eventType),
        ]
        if let authorization = target.authorization, !authorization.isEmpty { headers.append(("Authorization", authorization)) }
        if let secret = target.secret, !secret.isEmpty { headers.append(("X-Hub-Signature-256", Self.signature(body, secret))) }
        self.headers = headers
    }

    /// `sha256=` and the HMAC-SHA256 (RFC 2104) of the body's bytes in hexadecimal: the form that receivers of webhooks know from
    /// GitHub.
    static func signature(_ body: String, _ secret: String) -> String {
        let code = HMAC<SHA256>.authenticationCode(for: Data(body.utf8), using: SymmetricKey(data: Data(secret.utf8)))
        return "sha256=" + code.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    var host: String { (url.host ?? "").trimmingCharacters(in: ["[", "]"]) }
    var port: Int { url.port ?? (url.scheme == "https" ? 443 : 80) }

    /// What must not come into a log with what is answered, the longest first.
    func secrets(of target: WebhookTarget) -> [String] {
        let authorization = target.authorization ?? ""
        // The password alone, too, as what checks it may tell it.
        let credentials = authorization.split(separator: " ", maxSplits: 1).dropFirst().first.map(String.init) ?? ""
        let signature = headers.first { $0.name == "X-Hub-Signature-256" }?.value ?? ""
        return [authorization, credentials, target.secret ?? "", signature].filter { !$0.isEmpty }
    }

    /// As the log has it: what is secret is only said to be there.
    var shownHeaders: [(name: String, value: String)] {
        headers.map { ($0.name, $0.name == "Authorization" || $0.name == "X-Hub-Signature-256" ? "***" : $0.value) }
    }
}

/// What a receiver answered.
struct WebhookAnswer: Sendable {
    let status: Int
    let reason: String
    let headers: [(name: String, value: String)]
    /// The beginning of it.
    let body: String

    var isSuccess: Bool { (200..<300).contains(status) }
}

/// Why something was not delivered.
struct WebhookFailure: Error, Equatable, CustomStringConvertible {
    let description: String
    /// Whether another try would end the same way.
    let isFinal: Bool

    init(_ description: String, isFinal: Bool = false) {
        self.description = description
        self.isFinal = isFinal
    }
}

/// Posts deliveries over HTTP. Follows no redirect. A host is resolved once for each try, its address looked at, and that very
/// address connected to: so nobody can let a name lead elsewhere in between.
package struct WebhookSender: Sendable {
    /// Of an answer, kept for the log.
    static let mostAnswerBytes = 4096

    private let addresses: AddressGuard
    private let proxies: OutboundProxies
    private let timeout: Duration
    let userAgent: String

    package init(addresses: AddressGuard, proxies: OutboundProxies, timeout: Duration, userAgent: String) {
        self.addresses = addresses
        self.proxies = proxies
        self.timeout = timeout
        self.userAgent = userAgent
    }

    func send(_ request: WebhookRequest) async throws(WebhookFailure) -> WebhookAnswer {
        let address = try await address(of: request)
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
        configuration.httpVersion = .http1Only
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.timeout.connect = .nanoseconds(timeout.nanoseconds)
        if let address, address != request.host { configuration.dnsOverride = [request.host: address] }
        if request.skipsVerification {
            var tls = TLSConfiguration.makeClientConfiguration()
            tls.certificateVerification = .none
            configuration.tlsConfiguration = tls
        }
        let clients = OutboundClients(proxies, configuration)
        let result = await Self.result { try await self.post(request, by: clients.client(for: request.url.absoluteString)) }
        await clients.close()
        switch result {
        case .success(let answer): return answer
        case .failure(let error): throw WebhookFailure(text(of: error))
        }
    }

    private static func result<T>(_ body: () async throws -> T) async -> Result<T, any Error> {
        do { return .success(try await body()) } catch { return .failure(error) }
    }

    private func post(_ request: WebhookRequest, by client: HTTPClient) async throws -> WebhookAnswer {
        var outgoing = HTTPClientRequest(url: request.url.absoluteString)
        outgoing.method = .POST
        for (name, value) in request.headers { outgoing.headers.add(name: name, value: value) }
        outgoing.body = .bytes(ByteBuffer(string: request.body))
        return try await withThrowingTaskGroup(of: WebhookAnswer?.self) { [outgoing] group in
            group.addTask {
                let response = try await client.execute(outgoing, timeout: .nanoseconds(timeout.nanoseconds))
                var beginning = ByteBuffer()
                for try await part in response.body {
                    beginning.writeImmutableBuffer(part)
                    if beginning.readableBytes >= Self.mostAnswerBytes { break }
                }
                return WebhookAnswer(
                    status: Int(response.status.code), reason: response.status.reasonPhrase,
                    headers: response.headers.map { ($0.name, $0.value) },
                    body: String(decoding: beginning.readableBytesView.prefix(Self.mostAnswerBytes), as: UTF8.self))
            }
            // The client's own limit ends with the head of the answer.
            group.addTask {
                try await Task.sleep(for: timeout)
                return nil
            }
            defer { group.cancelAll() }
            guard let answer = try await group.next() ?? nil else { throw WebhookFailure("no answer within \(timeout)") }
            return answer
        }
    }

    // MARK: - Where to

    /// The address to connect to; nil where a proxy knows better.
    private func address(of request: WebhookRequest) async throws(WebhookFailure) -> String? {
        let (host, port) = (request.host, request.port)
        let hasProxy = proxies.proxy(for: request.url.absoluteString) != nil
        let found = await Self.resolve(host)
        guard !found.isEmpty else {
            // Behind a proxy it may be the only one that knows the names of the world.
            if hasProxy, !AddressGuard.isAddress(host) { return nil }
            throw WebhookFailure("the host name '\(host)' cannot be resolved")
        }
        guard let allowed = found.first(where: { addresses.allows(address: $0, host: host, port: port) }) else {
            throw WebhookFailure(
                "'\(host)' is \(found[0]), an address of this machine or of a private network; whoever runs the server can allow it in "
                    + "'webhooks.allow'", isFinal: true)
        }
        return hasProxy ? nil : allowed
    }

    /// The addresses of a host, those of IPv4 first, as more networks carry them.
    private static func resolve(_ host: String) async -> [String] {
        let found = try? await NIOThreadPool.singleton.runIfActive { () -> [String] in
            var hints = addrinfo()
            hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
            var list: UnsafeMutablePointer<addrinfo>?
            guard getaddrinfo(host, nil, &hints, &list) == 0 else { return [] }
            defer { freeaddrinfo(list) }
            var found: [(family: Int32, address: String)] = []
            var next = list
            while let entry = next?.pointee {
                var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
                if getnameinfo(entry.ai_addr, entry.ai_addrlen, &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST) == 0 {
                    found.append(
                        (entry.ai_family, String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)))
                }
                next = entry.ai_next
            }
            return (found.filter { $0.family == AF_INET } + found.filter { $0.family != AF_INET }).map(\.address)
        }
        return found ?? []
    }

    private func text(of error: any Error) -> String {
        switch error {
        case let error as WebhookFailure: error.description
        case let error as HTTPClientError where error == .connectTimeout || error == .deadlineExceeded || error == .readTimeout:
            "no answer within \(timeout)"
        case let error as HTTPClientError: error.shortDescription
        case let error as NIOConnectionError:
            "cannot connect: \(error.connectionErrors.first.map { Self.words($0.error) } ?? "there is no such host")"
        case let error as NIOSSLError where "\(error)".contains("CERTIFICATE_VERIFY_FAILED"):
            "the certificate is not of an authority that this machine trusts; skip_cert_verify accepts any"
        case is CancellationError: "cancelled"
        default: Self.words(error)
        }
    }

    private static func words(_ error: any Error) -> String {
        if let error = error as? IOError { return String(cString: strerror(error.errnoCode)) }
        return "\(error)"
    }
}

extension Duration {
    fileprivate var nanoseconds: Int64 { components.seconds * 1_000_000_000 + components.attoseconds / 1_000_000_000 }
}
