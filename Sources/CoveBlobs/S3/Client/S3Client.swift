import AsyncHTTPClient
import CoveTelemetry
import Foundation
import Logging
import NIOCore
import NIOHTTP1
import NIOSSL
import Synchronization

/// Speaks S3's REST API about one bucket: signs, sends, repeats what failed for a passing reason, reads the answers.
/// One file an area of operations: `S3Client+Objects`, `+Multipart`, `+Listing`.
final class S3Client: Sendable {
    let options: S3Options
    let endpoint: S3Endpoint
    let transport: HTTPTransport
    let credentials: CredentialStore
    let policy: RetryPolicy
    let logger: Logger
    let statistics = S3Statistics()
    /// How far the service's clock is ahead of this machine's, once that has mattered.
    private let clockOffset = Mutex<TimeInterval>(0)
    /// Set to accept any certificate of the endpoint; what hands out credentials is verified always.
    private let tls: TLSConfiguration?

    /// - Throws: ``BlobStorageError/failed(_:)`` when the options cannot be used.
    init(_ options: S3Options, environment: [String: String], policy: RetryPolicy, logger: Logger) throws(BlobStorageError) {
        self.options = options
        endpoint = try S3Endpoint(options)
        self.policy = policy
        self.logger = logger
        if options.skipVerify {
            var tls = TLSConfiguration.makeClientConfiguration()
            tls.certificateVerification = .none
            self.tls = tls
        } else {
            tls = nil
        }
        transport = HTTPTransport(policy, proxies: options.proxies)
        credentials = CredentialStore(
            source: CredentialChain(options: options, environment: environment, transport: transport), logger: logger)
    }

    /// The time of the service, by which it judges signatures.
    var now: Date { Date().addingTimeInterval(clockOffset.withLock { $0 }) }

    /// Sends a request and reads the answer.
    ///
    /// - Throws: ``S3Error/refused(_:)`` for any answer that is no success, even one that says so only in its body.
    func send(_ request: S3Request, tries: Int? = nil, within limit: Duration? = nil) async throws(S3Error) -> HTTPTransport.Answer {
        try await repeating(request, tries: tries) { signed throws(S3Error) in
            let answer = try await transport.fetch(signed, sending: request.body, within: limit)
            if (200..<300).contains(answer.status), !Self.isError(answer) { return answer }
            throw .refused(.init(status: answer.status, headers: answer.headers, body: answer.body.readableBytesView))
        }
    }

    /// Sends a request and gives the answer as soon as its head is there.
    func open(_ request: S3Request) async throws(S3Error) -> HTTPClientResponse {
        try await repeating(request, tries: nil) { signed throws(S3Error) in
            let response = try await transport.open(signed)
            if (200..<300).contains(response.status.code) { return response }
            let answer = try await transport.collect(response)
            throw .refused(.init(status: answer.status, headers: answer.headers, body: answer.body.readableBytesView))
        }
    }

    /// The XML of an answer.
    ///
    /// - Parameter root: its name, or names, as not every service uses Amazon's.
    func document(_ answer: HTTPTransport.Answer, root: String...) throws(S3Error) -> XMLElement {
        guard let document = try? XMLReader.read(answer.body.readableBytesView), root.contains(document.name) else {
            throw .invalidAnswer("the service did not answer with a \(root[0]); is storage.s3.regionendpoint an S3 service's?")
        }
        return document
    }

    /// The time at which a signed URL begins to hold and what it is made with.
    func presign(_ key: String, query: [QueryItem], lifetime: Duration) async throws(S3Error) -> String {
        let signer = SigV4(credentials: try await credentials.current(), region: options.region, service: "s3")
        let path = endpoint.path(of: key)
        let query = signer.presignedQuery(
            method: "GET", host: endpoint.host, path: path, query: query, lifetime: lifetime, at: now)
        return "\(endpoint.origin)\(path)?\(query)"
    }

    // MARK: - Steps

    private func repeating<T>(
        _ request: S3Request, tries: Int?, _ attempt: (HTTPClientRequest) async throws(S3Error) -> T
    ) async throws(S3Error) -> T {
        let payloadHash = endpoint.isSecure ? SigV4.unsignedPayload : (request.body ?? RequestBody()).sha256
        let end = ContinuousClock.now + policy.limit
        var (tried, hasRenewed, hasSetClock) = (0, false, false)
        statistics.requests.add()
        while true {
            let keys = try await credentials.current()
            do throws(S3Error) {
                return try await attempt(sign(request, with: keys, payloadHash: payloadHash))
            } catch {
                if let refusal = error.refusal, refusal.mayBeExpired(keys), !hasRenewed {
                    hasRenewed = true
                    await credentials.forget(keys)
                    continue
                }
                if let date = error.refusal?.date, error.refusal?.isSkewed(from: now) == true, !hasSetClock {
                    hasSetClock = true
                    clockOffset.withLock { $0 = date.timeIntervalSinceNow }
                    logger.warning(
                        "this machine's clock and S3's differ; signing by S3's",
                        metadata: ["seconds": "\(Int(date.timeIntervalSinceNow))"])
                    continue
                }
                tried += 1
                guard error.isPassing, tried < tries ?? policy.tries, ContinuousClock.now < end else {
                    // That something is not there is an answer like any other.
                    if error.refusal?.isMissing != true { statistics.failures.add() }
                    throw error
                }
                statistics.retries.add()
                logger.debug(
                    "S3 request failed; trying again",
                    metadata: ["method": "\(request.method)", "key": "\(request.key ?? "")", "try": "\(tried)", "error": "\(error)"])
                do { try await Task.sleep(for: policy.pause(afterTry: tried)) } catch { throw .cancelled }
            }
        }
    }

    private func sign(_ request: S3Request, with keys: S3Credentials, payloadHash: String) -> HTTPClientRequest {
        let time = now
        var headers = request.headers.map { (name: $0.name.lowercased(), value: $0.value) }
        headers.append(("host", endpoint.host))
        headers.append(("x-amz-content-sha256", payloadHash))
        headers.append(("x-amz-date", AmazonTime.stamp(time)))
        if let token = keys.sessionToken { headers.append(("x-amz-security-token", token)) }
        let path = endpoint.path(of: request.key)
        let canonical = CanonicalRequest(
            method: request.method.rawValue, path: path, query: request.query, headers: headers, payloadHash: payloadHash)
        let signer = SigV4(credentials: keys, region: options.region, service: "s3")
        let query = request.query.isEmpty ? "" : "?\(request.query.canonical)"
        var signed = HTTPClientRequest(url: "\(endpoint.origin)\(path)\(query)")
        signed.method = request.method
        signed.headers = HTTPHeaders(headers.map { ($0.name, $0.value) })
        signed.headers.add(name: "authorization", value: signer.authorization(for: canonical, at: time))
        signed.headers.add(name: "user-agent", value: options.userAgent.map { "cove \($0)" } ?? "cove")
        signed.tlsConfiguration = tls
        return signed
    }

    /// Operations that take long answer 200 at once and say later, in the body, that they failed.
    private static func isError(_ answer: HTTPTransport.Answer) -> Bool {
        let start = String(decoding: answer.body.readableBytesView.prefix(512), as: UTF8.self)
        return start.contains("<Error") && (try? XMLReader.read(answer.body.readableBytesView))?.name == "Error"
    }
}
