import NIOCore
import NIOPosix
import NIOSSL

/// A way to a syslog server. It is made anew whenever it broke.
struct SyslogConnection: Sendable {
    private let channel: any Channel
    private let endpoint: SyslogEndpoint

    private static let connectTimeout = TimeAmount.seconds(10)

    /// - Parameter tls: for an endpoint over TLS.
    static func open(_ endpoint: SyslogEndpoint, tls: NIOSSLContext?) async throws -> SyslogConnection {
        let group = MultiThreadedEventLoopGroup.singleton
        let channel: any Channel
        switch endpoint.transport {
        case .udp:
            channel = try await DatagramBootstrap(group: group).connect(host: endpoint.host, port: endpoint.port).get()
        case .tcp:
            channel = try await ClientBootstrap(group: group).connectTimeout(connectTimeout)
                .connect(host: endpoint.host, port: endpoint.port).get()
        case .tls:
            guard let tls else { throw Broken(description: "there is no TLS configuration") }
            let name = endpoint.host.contains(":") || endpoint.host.allSatisfy { $0.isNumber || $0 == "." } ? nil : endpoint.host
            channel = try await ClientBootstrap(group: group).connectTimeout(connectTimeout)
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(NIOSSLClientHandler(context: tls, serverHostname: name))
                    }
                }
                .connect(host: endpoint.host, port: endpoint.port).get()
        }
        return SyslogConnection(channel: channel, endpoint: endpoint)
    }

    /// Whether the server has not closed it, as far as is known.
    var isOpen: Bool { channel.isActive }

    /// Returns when the system has taken all of them: nothing in syslog says that they arrived.
    func send(_ messages: [String]) async throws {
        guard isOpen else { throw Broken(description: "the server closed the connection") }
        if endpoint.transport == .udp {
            for message in messages {
                let envelope = AddressedEnvelope(
                    remoteAddress: try remote, data: channel.allocator.buffer(string: message))
                try await channel.writeAndFlush(envelope)
            }
            return
        }
        var buffer = channel.allocator.buffer(capacity: messages.reduce(0) { $0 + $1.utf8.count + 8 })
        for message in messages { buffer.writeString(SyslogMessage.framed(message)) }
        try await channel.writeAndFlush(buffer)
        guard isOpen else { throw Broken(description: "the server closed the connection") }
    }

    private var remote: SocketAddress {
        get throws {
            guard let address = channel.remoteAddress else { throw Broken(description: "there is no address to send to") }
            return address
        }
    }

    func close() async { try? await channel.close() }

    struct Broken: Error, CustomStringConvertible {
        let description: String
    }
}
