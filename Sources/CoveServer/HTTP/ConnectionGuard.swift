import CoveTelemetry
import HTTPTypes
import NIOCore
import NIOHTTP1
import NIOHTTPTypes
import NIOHTTPTypesHTTP1

/// What one connection may cost (`http.limits`).
struct ConnectionLimits: Sendable {
    var headerTimeout = TimeAmount.seconds(30)
    var idleTimeout = TimeAmount.seconds(75)
    var bodyTimeout = TimeAmount.seconds(30)
    /// Bytes a second, averaged over ``ConnectionGuard/window``; 0 for no minimum.
    var minimumBodyRate = 1024
    var maximumHeaderBytes = 64 * 1024
    var maximumConnections = 8192

    func with(connections: Int) -> ConnectionLimits {
        var limits = self
        limits.maximumConnections = connections
        return limits
    }
}

/// Watches the bodies of requests and responses: a client that dribbles, or does not take what it asked for, is cut off,
/// and so is one that was refused but goes on sending.
final class ConnectionGuard: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    /// Over which the body rate is averaged.
    static let window = TimeAmount.seconds(30)
    /// How much of a body is still read, to no use, after the response has gone out. Bytes.
    private static let tolerance = 64 * 1024 * 1024

    private let limits: ConnectionLimits
    private let farewell: Farewell?
    private let meter: ListenerMeter?
    private let headers: HTTPHeaders
    private var sendWatch: SendWatch?
    private var hasSeenHead = false
    private var isReceiving = false
    /// Requests that have not been answered to the end.
    private var owed = 0
    private var isWaitingForClient = false
    private var received = 0
    private var unwanted = 0
    private var lastReceived = 0
    private var windowStart = NIODeadline.now()
    private var windowReceived = 0
    private var timer: Scheduled<Void>?

    /// - Parameters:
    ///   - meter: counts the bytes of bodies.
    ///   - headers: `http.headers`, for answers to what is no request.
    init(limits: ConnectionLimits, farewell: Farewell? = nil, meter: ListenerMeter? = nil, headers: HTTPHeaders = [:]) {
        self.limits = limits
        self.farewell = farewell
        self.meter = meter
        self.headers = headers
    }

    func handlerAdded(context: ChannelHandlerContext) {
        sendWatch = SendWatch(limits: limits, isStream: Self.connection(of: context) != nil)
        // Only HTTP/1 has this codec; the streams of HTTP/2 need no manners.
        let pipeline = context.pipeline.syncOperations
        guard let codec = try? pipeline.handler(type: HTTP1ToHTTPServerCodec.self) else { return }
        do {
            try pipeline.addHandlers(
                [BodyGatherer(), HTTP1Manners(farewell: farewell, headers: headers)], position: .before(codec))
        } catch {
            context.fireErrorCaught(error)
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            meetDeadline(context)
            begin(head)
        case .body(let bytes):
            received += bytes.readableBytes
            meter?.received.add(bytes.readableBytes)
            if owed == 0 {
                unwanted += bytes.readableBytes
                if unwanted > Self.tolerance {
                    context.close(promise: nil)
                    return
                }
            }
            if timer == nil { watch(context) }
        case .end:
            isReceiving = false
            timer?.cancel()
            timer = nil
        }
        isWaitingForClient = false
        context.fireChannelRead(data)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        // A head whose body has not begun to arrive.
        if isReceiving, timer == nil { watch(context) }
        context.fireChannelReadComplete()
    }

    /// Nobody reads while the server is the slower side; such time is not held against the client.
    func read(context: ChannelHandlerContext) {
        isWaitingForClient = true
        context.read()
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head: break
        case .body(let bytes): meter?.sent.add(bytes.readableBytes)
        case .end: owed = max(0, owed - 1)
        }
        context.write(data, promise: promise)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        sendWatch?.writabilityChanged(context.channel)
        context.fireChannelWritabilityChanged()
    }

    func handlerRemoved(context: ChannelHandlerContext) { stop(context) }

    func channelInactive(context: ChannelHandlerContext) {
        stop(context)
        context.fireChannelInactive()
    }

    private func stop(_ context: ChannelHandlerContext) {
        timer?.cancel()
        timer = nil
        sendWatch?.stop()
        guard hasSeenHead, let connection = Self.connection(of: context) else { return }
        hasSeenHead = false
        connection.deadline.streamClosed(of: connection.channel)
    }

    private func begin(_ head: HTTPRequest) {
        farewell?.noteRequest()
        isReceiving = true
        owed += 1
        received = 0
        unwanted = 0
        lastReceived = 0
        windowReceived = 0
        windowStart = .now()
    }

    private func meetDeadline(_ context: ChannelHandlerContext) {
        guard !hasSeenHead else { return }
        hasSeenHead = true
        if let deadline = try? context.pipeline.syncOperations.handler(type: ConnectionDeadline.self) {
            deadline.meet()
        } else {
            Self.connection(of: context)?.deadline.streamOpened()
        }
    }

    /// The connection of an HTTP/2 stream, with its deadline; nil for an HTTP/1 connection.
    private static func connection(
        of context: ChannelHandlerContext
    ) -> (channel: any Channel, deadline: ConnectionDeadline)? {
        guard let connection = context.channel.parent, connection.eventLoop.inEventLoop,
            let deadline = try? connection.pipeline.syncOperations.handler(type: ConnectionDeadline.self)
        else { return nil }
        return (connection, deadline)
    }

    private func watch(_ context: ChannelHandlerContext) {
        let step = min(limits.bodyTimeout, Self.window)
        let bound = NIOLoopBound(Unmanaged.passUnretained(context), eventLoop: context.eventLoop)
        timer = context.eventLoop.assumeIsolated().scheduleTask(in: step) { [weak self] in
            guard let self, self.timer != nil else { return }
            self.timer = nil
            self.check(bound.value.takeUnretainedValue())
        }
    }

    private func check(_ context: ChannelHandlerContext) {
        guard isReceiving else { return }
        let isSilent = received == lastReceived
        lastReceived = received
        let elapsed = NIODeadline.now() - windowStart
        if isWaitingForClient {
            let isSlow =
                elapsed >= Self.window && limits.minimumBodyRate > 0
                && Double(received - windowReceived) < Double(limits.minimumBodyRate) * Double(elapsed.nanoseconds) / 1e9
            if isSilent || isSlow {
                context.close(promise: nil)
                return
            }
        }
        if elapsed >= Self.window || !isWaitingForClient {
            windowStart = .now()
            windowReceived = received
        }
        watch(context)
    }
}
