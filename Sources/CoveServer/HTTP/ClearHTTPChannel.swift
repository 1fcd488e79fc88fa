import HummingbirdCore
import HummingbirdHTTP2
import Logging
import NIOCore

/// Connections without TLS on which a client may begin with HTTP/2 (`http.h2c`; RFC 9113 section 3.3, "prior
/// knowledge"); whoever begins otherwise speaks HTTP/1.
struct ClearHTTPChannel: ServerChildChannel {
    enum Negotiated: Sendable {
        case http1(HTTP1Channel.Value)
        case http2(HTTP2Channel.Value)
    }

    struct Value: ServerChildChannelValue {
        let negotiated: EventLoopFuture<Negotiated>
        let channel: any Channel
    }

    let http1: HTTP1Channel
    let http2: HTTP2Channel

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        channel.eventLoop.makeCompletedFuture {
            let promise = channel.eventLoop.makePromise(of: Negotiated.self)
            let sniffer = PrefaceSniffer { isHTTP2 in
                if isHTTP2 {
                    http2.setup(channel: channel, logger: logger).map { Negotiated.http2($0) }.cascade(to: promise)
                } else {
                    http1.setup(channel: channel, logger: logger).map { Negotiated.http1($0) }.cascade(to: promise)
                }
            } onFailure: {
                promise.fail(ChannelError.eof)
            }
            do {
                try channel.pipeline.syncOperations.addHandler(sniffer)
            } catch {
                promise.fail(error)
                throw error
            }
            return Value(negotiated: promise.futureResult, channel: channel)
        }
    }

    func handle(value: Value, logger: Logger) async {
        switch try? await value.negotiated.get() {
        case .http1(let channel): await http1.handle(value: channel, logger: logger)
        case .http2(let channel): await http2.handle(value: channel, logger: logger)
        case nil: break
        }
    }
}

/// Holds back what a client sends first until it is clear whether that is HTTP/2's preface (RFC 9113 section 3.4).
final class PrefaceSniffer: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)

    private let decide: (Bool) -> Void
    private let fail: () -> Void
    private var held: ByteBuffer?
    private var isDecided = false

    /// - Parameters:
    ///   - decide: told whether it is HTTP/2; adds the handlers of the protocol.
    ///   - onFailure: told when the connection ended before that.
    init(_ decide: @escaping (Bool) -> Void, onFailure fail: @escaping () -> Void) {
        self.decide = decide
        self.fail = fail
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isDecided else { return context.fireChannelRead(data) }
        var bytes = held ?? ByteBuffer()
        bytes.writeImmutableBuffer(unwrapInboundIn(data))
        held = bytes
        let start = bytes.readableBytesView.prefix(Self.preface.count)
        let isPreface = start.elementsEqual(Self.preface.prefix(start.count))
        guard !isPreface || start.count == Self.preface.count else { return }
        isDecided = true
        held = nil
        decide(isPreface)
        context.fireChannelRead(wrapInboundOut(bytes))
        context.fireChannelReadComplete()
        context.pipeline.syncOperations.removeHandler(self, promise: nil)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if !isDecided, case .some(.inputClosed) = event as? ChannelEvent {
            context.close(promise: nil)
        } else {
            context.fireUserInboundEventTriggered(event)
        }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        guard !isDecided else { return }
        isDecided = true
        fail()
    }
}
