import NIOCore

/// First in a connection's pipeline: closes it unless a complete request head arrives in time, which also covers a TLS
/// handshake that never ends, and closes an HTTP/2 connection that has had no stream for too long.
final class ConnectionDeadline: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer

    /// Beyond the idle time: HTTP/2 asks the client politely first (GOAWAY).
    private static let politeness = TimeAmount.seconds(10)

    private let headerTimeout: TimeAmount
    private let idleTimeout: TimeAmount
    private var timer: Scheduled<Void>?
    private var hasSeenHead = false
    private var streams = 0

    init(limits: ConnectionLimits) {
        headerTimeout = limits.headerTimeout
        idleTimeout = limits.idleTimeout
    }

    func handlerAdded(context: ChannelHandlerContext) {
        start(headerTimeout, context.channel)
    }

    func handlerRemoved(context: ChannelHandlerContext) { stop() }

    func channelInactive(context: ChannelHandlerContext) {
        stop()
        context.fireChannelInactive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        // A shutdown has begun, and nobody above would notice before there is a protocol.
        if event is ChannelShouldQuiesceEvent, !hasSeenHead {
            context.close(promise: nil)
        } else {
            context.fireUserInboundEventTriggered(event)
        }
    }

    /// A head has arrived on this HTTP/1 connection.
    func meet() {
        hasSeenHead = true
        stop()
    }

    /// A head has arrived on a stream of this HTTP/2 connection.
    func streamOpened() {
        meet()
        streams += 1
    }

    func streamClosed(of connection: any Channel) {
        streams -= 1
        if streams == 0, connection.isActive { start(idleTimeout + Self.politeness, connection) }
    }

    private func start(_ timeout: TimeAmount, _ channel: any Channel) {
        timer = channel.eventLoop.scheduleTask(in: timeout) { channel.close(promise: nil) }
    }

    private func stop() {
        timer?.cancel()
        timer = nil
    }
}
