import CoveACME
import NIOCore
import NIOSSL

/// Before TLS in a connection's pipeline: looks at what the client says first. Validations of TLS-ALPN-01 ask for a protocol
/// of their own (RFC 8737 section 3) and get a handshake of their own; everybody else's bytes are passed on as they are.
final class TLSALPNHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private let challenges: ChallengeBoard
    private var held = ByteBuffer()
    private var isAsking = false
    private var isDecided = false

    init(_ challenges: ChallengeBoard) {
        self.challenges = challenges
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isDecided else { return context.fireChannelRead(data) }
        held.writeImmutableBuffer(unwrapInboundIn(data))
        guard !isAsking else { return }
        switch ClientHello.read(held) {
        case .incomplete: break
        case .hello(let hello) where hello.protocols == [PendingChallenge.alpn]: ask(hello.serverName ?? "", context)
        case .hello, .other:
            pass(context)
            context.pipeline.syncOperations.removeHandler(self, promise: nil)
        }
    }

    private func pass(_ context: ChannelHandlerContext) {
        isDecided = true
        let bytes = held
        held = ByteBuffer()
        context.fireChannelRead(wrapInboundOut(bytes))
        context.fireChannelReadComplete()
    }

    private func ask(_ host: String, _ context: ChannelHandlerContext) {
        isAsking = true
        let answer = context.eventLoop.makeFutureWithTask { [challenges] in
            try await challenges.challenge(.tlsALPN01, for: host)?.validationContext()
        }
        answer.assumeIsolated().whenComplete { result in
            guard context.channel.isActive, case .success(let tls?) = result else { return context.close(promise: nil) }
            do {
                let handler = NIOSSLServerHandler(context: tls)
                try context.pipeline.syncOperations.addHandler(handler, position: .after(self))
                try context.pipeline.syncOperations.addHandler(ValidationEnd(), position: .after(handler))
            } catch {
                return context.close(promise: nil)
            }
            self.pass(context)
        }
    }
}

/// What is behind a validation's handshake: nothing. The authority has seen the certificate and goes (RFC 8737 section 3).
private final class ValidationEnd: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    func channelRead(context: ChannelHandlerContext, data: NIOAny) { context.close(promise: nil) }

    func channelReadComplete(context: ChannelHandlerContext) {}

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is ChannelShouldQuiesceEvent { context.close(promise: nil) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
