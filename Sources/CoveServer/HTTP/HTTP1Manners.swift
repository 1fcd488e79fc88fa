import CoveOCI
import HTTPTypes
import NIOCore
import NIOHTTP1

/// What HTTP/1 asks for and the layers above do not know of: a client of HTTP/1.0 finds its connection closed
/// (RFC 9112 section 9.3), and bytes that are no request are answered in the protocol's envelope.
///
/// Stands between the HTTP/1 parser and the conversion to version-independent parts. After a parser's error the server
/// above writes a bare 400, in order behind the responses that are still due; its head is replaced here.
final class HTTP1Manners: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    private var error: HTTPParserError?
    /// Requests that have not been answered to the end.
    private var owed = 0
    private var closesAfterResponse = false

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if case .head(let head) = unwrapInboundIn(data) {
            owed += 1
            closesAfterResponse = head.version.major == 1 && head.version.minor == 0 && !head.isKeepAlive
        }
        context.fireChannelRead(data)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if let error = error as? HTTPParserError { self.error = error }
        context.fireErrorCaught(error)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head(let head) where owed == 0:
            guard let error else { return context.write(data, promise: promise) }
            let failure = Self.failure(for: error)
            let body = failure.envelope
            var refusal = HTTPResponseHead(
                version: head.version, status: HTTPResponseStatus(statusCode: failure.status.code))
            refusal.headers.add(name: "Connection", value: "close")
            refusal.headers.add(name: "Content-Type", value: "application/json")
            refusal.headers.add(name: "Content-Length", value: String(body.readableBytes))
            for field in failure.headers { refusal.headers.add(name: field.name.rawName, value: field.value) }
            context.write(wrapOutboundOut(.head(refusal)), promise: promise)
            context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
        case .head(var head) where closesAfterResponse && head.status.code >= 200:
            head.headers.replaceOrAdd(name: "Connection", value: "close")
            context.write(wrapOutboundOut(.head(head)), promise: promise)
        case .end where owed > 0:
            owed -= 1
            guard closesAfterResponse, owed == 0 else { return context.write(data, promise: promise) }
            context.writeAndFlush(data, promise: promise)
            context.close(promise: nil)
        default: context.write(data, promise: promise)
        }
    }

    private static func failure(for error: HTTPParserError) -> OCIFailure {
        switch error {
        case .invalidMethod:
            OCIFailure(
                status: .methodNotAllowed, code: .unsupported, message: "the request's method is not one that this server knows",
                headers: [.allow: "GET, HEAD, POST, PUT, PATCH, DELETE"])
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
