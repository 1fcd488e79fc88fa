import AsyncHTTPClient
import CoveOutbound
import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// Sends single HTTP requests, for S3 and for what hands out credentials. Never follows a redirect, never repeats.
final class HTTPTransport: Sendable {
    /// An answer whose body has been read.
    struct Answer: Sendable {
        let status: Int
        let headers: HTTPHeaders
        let body: ByteBuffer
    }

    /// A page of a listing has some 400 KiB.
    private static let mostAnswerBytes = 8 * 1024 * 1024

    private let clients: OutboundClients
    private let stall: Duration

    init(_ policy: RetryPolicy, proxies: OutboundProxies = .none) {
        var configuration = HTTPClient.Configuration(
            redirectConfiguration: .disallow,
            timeout: .init(connect: .nanoseconds(policy.connect.nanoseconds), read: .nanoseconds(policy.stall.nanoseconds)))
        configuration.httpVersion = .http1Only
        // A blob that is being read holds a connection for as long as its client takes: how many there may be is for the
        // server to say, which limits the clients'.
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 16_384
        configuration.connectionPool.idleTimeout = .seconds(30)
        // Whether to try again is for whoever asked to say: it knows what may be repeated, and for how long.
        configuration.connectionPool.retryConnectionEstablishment = false
        clients = OutboundClients(proxies, configuration)
        stall = policy.stall
    }

    func close() async {
        await clients.close()
    }

    /// Sends a request and waits for the head of the answer. Its body is read as it is asked for.
    func open(_ request: HTTPClientRequest, sending body: RequestBody? = nil, within limit: Duration? = nil) async throws(S3Error)
        -> HTTPClientResponse
    {
        let deadline: NIODeadline = limit.map { .now() + .nanoseconds($0.nanoseconds) } ?? .distantFuture
        do {
            guard let body, body.length > 0 else {
                return try await clients.client(for: request.url).execute(request, deadline: deadline)
            }
            return try await send(request, body, deadline)
        } catch {
            throw S3Error(transport: error, stall: stall)
        }
    }

    /// Sends a request and reads the whole answer.
    func fetch(_ request: HTTPClientRequest, sending body: RequestBody? = nil, within limit: Duration? = nil) async throws(S3Error)
        -> Answer
    {
        let response = try await open(request, sending: body, within: limit)
        return try await collect(response)
    }

    func collect(_ response: HTTPClientResponse) async throws(S3Error) -> Answer {
        do {
            let body = try await response.body.collect(upTo: Self.mostAnswerBytes)
            return Answer(status: Int(response.status.code), headers: response.headers, body: body)
        } catch is NIOTooManyBytesError {
            throw .invalidAnswer("an answer of more than \(Self.mostAnswerBytes) bytes")
        } catch {
            throw S3Error(transport: error, stall: stall)
        }
    }

    /// The client itself does not notice when the other end stops taking a body: it waits for the socket without end.
    private func send(_ request: HTTPClientRequest, _ body: RequestBody, _ deadline: NIODeadline) async throws -> HTTPClientResponse {
        let progress = SendProgress()
        var request = request
        request.body = .stream(BodyStream(body: body, progress: progress), length: .known(Int64(body.length)))
        let client = clients.client(for: request.url)
        return try await withThrowingTaskGroup(of: HTTPClientResponse?.self) { [stall, request] group in
            group.addTask { try await client.execute(request, deadline: deadline) }
            group.addTask {
                try await progress.watch(stall: stall)
                return nil
            }
            while let response = try await group.next() {
                guard let response else { continue }
                group.cancelAll()
                return response
            }
            throw S3Error.cancelled
        }
    }
}

extension S3Error {
    /// What the HTTP client threw.
    init(transport error: any Error, stall: Duration) {
        switch error {
        case let error as S3Error: self = error
        case is CancellationError: self = .cancelled
        case let error as HTTPClientError where error == .cancelled: self = .cancelled
        case let error as HTTPClientError where error == .readTimeout: self = .stalled(stall)
        case let error as HTTPClientError where error == .connectTimeout || error == .deadlineExceeded:
            self = .unreachable("no answer in time")
        case let error as HTTPClientError where error == .getConnectionFromPoolTimeout:
            self = .unreachable("no connection in time")
        case let error as NIOConnectionError: self = .unreachable(Self.text(of: error))
        case let error as NIOSSLError: self = .unreachable(Self.text(of: error))
        default: self = .unreachable("\(error)")
        }
    }

    private static func text(of error: NIOSSLError) -> String {
        guard "\(error)".contains("CERTIFICATE_VERIFY_FAILED") else { return "TLS failed: \(error)" }
        return "the certificate is not of an authority that this machine trusts (storage.s3.skipverify would accept it)"
    }

    private static func text(of error: NIOConnectionError) -> String {
        if let failure = error.connectionErrors.first?.error {
            if let failure = failure as? IOError { return "cannot connect: \(String(cString: strerror(failure.errnoCode)))" }
            return "cannot connect: \(failure)"
        }
        return "the host name \(error.host) cannot be resolved"
    }
}
