import CoveConfiguration
import Foundation
import HummingbirdCore
import HummingbirdHTTP2
import Logging
import NIOCore
import NIOSSL
import ServiceLifecycle

/// Opens the addresses of the configuration: plain or TLS, TCP or unix socket, each with the same frontend behind it.
struct Listeners {
    let frontend: Frontend
    let limits: ConnectionLimits
    let http2: Bool
    let drainTimeout: Duration
    let group: any EventLoopGroup
    let logger: Logger

    /// - Throws: ``ServeError`` when an address or a TLS file cannot be used.
    func services(for configuration: Configuration.HTTP) throws(ServeError) -> [any Service] {
        var services = [
            try service(address: configuration.addr, network: configuration.net, tls: configuration.tls)
        ]
        for listener in configuration.listeners {
            services.append(try service(address: listener.addr, network: listener.net, tls: listener.tls))
        }
        return services
    }

    private func service(
        address: String, network: Configuration.Network, tls: Configuration.TLS?
    ) throws(ServeError) -> any Service {
        let bind = try Self.bindAddress(address, network)
        let frontend = frontend
        let scheme = tls == nil ? "http" : "https"
        let responder: HTTPChannelHandler.Responder = { request, writer, channel in
            try await frontend.respond(request, writer, channel, scheme: scheme)
        }
        var stream = HTTP1Channel.Configuration(
            additionalChannelHandlers: [ConnectionGuard(limits: limits)], idleTimeout: limits.idleTimeout)
        stream.httpDecoder.maxHeaderListSize = limits.maximumHeaderBytes
        stream.httpDecoder.maxHeaderFieldSize = limits.maximumHeaderBytes
        stream.httpDecoder.maxHeaderFieldCount = 256
        guard let tls else {
            return server(HTTP1Channel(responder: responder, configuration: stream), bind)
        }
        let files = try TLSFiles(certificate: tls.certificate, key: tls.key, logger: logger)
        let configuration = try files.configuration(tls)
        do {
            if http2 {
                let channel = HTTP2ChannelConfiguration(
                    idleTimeout: .nanoseconds(limits.idleTimeout.nanoseconds), gracefulCloseTimeout: drainTimeout,
                    streamConfiguration: stream)
                return server(
                    try HTTP2UpgradeChannel(tlsConfiguration: configuration, configuration: channel, responder: responder),
                    bind)
            }
            return server(
                try TLSHTTP1Channel(
                    tls: configuration, base: HTTP1Channel(responder: responder, configuration: stream)), bind)
        } catch {
            throw ServeError("http.tls: \(error)")
        }
    }

    private func server(_ channel: some ServerChildChannel, _ address: BindAddress) -> any Service {
        Server(
            childChannelSetup: GuardedChannel(base: channel, limits: limits),
            configuration: ServerConfiguration(
                address: address, backlog: 1024,
                availableConnectionsDelegate: .maximum(limits.maximumConnections, logger: logger)),
            eventLoopGroup: group, logger: logger)
    }

    static func bindAddress(_ text: String, _ network: Configuration.Network) throws(ServeError) -> BindAddress {
        switch ListenAddress(text, network) {
        case .unix(let path): return .unixDomainSocket(path: path)
        // "::" takes IPv4 connections as well.
        case .tcp(let host, let port): return .hostname(host.isEmpty ? "::" : host, port: port)
        case nil: throw ServeError("http.addr: '\(text)' is not of the form host:port or :port")
        }
    }
}

/// HTTP/1.1 over TLS, for `http.http2.disabled`.
private struct TLSHTTP1Channel: ServerChildChannel {
    typealias Value = HTTP1Channel.Value

    private let context: NIOSSLContext
    private let base: HTTP1Channel

    init(tls: TLSConfiguration, base: HTTP1Channel) throws {
        var tls = tls
        tls.applicationProtocols = ["http/1.1"]
        context = try NIOSSLContext(configuration: tls)
        self.base = base
    }

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        do {
            try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: context))
        } catch {
            return channel.eventLoop.makeFailedFuture(error)
        }
        return base.setup(channel: channel, logger: logger)
    }

    func handle(value: Value, logger: Logger) async {
        await base.handle(value: value, logger: logger)
    }
}
