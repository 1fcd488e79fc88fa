import AsyncHTTPClient
import CoveOutbound
import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// How an authority is reached.
protocol ACMETransport: Sendable {
    /// Sends one request and reads the whole answer; follows no redirect and repeats nothing.
    ///
    /// - Parameter body: a JWS, for a POST.
    func send(_ method: HTTPMethod, _ url: String, body: [UInt8]?) async throws(ACMEError) -> ACMEAnswer
    func close() async
}

/// An answer whose body has been read.
struct ACMEAnswer: Sendable {
    let status: Int
    let headers: HTTPHeaders
    let body: [UInt8]

    func decoded<T: Decodable>(_ type: T.Type) throws -> T { try JSONDecoder().decode(type, from: Data(body)) }

    /// Seconds or a date (RFC 9110 section 10.2.3), at most a day.
    var retryAfter: Duration? {
        guard let text = headers.first(name: "Retry-After")?.trimmingCharacters(in: .whitespaces) else { return nil }
        let most = 86_400
        if let seconds = Int(text) { return .seconds(min(max(0, seconds), most)) }
        let format = DateFormatter()
        format.locale = Locale(identifier: "en_US_POSIX")
        format.timeZone = TimeZone(identifier: "GMT")
        format.dateFormat = "EEE, dd MMM yyyy HH:mm:ss zzz"
        return format.date(from: text).map { .seconds(min(max(0, Int($0.timeIntervalSinceNow.rounded(.up))), most)) }
    }
}

/// Over HTTPS (RFC 8555 section 6.1).
final class HTTPSTransport: ACMETransport {
    /// A chain of certificates has some 6 KiB.
    private static let mostAnswerBytes = 256 * 1024

    private let clients: OutboundClients
    private let userAgent: String

    /// - Parameter authorities: a PEM file of authorities that are trusted beside the system's.
    init(userAgent: String, authorities: String?, proxies: OutboundProxies = .none) {
        var tls = TLSConfiguration.makeClientConfiguration()
        if let authorities { tls.additionalTrustRoots = [.file(authorities)] }
        var configuration = HTTPClient.Configuration(
            tlsConfiguration: tls, redirectConfiguration: .disallow, timeout: .init(connect: .seconds(10), read: .seconds(30)))
        configuration.httpVersion = .http1Only
        configuration.connectionPool.retryConnectionEstablishment = false
        clients = OutboundClients(proxies, configuration)
        self.userAgent = userAgent
    }

    func send(_ method: HTTPMethod, _ url: String, body: [UInt8]?) async throws(ACMEError) -> ACMEAnswer {
        guard url.hasPrefix("https://") else { throw .invalid("the authority names '\(url.prefix(120))'") }
        var request = HTTPClientRequest(url: url)
        request.method = method
        request.headers.add(name: "User-Agent", value: userAgent)
        request.headers.add(name: "Accept-Language", value: "en")
        if let body {
            request.headers.add(name: "Content-Type", value: "application/jose+json")
            request.body = .bytes(body)
        }
        do {
            let response = try await clients.client(for: url).execute(request, timeout: .seconds(60))
            let answer = try await response.body.collect(upTo: Self.mostAnswerBytes)
            return ACMEAnswer(status: Int(response.status.code), headers: response.headers, body: Array(answer.readableBytesView))
        } catch {
            throw Self.failure(error, url)
        }
    }

    func close() async {
        await clients.close()
    }

    private static func failure(_ error: any Error, _ url: String) -> ACMEError {
        let host = url.dropFirst("https://".count).prefix { $0 != "/" }
        let reason: String =
            switch error {
            case is NIOTooManyBytesError: "its answer has more than \(mostAnswerBytes) bytes"
            case let error as NIOConnectionError:
                error.connectionErrors.first.map { connection in
                    (connection.error as? IOError).map { String(cString: strerror($0.errnoCode)) } ?? "\(connection.error)"
                } ?? "the host name cannot be resolved"
            case let error as HTTPClientError where [.connectTimeout, .readTimeout, .deadlineExceeded].contains(error):
                "no answer in time"
            case let error as NIOSSLError where "\(error)".contains("CERTIFICATE_VERIFY_FAILED"):
                "its certificate is of no authority that is trusted here (http.tls.letsencrypt.directoryca names further ones)"
            default: "\(error)"
            }
        return ACMEError(.unavailable, "the ACME server \(host) cannot be used: \(reason)")
    }
}
