import NIOCore
import NIOTLS

/// A command under way and whoever waits for its reply.
struct Exchange: Sendable {
    let command: RedisCommand
    let reply: EventLoopPromise<RedisReply>
    let deadline: NIODeadline
}

/// Gives each reply to the command that it answers, in order. A command that is not answered in time ends the
/// connection, as nobody could tell any more which reply is whose. So does a TLS handshake that takes too long.
final class ReplyHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = Exchange
    typealias OutboundOut = ByteBuffer

    private let address: RedisAddress
    private let reader: ReplyReader
    /// Succeeds when commands can be sent.
    private let established: EventLoopPromise<Void>
    private let handshakeTimeout: TimeAmount?
    private var pending = CircularBuffer<Exchange>()
    private var timer: Scheduled<Void>?

    /// - Parameter handshakeTimeout: nil for a connection without TLS.
    init(address: RedisAddress, reader: ReplyReader, established: EventLoopPromise<Void>, handshakeTimeout: TimeAmount?) {
        self.address = address
        self.reader = reader
        self.established = established
        self.handshakeTimeout = handshakeTimeout
    }

    func channelActive(context: ChannelHandlerContext) {
        if let handshakeTimeout {
            timer = context.eventLoop.assumeIsolated().scheduleTask(in: handshakeTimeout) {
                self.end(context, .timedOut(self.address))
            }
        } else {
            established.succeed()
        }
        context.fireChannelActive()
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        let exchange = unwrapOutboundIn(data)
        pending.append(exchange)
        watch(context)
        var buffer = context.channel.allocator.buffer(capacity: 256)
        exchange.command.encode(into: &buffer)
        context.write(wrapOutboundOut(buffer), promise: promise)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        do throws(ReplyReader.Malformed) {
            try reader.feed(unwrapInboundIn(data))
            while let reply = try reader.next() {
                guard let exchange = pending.popFirst() else { throw ReplyReader.Malformed() }
                exchange.reply.succeed(reply)
            }
        } catch {
            end(context, .badReply(address))
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is IdleStateHandler.IdleStateEvent, pending.isEmpty { context.close(promise: nil) }
        if case .handshakeCompleted? = event as? TLSUserEvent {
            timer?.cancel()
            timer = nil
            established.succeed()
        }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        end(context, RedisError(losing: address, to: error))
    }

    func channelInactive(context: ChannelHandlerContext) {
        end(context, .disconnected(address))
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        end(context, .disconnected(address))
    }

    private func end(_ context: ChannelHandlerContext, _ error: RedisError) {
        timer?.cancel()
        timer = nil
        established.fail(error)
        while let exchange = pending.popFirst() { exchange.reply.fail(error) }
        context.close(promise: nil)
    }

    /// Sees to it that the oldest command is looked at when its time is over.
    private func watch(_ context: ChannelHandlerContext) {
        guard timer == nil, let oldest = pending.first else { return }
        timer = context.eventLoop.assumeIsolated().scheduleTask(deadline: oldest.deadline) {
            self.timer = nil
            guard let oldest = self.pending.first else { return }
            if oldest.deadline <= .now() {
                self.end(context, .timedOut(self.address))
            } else {
                self.watch(context)
            }
        }
    }
}
