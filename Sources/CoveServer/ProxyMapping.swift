import CoveClient
import CoveConfiguration
import CoveOutbound
import CoveRegistry
import Foundation
import Logging

/// What `proxy` and `http.outbound` mean to the rooms below.
extension Configuration {
    /// Which proxy outgoing connections go through: as `http.outbound` says or, where it does not, the environment.
    ///
    /// - Throws: ``ServeError`` naming the key or the variable, without its value.
    func outboundProxies(
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws(ServeError) -> OutboundProxies {
        var proxies = OutboundProxies.none
        switch outbound.proxy {
        case .none?: break
        case .url(let text)?:
            do throws(OutboundProxy.Malformed) {
                let proxy = try OutboundProxy(parsing: text)
                (proxies.http, proxies.https) = (proxy, proxy)
            } catch {
                throw ServeError("http.outbound.proxy: \(error.reason)")
            }
        case nil:
            do throws(OutboundProxies.Malformed) {
                proxies = try OutboundProxies(environment: environment)
            } catch {
                throw ServeError("the variable \(error.name): \(error.reason)")
            }
        }
        let exceptions = outbound.noProxy?.joined(separator: ",") ?? environment["NO_PROXY"] ?? environment["no_proxy"] ?? ""
        proxies.exceptions = OutboundProxies.exceptions(exceptions)
        return proxies
    }

    /// The upstreams of `proxy`.
    ///
    /// - Throws: ``ServeError`` naming the key.
    func upstreams(_ connections: OutboundClients, _ logger: Logger) throws(ServeError) -> Upstreams {
        Upstreams(try inOrder(connections, logger))
    }

    private func inOrder(_ connections: OutboundClients, _ logger: Logger) throws(ServeError) -> [CoveRegistry.Upstream] {
        var all: [CoveRegistry.Upstream] = []
        for settings in proxy.all {
            let address = try settings.address
            let client = RegistryClient(
                address, credentials: settings.credentials(at: address), connections: connections, logger: logger)
            var upstream = CoveRegistry.Upstream(prefix: settings.prefix, namespace: settings.namespace ?? address.host, client: client)
            upstream.timeToLive = settings.timeToLive
            upstream.blobTimeout = settings.blobTimeout
            upstream.negativeTimeToLive = settings.negativeTimeToLive
            upstream.tagTimeToLive = settings.tagTimeToLive
            all.append(upstream)
        }
        return all
    }

    /// Asks each upstream whether it is there and takes our login.
    ///
    /// - Throws: ``ServeError`` naming the key, the upstream and what it said.
    func reachUpstreams(_ logger: Logger) async throws(ServeError) {
        let connections = RegistryClient.connections(try outboundProxies())
        var failure: ServeError?
        for (settings, upstream) in zip(proxy.all, try inOrder(connections, logger)) {
            do throws(ClientError) {
                try await upstream.client.ping()
            } catch {
                failure = failure ?? ServeError("\(settings.key).remoteurl: cannot use \(upstream.client.address): \(error)")
            }
        }
        await connections.close()
        if let failure { throw failure }
    }

    /// - Throws: ``ServeError`` as ``upstreams(_:_:)``.
    func checkUpstreams() throws(ServeError) {
        for settings in proxy.all { _ = try settings.address }
    }
}

extension Configuration.Upstream {
    fileprivate var address: RegistryAddress {
        get throws(ServeError) {
            do throws(RegistryAddress.Malformed) {
                return try RegistryAddress(parsing: remoteURL)
            } catch {
                throw ServeError("\(key).remoteurl \(error.reason)")
            }
        }
    }

    fileprivate func credentials(at address: RegistryAddress) -> ClientCredentials {
        if let exec {
            return .helper(CredentialHelper(command: exec.command, server: address.helperName, lifetime: exec.lifetime))
        }
        guard let username else { return .anonymous }
        return .password(Login(user: username, password: password ?? ""))
    }
}
