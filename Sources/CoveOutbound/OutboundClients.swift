import AsyncHTTPClient
import NIOPosix

/// The HTTP clients for one purpose: a direct one, and one for each proxy that some URL goes through.
package final class OutboundClients: Sendable {
    private let proxies: OutboundProxies
    private let direct: HTTPClient
    private let proxied: [OutboundProxy: HTTPClient]

    /// - Parameter configuration: of each of them; its own `proxy` is not used.
    package init(_ proxies: OutboundProxies, _ configuration: HTTPClient.Configuration = .init()) {
        self.proxies = proxies
        func client(_ proxy: OutboundProxy?) -> HTTPClient {
            var configuration = configuration
            configuration.proxy = proxy?.setting
            return HTTPClient(eventLoopGroupProvider: .shared(MultiThreadedEventLoopGroup.singleton), configuration: configuration)
        }
        direct = client(nil)
        proxied = Dictionary(
            Set([proxies.http, proxies.https].compactMap { $0 }).map { ($0, client($0)) }, uniquingKeysWith: { first, _ in first })
    }

    /// The client for a URL.
    package func client(for url: String) -> HTTPClient {
        guard let proxy = proxies.proxy(for: url) else { return direct }
        return proxied[proxy] ?? direct
    }

    /// Closes all connections. What is under way fails.
    package func close() async {
        for client in [direct] + proxied.values { try? await client.shutdown() }
    }

    /// A client must not be forgotten before it is shut down, also where the server does not come to start.
    deinit {
        for client in [direct] + proxied.values { client.shutdown { _ in } }
    }
}

extension OutboundProxy {
    fileprivate var setting: HTTPClient.Configuration.Proxy {
        switch kind {
        case .socks: .socksServer(host: host, port: port)
        case .http:
            .server(
                host: host, port: port, authorization: user.isEmpty ? nil : .basic(username: user, password: password))
        }
    }
}
