import AsyncHTTPClient
import CoveOutbound
import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// What became of a try to deliver an event.
enum DeliveryOutcome: Sendable, Equatable {
    /// The receiver answered: a status, and its reason phrase.
    case answered(Int, String)
    /// It did not, and why.
    case failed(String)

    /// Any 2xx. Distribution takes 3xx as well; but a redirect is not followed, so there nobody has taken the event.
    var isSuccess: Bool {
        if case .answered(200..<300, _) = self { true } else { false }
    }
}

/// Tries once to hand an event to an endpoint.
protocol EventSender: Sendable {
    func send(_ envelope: Data, to endpoint: NotificationEndpoint) async -> DeliveryOutcome
}

/// Posts events over HTTP. Follows no redirect, repeats nothing.
final class HTTPEventSender: EventSender {
    /// More of an answer than this is not read: nothing in it is of interest, but that the connection can be used again.
    private static let mostAnswerBytes = 64 * 1024

    private let clients: OutboundClients
    private let userAgent: String

    init(userAgent: String, proxies: OutboundProxies = .none) {
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
        configuration.httpVersion = .http1Only
        configuration.connectionPool.idleTimeout = .seconds(30)
        configuration.connectionPool.retryConnectionEstablishment = false
        clients = OutboundClients(proxies, configuration)
        self.userAgent = userAgent
    }

    func close() async {
        await clients.close()
    }

    func send(_ envelope: Data, to endpoint: NotificationEndpoint) async -> DeliveryOutcome {
        let request = Self.request(envelope, to: endpoint, userAgent: userAgent)
        let client = clients.client(for: request.url)
        do {
            return try await withThrowingTaskGroup(of: DeliveryOutcome.self) { group in
                group.addTask {
                    let response = try await client.execute(request, timeout: .init(endpoint.timeout))
                    _ = try? await response.body.collect(upTo: Self.mostAnswerBytes)
                    return .answered(Int(response.status.code), response.status.reasonPhrase)
                }
                // The client's own limit ends with the head of the answer.
                group.addTask {
                    try await Task.sleep(for: endpoint.timeout)
                    return .failed("no answer within \(endpoint.timeout)")
                }
                defer { group.cancelAll() }
                return try await group.next() ?? .failed("cancelled")
            }
        } catch {
            return .failed(Self.text(of: error, endpoint))
        }
    }

    static func request(_ envelope: Data, to endpoint: NotificationEndpoint, userAgent: String) -> HTTPClientRequest {
        let (url, authorization) = splitting(endpoint.url)
        var request = HTTPClientRequest(url: url)
        request.method = .POST
        request.headers.add(name: "User-Agent", value: userAgent)
        request.headers.add(name: "Content-Type", value: EventEnvelope.mediaType)
        if let authorization { request.headers.add(name: "Authorization", value: authorization) }
        for (name, values) in endpoint.headers {
            request.headers.remove(name: name)
            for value in values { request.headers.add(name: name, value: value) }
        }
        request.body = .bytes(ByteBuffer(bytes: envelope))
        return request
    }

    /// The URL without its user and password, and the header that they become (RFC 7617).
    private static func splitting(_ url: String) -> (url: String, authorization: String?) {
        guard var parts = URLComponents(string: url), let user = parts.user else { return (url, nil) }
        let login = Data("\(user):\(parts.password ?? "")".utf8).base64EncodedString()
        parts.user = nil
        parts.password = nil
        return (parts.string ?? url, "Basic \(login)")
    }

    /// In words that name neither the URL nor a header, as there may be secrets in them.
    private static func text(of error: any Error, _ endpoint: NotificationEndpoint) -> String {
        switch error {
        case let error as HTTPClientError where error == .connectTimeout || error == .deadlineExceeded:
            return "no answer within \(endpoint.timeout)"
        case let error as HTTPClientError: return error.shortDescription
        case let error as NIOConnectionError:
            guard let failure = error.connectionErrors.first?.error else { return "the host name cannot be resolved" }
            return "cannot connect: \((failure as? IOError).map { String(cString: strerror($0.errnoCode)) } ?? "\(failure)")"
        case let error as NIOSSLError:
            guard "\(error)".contains("CERTIFICATE_VERIFY_FAILED") else { return "TLS failed: \(error)" }
            return "the certificate is not of an authority that this machine trusts"
        case let error as IOError: return String(cString: strerror(error.errnoCode))
        case is CancellationError: return "cancelled"
        default: return "\(type(of: error))"
        }
    }
}
