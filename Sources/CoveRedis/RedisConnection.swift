import NIOCore
import NIOPosix
import NIOSSL

/// One connection, ready for commands. Several may be under way on it; Redis answers in order.
struct RedisConnection: Sendable {
    let address: RedisAddress
    private let channel: any Channel
    private let timeout: TimeAmount

    /// Connects, with TLS if there is a context. Nothing is said yet.
    static func open(
        _ address: RedisAddress, _ options: RedisOptions, tls: NIOSSLContext?, on group: any EventLoopGroup
    ) async throws(RedisError) -> RedisConnection {
        let timeout = TimeAmount(options.dialTimeout)
        let bootstrap = ClientBootstrap(group: group).connectTimeout(timeout).channelOption(.tcpOption(.tcp_nodelay), value: 1)
        do {
            let (channel, established) = try await bootstrap.connect(host: address.host, port: address.port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    guard let reader = ReplyReader() else { throw RedisError.unreachable(address, reason: "no memory") }
                    let established = channel.eventLoop.makePromise(of: Void.self)
                    let handler = ReplyHandler(
                        address: address, reader: reader, established: established, handshakeTimeout: tls == nil ? nil : timeout)
                    do {
                        let pipeline = channel.pipeline.syncOperations
                        if let tls {
                            try pipeline.addHandler(clientHandler(tls, name: options.tls?.serverName ?? address.host))
                        }
                        try pipeline.addHandler(IdleStateHandler(allTimeout: TimeAmount(options.idleTime)))
                        try pipeline.addHandler(handler)
                    } catch {
                        established.fail(error)
                        throw error
                    }
                    return (channel, established.futureResult)
                }
            }
            try await established.get()
            return RedisConnection(address: address, channel: channel, timeout: TimeAmount(options.commandTimeout))
        } catch {
            throw failure(error, address)
        }
    }

    /// - Throws: ``RedisError``; ``RedisError/refused(command:code:)`` for an error that Redis answered.
    func send(_ command: RedisCommand) async throws(RedisError) -> RedisReply {
        let reply = channel.eventLoop.makePromise(of: RedisReply.self)
        let exchange = Exchange(command: command, reply: reply, deadline: .now() + timeout)
        channel.writeAndFlush(exchange).whenFailure { reply.fail(RedisError(losing: address, to: $0)) }
        let answer: RedisReply
        do {
            answer = try await reply.futureResult.get()
        } catch {
            throw RedisError(losing: address, to: error)
        }
        if case .error(let text) = answer { throw .refused(command: command.name, code: RedisReply.code(of: text)) }
        return answer
    }

    func close() {
        channel.close(promise: nil)
    }

    func whenClosed(_ body: @escaping @Sendable () -> Void) {
        channel.closeFuture.whenComplete { _ in body() }
    }

    private static func clientHandler(_ tls: NIOSSLContext, name: String) throws -> NIOSSLClientHandler {
        do {
            return try NIOSSLClientHandler(context: tls, serverHostname: name)
        } catch let error as NIOSSLExtraError where error == .cannotUseIPAddressInSNI {
            // The certificate is then compared with the address itself.
            return try NIOSSLClientHandler(context: tls, serverHostname: nil)
        }
    }

    /// Why there is no connection.
    private static func failure(_ error: any Error, _ address: RedisAddress) -> RedisError {
        switch error {
        case let error as RedisError: return error
        case let error as ChannelError:
            if case .connectTimeout = error { return .timedOut(address) }
            return .unreachable(address, reason: "\(error)")
        case let error as NIOConnectionError:
            guard let reason = error.connectionErrors.first?.error ?? error.dnsAError ?? error.dnsAAAAError else {
                return .timedOut(address)
            }
            return failure(reason, address)
        default: return .unreachable(address, reason: "\(error)")
        }
    }
}

extension RedisError {
    /// Why a connection ended.
    init(losing address: RedisAddress, to error: any Error) {
        switch error {
        case let error as RedisError: self = error
        case is IOError, is ChannelError: self = .disconnected(address)
        case let error as NIOSSLError where error == .uncleanShutdown: self = .disconnected(address)
        default: self = .unreachable(address, reason: "\(error)")
        }
    }
}
