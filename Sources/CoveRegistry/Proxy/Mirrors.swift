import CoveClient
import CoveOCI
import Logging
import NIOCore
import ServiceLifecycle

/// The upstreams of a registry at work. Its `run()` ends what is under way when the server stops.
package final class Mirrors: Service {
    let registry: Registry
    let all: [UpstreamMirror]

    /// One for each of the registry's upstreams.
    package init(_ registry: Registry) {
        self.registry = registry
        all = registry.options.upstreams.all.map { UpstreamMirror($0, registry: registry) }
    }

    /// The mirror of a repository; nil when the repository is the registry's own.
    package func mirror(of repository: RepositoryName) -> UpstreamMirror? {
        registry.options.upstreams.index(of: repository).map { all[$0] }
    }

    /// As ``Upstreams/localName(_:namespace:hosts:)``.
    package func localName(_ name: String, namespace: String, hosts: [String]) -> String? {
        registry.options.upstreams.localName(name, namespace: namespace, hosts: hosts)
    }

    package var status: [MirrorStatus] { all.map(\.status) }

    package func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled { try? await Task.sleep(for: .seconds(3600)) }
        }
        for mirror in all { await mirror.stop() }
    }
}
