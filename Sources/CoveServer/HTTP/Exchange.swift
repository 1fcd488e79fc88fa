import CoveMetadata
import CoveOCI
import HTTPTypes
import HummingbirdCore
import NIOCore
import NIOHTTPTypes
import Synchronization

/// One request on its way through the server, with what is found out about it as it goes.
struct Exchange: Sendable {
    let request: Request
    let channel: any Channel
    let requestID: String
    /// What has passed so far, for the log.
    let traffic = Traffic()
    /// `http` or `https`, as the client connected to this process.
    let scheme: String
    /// The request's path without the query, and the query, both as sent.
    let path: Substring
    let query: Substring
    /// The endpoint of the distribution API that it is for, once known; nil for anything else.
    var route: OCIRoute?
    /// Who asks, and what that may do, once known.
    var grant = Grant()
    /// The repository that the request is about, for the log.
    var repository: String?
    /// How URLs of this server are spelled, for events.
    var locations = LocationPolicy()

    init(request: Request, channel: any Channel, scheme: String) {
        self.request = request
        self.channel = channel
        self.scheme = scheme
        let target = request.head.path ?? "/"
        if let mark = target.utf8.firstIndex(of: UInt8(ascii: "?")) {
            path = target[..<mark]
            query = target[target.utf8.index(after: mark)...]
        } else {
            path = target[...]
            query = ""
        }
        requestID = RequestID.make(from: request.head.headerFields[.requestID])
    }

    var method: HTTPRequest.Method { request.head.method }
    var handler: RequestHandler { RequestHandler(route) }
    var headers: HTTPFields { request.head.headerFields }
    var user: String? { grant.user }

    /// Values of a query parameter, decoded, in order.
    func parameters(_ name: String) -> [String] {
        guard !query.isEmpty else { return [] }
        return query.split(separator: "&").compactMap { pair in
            let equals = pair.firstIndex(of: "=") ?? pair.endIndex
            guard PercentCoding.decode(pair[..<equals], plusIsSpace: true) == name else { return nil }
            let value =
                equals == pair.endIndex
                ? "" : PercentCoding.decode(pair[pair.index(after: equals)...], plusIsSpace: true)
            // No parameter of any API holds a NUL, and a database may end a text there.
            return value.utf8.contains(0) ? String(value.prefix { $0 != "\0" }) + "\u{FFFD}" : value
        }
    }

    func parameter(_ name: String) -> String? { parameters(name).first }

    /// The body's length as announced, in bytes.
    var contentLength: Int64? { headers[.contentLength].flatMap { Int64($0) } }

    /// The address of the client: as the connection has it, or as a proxy in front says.
    var clientAddress: String? {
        if let forwarded = headers[.forwardedFor]?.split(separator: ",").first {
            return String(forwarded.filter { $0 != " " }.prefix(64))
        }
        if let real = headers[.realIP] { return String(real.prefix(64)) }
        return channel.remoteAddress?.ipAddress ?? channel.parent?.remoteAddress?.ipAddress
    }

    /// The client's port; nil where a proxy in front speaks for the client.
    private var clientPort: Int? {
        guard headers[.forwardedFor] == nil, headers[.realIP] == nil else { return nil }
        return channel.remoteAddress?.port ?? channel.parent?.remoteAddress?.port
    }

    /// Who asks and how, for events.
    var origin: Event.Origin {
        Event.Origin(
            actor: user, requestID: requestID, method: method.rawValue, host: request.head.authority.map { String($0.prefix(255)) },
            address: clientAddress, port: clientPort, userAgent: headers[.userAgent].map { String($0.prefix(256)) },
            baseURL: locations.url("", for: self))
    }

    /// The request's body. Reading it tells a client that waits for it to go on (RFC 9110 section 10.1.1), so a request
    /// is refused before its body by not reading it.
    var body: ExpectedBody {
        ExpectedBody(
            body: request.body, length: contentLength, channel: isAwaitingContinue ? channel : nil, traffic: traffic)
    }

    /// Lets a short body that nobody wanted arrive, so that the answer is not ahead of it.
    ///
    /// A proxy that passes bodies on as they come (nginx, `proxy_request_buffering off`) keeps its promise to leave the
    /// client's connection open only if it has seen the whole request by the time of the answer. Of a long body, or one
    /// that the client holds back, the refusal is not kept waiting.
    ///
    /// - Throws: when the connection ends before the body does.
    func awaitUnreadBody() async throws {
        guard let length = contentLength, 1...Int64(Manifest.maximumSize) ~= length, !traffic.isBodyRead, !isAwaitingContinue else {
            return
        }
        for try await _ in body {}
    }

    /// Closes the way that this request came.
    var interrupt: @Sendable () -> Void {
        { [channel] in channel.close(mode: .all, promise: nil) }
    }

    /// Whether the client holds its body back until it is told to go on.
    var isAwaitingContinue: Bool {
        headers[.expect].map { $0.lowercased() == "100-continue" } ?? false
    }
}

/// Bytes of bodies that one exchange has moved.
final class Traffic: Sendable {
    private let receivedBytes = Atomic(0)
    private let sentBytes = Atomic(0)
    private let isReading = Atomic(false)

    var received: Int { receivedBytes.load(ordering: .relaxed) }
    /// Only of blobs that are sent in pieces.
    var sent: Int { sentBytes.load(ordering: .relaxed) }

    /// Whether anybody has begun to read the request's body.
    var isBodyRead: Bool { isReading.load(ordering: .relaxed) }

    func beginReading() { isReading.store(true, ordering: .relaxed) }
    func addReceived(_ bytes: Int) { receivedBytes.add(bytes, ordering: .relaxed) }
    func addSent(_ bytes: Int) { sentBytes.add(bytes, ordering: .relaxed) }
}

/// A request body that sends `100 Continue` when it is first read, if the client asked for that, and that fails when its
/// connection ends before it does.
struct ExpectedBody: AsyncSequence, Sendable {
    typealias Element = ByteBuffer

    /// The connection ended before the body did.
    struct BrokenOff: Error {}

    let body: RequestBody
    /// As announced; nil when the client does not know either.
    let length: Int64?
    let channel: (any Channel)?
    let traffic: Traffic

    struct AsyncIterator: AsyncIteratorProtocol {
        var iterator: RequestBody.AsyncIterator
        var missing: Int64?
        var channel: (any Channel)?
        let traffic: Traffic

        mutating func next() async throws -> ByteBuffer? {
            if let channel {
                self.channel = nil
                try await channel.writeAndFlush(HTTPResponsePart.head(HTTPResponse(status: .continue)))
            }
            guard let buffer = try await iterator.next() else {
                // A stream of HTTP/2 whose connection is gone just ends, and its task is cancelled.
                if missing.map({ $0 > 0 }) ?? Task.isCancelled { throw BrokenOff() }
                return nil
            }
            missing? -= Int64(buffer.readableBytes)
            traffic.addReceived(buffer.readableBytes)
            return buffer
        }
    }

    func makeAsyncIterator() -> AsyncIterator {
        traffic.beginReading()
        return AsyncIterator(iterator: body.makeAsyncIterator(), missing: length, channel: channel, traffic: traffic)
    }

    /// The whole body, at most `limit` bytes; nil when it is longer.
    func collect(upTo limit: Int) async throws -> ByteBuffer? {
        var whole = ByteBuffer()
        for try await piece in self {
            guard whole.readableBytes + piece.readableBytes <= limit else { return nil }
            whole.writeImmutableBuffer(piece)
        }
        return whole
    }
}
