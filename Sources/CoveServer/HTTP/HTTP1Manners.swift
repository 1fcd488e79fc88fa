import CoveOCI
import HTTPTypes
import NIOCore
import NIOHTTP1

/// What HTTP/1 asks for and the layers above do not know of.
///
/// - A connection is closed when the client said so or speaks HTTP/1.0 (RFC 9112 section 9.3), after the refusal of a
///   body that the client was never told to send, as it may send it or not (RFC 9110 section 10.1.1), after the offer of
///   another protocol, which is declined by answering in this one (RFC 9110 section 7.8), and when the server is going.
/// - A request without exactly one `Host`, or with a transfer coding other than chunked, is refused (RFC 9112 sections
///   3.2 and 6.3).
/// - Bytes that are no request are answered in the protocol's envelope.
///
/// Stands between the HTTP/1 parser and the conversion to version-independent parts. After a parser's error the server
/// above writes a bare 400, in order behind the responses that are still due; its head is replaced here.
final class HTTP1Manners: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    private let farewell: Farewell?
    private let headers: HTTPHeaders
    private var failure: OCIFailure?
    /// Requests that have not been answered to the end.
    private var owed = 0
    private var closesAfterResponse = false
    /// The client holds its body back and has not been told to go on.
    private var isAwaitingContinue = false

    /// - Parameters:
    ///   - farewell: says when each answer is to be the connection's last.
    ///   - headers: `http.headers`, for the answers that are made here.
    init(farewell: Farewell? = nil, headers: HTTPHeaders = [:]) {
        self.farewell = farewell
        self.headers = headers
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard failure == nil else { return }
        guard case .head(var head) = unwrapInboundIn(data) else { return context.fireChannelRead(data) }
        let isHTTP10 = head.version.major == 1 && head.version.minor == 0
        if let refusal = Self.refusal(of: head, isHTTP10: isHTTP10) {
            failure = refusal
            return context.fireErrorCaught(HTTPParserError.unknown)
        }
        owed += 1
        closesAfterResponse = !head.isKeepAlive || Self.endsParsing(head)
        // HTTP/1.0 knows no interim responses.
        if isHTTP10 { head.headers.remove(name: "Expect") }
        isAwaitingContinue = head.headers[canonicalForm: "Expect"].contains { $0.lowercased() == "100-continue" }
        context.fireChannelRead(wrapInboundOut(.head(head)))
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if failure == nil, let error = error as? HTTPParserError { failure = Self.failure(for: error) }
        context.fireErrorCaught(error)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head(let head) where owed == 0:
            guard let failure else { return context.write(data, promise: promise) }
            refuse(context, failure, version: head.version, promise: promise)
        case .head(var head):
            if head.status == .continue {
                isAwaitingContinue = false
            } else if head.status.code >= 200 {
                if isAwaitingContinue || farewell?.isLeaving == true { closesAfterResponse = true }
                if closesAfterResponse { head.headers.replaceOrAdd(name: "Connection", value: "close") }
            }
            context.write(wrapOutboundOut(.head(head)), promise: promise)
        case .end where owed > 0:
            owed -= 1
            guard closesAfterResponse, owed == 0 else { return context.write(data, promise: promise) }
            context.writeAndFlush(data, promise: promise)
            context.close(promise: nil)
        default: context.write(data, promise: promise)
        }
    }

    private func refuse(
        _ context: ChannelHandlerContext, _ failure: OCIFailure, version: HTTPVersion, promise: EventLoopPromise<Void>?
    ) {
        let body = failure.envelope
        var head = HTTPResponseHead(version: version, status: HTTPResponseStatus(statusCode: failure.status.code))
        head.headers.add(name: "Connection", value: "close")
        head.headers.add(name: "Content-Type", value: "application/json")
        head.headers.add(name: "Content-Length", value: String(body.readableBytes))
        head.headers.add(name: "Date", value: Timestamp.httpDate())
        for field in failure.headers { head.headers.add(name: field.name.rawName, value: field.value) }
        let own = Set(head.headers.map { $0.name.lowercased() })
        for header in headers where !own.contains(header.name.lowercased()) { head.headers.add(name: header.name, value: header.value) }
        context.write(wrapOutboundOut(.head(head)), promise: promise)
        context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
    }

    /// After these the parser reads no further request: it leaves the connection to another protocol, which is never
    /// spoken here. Java's client and curl offer h2c with their first request.
    private static func endsParsing(_ head: HTTPRequestHead) -> Bool {
        head.method == .CONNECT
            || head.headers.contains(name: "Upgrade")
                && head.headers[canonicalForm: "Connection"].contains { $0.lowercased() == "upgrade" }
    }

    private static func refusal(of head: HTTPRequestHead, isHTTP10: Bool) -> OCIFailure? {
        let hosts = head.headers["Host"].count
        if hosts > 1 || hosts == 0 && !isHTTP10 {
            return OCIFailure(
                status: .badRequest, code: .unsupported, message: "a request needs exactly one Host header, not \(hosts)")
        }
        let codings = head.headers[canonicalForm: "Transfer-Encoding"]
        if !codings.isEmpty, codings.count > 1 || codings[0].lowercased() != "chunked" {
            return OCIFailure(
                status: .badRequest, code: .unsupported, message: "the only transfer coding that is understood is chunked")
        }
        return nil
    }

    private static func failure(for error: HTTPParserError) -> OCIFailure {
        switch error {
        case .invalidMethod:
            OCIFailure(
                status: .methodNotAllowed, code: .unsupported, message: "the request's method is not one that this server knows",
                headers: [.allow: "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"])
        case .headerOverflow:
            OCIFailure(
                status: .requestHeaderFieldsTooLarge, code: .unsupported,
                message: "the request's head is larger than http.limits.maxheaderbytes allows")
        default:
            OCIFailure(
                status: .badRequest, code: .unsupported, message: "the request is not well-formed HTTP/1.1 (\(error))")
        }
    }
}
