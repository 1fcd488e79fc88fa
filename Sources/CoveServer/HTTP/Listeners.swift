import CoveACME
import CoveConfiguration
import Foundation
import HTTPTypes
import HummingbirdCore
import HummingbirdHTTP2
import Logging
import NIOCore
import NIOHTTP1
import NIOSSL
import ServiceLifecycle

/// Opens the addresses of the configuration: plain or TLS, TCP or unix socket, each with the same frontend behind it.
struct Listeners {
    let frontend: Frontend
    let limits: ConnectionLimits
    let http2: Bool
    let h2c: Bool
    let drainTimeout: Duration
    let farewell: Farewell
    let metrics: ListenerMetrics
    let reload: Reload
    /// Nil without `http.tls.letsencrypt`.
    let letsEncrypt: LetsEncrypt?
    let group: any EventLoopGroup
    let logger: Logger

    /// All of them as one, so that a shutdown reaches all at once.
    ///
    /// - Throws: ``ServeError`` when an address or a TLS file cannot be used.
    func service(for configuration: Configuration.HTTP) throws(ServeError) -> any Service {
        let first = Configuration.Listener(addr: configuration.addr, net: configuration.net, tls: configuration.tls)
        var servers = [try server(for: first, key: "http")]
        for (index, listener) in configuration.listeners.enumerated() {
            servers.append(try server(for: listener, key: "http.listeners[\(index)]"))
        }
        return Together(services: servers)
    }

    /// The debug address: a few plain connections, open until the node has ended.
    ///
    /// - Throws: ``ServeError`` when the address cannot be used.
    func debugService(on addr: String, _ operations: OperationsResponder) throws(ServeError) -> any Service {
        let few = limits.with(connections: 64)
        var operations = operations
        operations.headers = frontend.headers
        let stream = Self.streamConfiguration(few, [ConnectionGuard(limits: few)])
        let channel = HTTP1Channel(
            responder: { [operations] request, writer, channel in try await operations.respond(request, writer, channel) },
            configuration: stream)
        return server(
            GuardedChannel(base: channel, limits: few), try Self.bindAddress(addr, .tcp), .init(addr: addr, net: .tcp), "http.debug",
            isTold: false)
    }

    /// What obtains certificates, with the address where HTTP-01 challenges are answered, if there is one.
    ///
    /// - Throws: ``ServeError`` when the address cannot be used.
    func services(obtainingFor letsEncrypt: LetsEncrypt?) throws(ServeError) -> [any Service] {
        guard let letsEncrypt else { return [] }
        guard let addr = letsEncrypt.settings.http01Addr else { return [letsEncrypt.manager] }
        return [letsEncrypt.manager, try challengeService(on: addr, HTTP01Responder(manager: letsEncrypt.manager))]
    }

    private func challengeService(on addr: String, _ responder: HTTP01Responder) throws(ServeError) -> any Service {
        let few = limits.with(connections: 64)
        let channel = HTTP1Channel(
            responder: { request, writer, channel in try await responder.respond(request, writer) },
            configuration: Self.streamConfiguration(few, [ConnectionGuard(limits: few)]))
        return server(
            GuardedChannel(base: channel, limits: few), try Self.bindAddress(addr, .tcp), .init(addr: addr, net: .tcp),
            "http.tls.letsencrypt.http01addr", isTold: false, onOpen: { responder.manager.addressIsOpen() })
    }

    private func identity(_ tls: Configuration.TLS) throws(ServeError) -> any TLSIdentity {
        switch tls.identity {
        case .files(let certificate, let key):
            let files = try TLSFiles(certificate: certificate, key: key, logger: logger)
            reload.addBlocking { files.readAgain() }
            return files
        case .letsEncrypt:
            guard let letsEncrypt else { throw ServeError("http.tls.letsencrypt: there is nobody who obtains certificates") }
            return letsEncrypt
        }
    }

    private static func streamConfiguration(
        _ limits: ConnectionLimits, _ handlers: @autoclosure @escaping @Sendable () -> [any RemovableChannelHandler]
    ) -> HTTP1Channel.Configuration {
        var stream = HTTP1Channel.Configuration(additionalChannelHandlers: handlers(), idleTimeout: limits.idleTimeout)
        stream.httpDecoder.maxHeaderListSize = limits.maximumHeaderBytes
        stream.httpDecoder.maxHeaderFieldSize = limits.maximumHeaderBytes
        stream.httpDecoder.maxHeaderFieldCount = 256
        return stream
    }

    private func server(for listener: Configuration.Listener, key: String) throws(ServeError) -> any Service {
        let bind = try Self.bindAddress(listener.addr, listener.net)
        let frontend = frontend
        let headers = HTTPHeaders(frontend.headers.flatMap { name, values in values.map { (name.rawName, $0) } })
        let scheme = listener.tls == nil ? "http" : "https"
        let responder: HTTPChannelHandler.Responder = { request, writer, channel in
            try await frontend.respond(request, writer, channel, scheme: scheme)
        }
        let meter = metrics.meter(for: listener.addr)
        let stream = Self.streamConfiguration(
            limits, [ConnectionGuard(limits: limits, farewell: farewell, meter: meter, headers: headers)])
        let http2Configuration = HTTP2ChannelConfiguration(
            idleTimeout: .nanoseconds(limits.idleTimeout.nanoseconds), gracefulCloseTimeout: drainTimeout,
            streamConfiguration: stream)
        func guarded(_ channel: some ServerChildChannel) -> any Service {
            let manager = listener.tls?.usesTLSALPN == true ? letsEncrypt?.manager : nil
            let guarded = GuardedChannel(base: channel, limits: limits, meter: meter, challenges: manager?.board)
            return server(guarded, bind, listener, key, onOpen: { manager?.addressIsOpen() })
        }
        guard let tls = listener.tls else {
            let plain = HTTP1Channel(responder: responder, configuration: stream)
            guard h2c else { return guarded(plain) }
            return guarded(ClearHTTPChannel(http1: plain, http2: HTTP2Channel(responder: responder, configuration: http2Configuration)))
        }
        let identity = try identity(tls)
        metrics.add(identity, for: listener.addr)
        let configuration = try identity.configuration(tls)
        do {
            if http2 {
                return guarded(
                    try HTTP2UpgradeChannel(
                        tlsConfiguration: configuration, configuration: http2Configuration, responder: responder))
            }
            return guarded(
                try TLSHTTP1Channel(tls: configuration, base: HTTP1Channel(responder: responder, configuration: stream)))
        } catch {
            throw ServeError("\(key).tls: \(error)")
        }
    }

    /// - Parameter isTold: whether it is closed with the others after the farewell.
    private func server(
        _ channel: GuardedChannel<some ServerChildChannel>, _ address: BindAddress, _ listener: Configuration.Listener, _ key: String,
        isTold: Bool = true, onOpen: @escaping @Sendable () -> Void = {}
    ) -> any Service {
        // The library tells of every start as well, with less in it.
        var quiet = logger
        quiet.logLevel = max(logger.logLevel, .notice)
        let server = Server(
            childChannelSetup: channel,
            configuration: ServerConfiguration(
                address: address, backlog: 1024,
                availableConnectionsDelegate: .maximum(channel.limits.maximumConnections, logger: quiet)),
            onServerRunning: { [logger, farewell] channel in
                onOpen()
                if isTold { farewell.add(channel) }
                logger.info(
                    isTold ? "serving" : key == "http.debug" ? "serving whoever watches" : "answering challenges",
                    metadata: [
                        "addr": "\(channel.localAddress.map(Self.text) ?? listener.addr)",
                        "tls": "\(listener.tls != nil)", "version": "\(Version.current)",
                    ])
            },
            eventLoopGroup: group, logger: quiet)
        return Named(service: server, key: key.hasSuffix("addr") ? key : "\(key).addr", address: listener.addr)
    }

    private static func text(_ address: SocketAddress) -> String {
        switch address {
        case .v4: "\(address.ipAddress ?? ""):\(address.port ?? 0)"
        case .v6: "[\(address.ipAddress ?? "")]:\(address.port ?? 0)"
        case .unixDomainSocket: address.pathname ?? ""
        }
    }

    /// Runs services side by side.
    private struct Together: Service {
        let services: [any Service]

        func run() async throws {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for service in services { group.addTask { try await service.run() } }
                try await group.waitForAll()
            }
        }
    }

    /// Says which setting it was that cannot be listened on.
    private struct Named: Service {
        let service: any Service
        let key: String
        let address: String

        func run() async throws {
            do {
                try await service.run()
            } catch {
                throw ServeError("\(key): cannot listen on \(address): \(Self.reason(error))")
            }
        }

        private static func reason(_ error: any Error) -> String {
            guard let error = error as? IOError else { return "\(error)" }
            return switch error.errnoCode {
            case EADDRINUSE: "another process listens there; stop it, or choose another address"
            case EACCES: "permission is missing; ports below 1024 need root or CAP_NET_BIND_SERVICE"
            case EADDRNOTAVAIL: "this machine has no such address"
            default: String(cString: strerror(error.errnoCode))
            }
        }
    }

    /// `host:port`, `:port` for every interface, `[::1]:port`, or a path for a unix socket.
    static func bindAddress(_ text: String, _ network: Configuration.Network) throws(ServeError) -> BindAddress {
        switch ListenAddress(text, network) {
        case .unix(let path): return .unixDomainSocket(path: path)
        // "::" takes IPv4 connections as well.
        case .tcp(let host, let port): return .hostname(host.isEmpty ? (hasIPv6 ? "::" : "0.0.0.0") : host, port: port)
        case nil: throw ServeError("http.addr: '\(text)' is not of the form host:port or :port")
        }
    }
}

/// Whether the kernel knows IPv6 at all.
private let hasIPv6: Bool = {
    #if os(Linux)
        let descriptor = socket(AF_INET6, Int32(SOCK_STREAM.rawValue), 0)
    #else
        let descriptor = socket(AF_INET6, SOCK_STREAM, 0)
    #endif
    guard descriptor >= 0 else { return errno != EAFNOSUPPORT }
    close(descriptor)
    return true
}()

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
