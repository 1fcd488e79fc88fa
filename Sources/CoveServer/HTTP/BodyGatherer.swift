import NIOCore
import NIOHTTP1

/// Joins the chunks of a body that one read of the socket brought.
///
/// Docker sends a layer in chunks of 32 KiB. What is above counts parts, not bytes, before it stops reading, so each small
/// part would cost it a share of a stop, and of a wake-up. A part that comes alone is passed on as it is.
final class BodyGatherer: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart

    /// Bytes that are passed on together at most, but for a part that is larger by itself.
    private static let most = 256 * 1024

    private var gathered: ByteBuffer?
    /// Whether `gathered` is storage of this object's own.
    private var isOwn = false

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .body(var bytes) = unwrapInboundIn(data) else {
            pass(context)
            return context.fireChannelRead(data)
        }
        if let gathered, gathered.readableBytes + bytes.readableBytes > Self.most { pass(context) }
        guard var whole = gathered.take() else {
            gathered = bytes
            return
        }
        if !isOwn {
            // A dribble of small chunks must not pin much more than it brings.
            let size = whole.readableBytes + bytes.readableBytes
            var storage = context.channel.allocator.buffer(capacity: size < 16 * 1024 ? size : Self.most)
            storage.writeBuffer(&whole)
            whole = storage
            isOwn = true
        }
        whole.writeBuffer(&bytes)
        gathered = whole
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        pass(context)
        context.fireChannelReadComplete()
    }

    func channelInactive(context: ChannelHandlerContext) {
        pass(context)
        context.fireChannelInactive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        pass(context)
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        pass(context)
        context.fireErrorCaught(error)
    }

    func handlerRemoved(context: ChannelHandlerContext) { gathered = nil }

    private func pass(_ context: ChannelHandlerContext) {
        guard let bytes = gathered.take() else { return }
        isOwn = false
        context.fireChannelRead(wrapInboundOut(.body(bytes)))
    }
}
