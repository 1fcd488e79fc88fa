import CoveClient
import CoveOCI

/// A registry whose content this one hands on and keeps: all of it, or what is under one prefix.
package struct Upstream: Sendable {
    /// The first components of the names that are mirrored, such as `docker.io`; empty for every name.
    package let prefix: String
    /// What clients call it that say where a name comes from (containerd's `ns`).
    package let namespace: String
    package let client: RegistryClient
    /// How long content is kept that nobody pulls; nil for ever.
    package var timeToLive: Duration? = .seconds(168 * 3600)
    /// How long fetching and keeping a blob may take; nil for as long as bytes come.
    package var blobTimeout: Duration?
    /// How long what the upstream does not have is not asked for again.
    package var negativeTimeToLive = Duration.seconds(10)
    /// How long a tag is answered without asking whether it has moved.
    package var tagTimeToLive = Duration.zero

    package init(prefix: String, namespace: String, client: RegistryClient) {
        self.prefix = prefix
        self.namespace = namespace
        self.client = client
    }

    /// The name there of a repository here.
    func remoteName(of repository: RepositoryName) -> String {
        prefix.isEmpty ? repository.description : String(repository.description.dropFirst(prefix.utf8.count + 1))
    }

    func holds(_ repository: some StringProtocol) -> Bool { prefix.isEmpty || repository.hasPrefix(prefix + "/") }
}

/// All upstreams of a registry. A name belongs to the one with the longest prefix; one without a prefix has the rest.
package struct Upstreams: Sendable {
    package let all: [Upstream]

    package init(_ all: [Upstream] = []) {
        self.all = all.sorted { $0.prefix.utf8.count > $1.prefix.utf8.count }
    }

    /// The place in ``all`` of the upstream of a repository; nil when the repository is this registry's own.
    func index(of repository: RepositoryName) -> Int? { all.firstIndex { $0.holds(repository.description) } }

    /// The upstream of a repository; nil when the repository is this registry's own.
    package func upstream(of repository: RepositoryName) -> Upstream? { index(of: repository).map { all[$0] } }

    /// The name here of what a client calls `name` and says to be of `namespace` (containerd, "Registry Configuration":
    /// a mirror is asked with `ns=docker.io` for what would be asked of docker.io).
    ///
    /// - Parameter hosts: what this registry itself is called.
    /// - Returns: nil when no upstream is called so.
    package func localName(_ name: String, namespace: String, hosts: [String]) -> String? {
        let namespace = Self.canonical(namespace)
        if let upstream = all.first(where: { Self.canonical($0.namespace) == namespace }), !upstream.prefix.isEmpty {
            return upstream.holds(name) ? name : "\(upstream.prefix)/\(name)"
        }
        // One that mirrors everything is whatever the client takes it for, as registry:2 is.
        if all.contains(where: { $0.prefix.isEmpty }) && (all.count == 1 || all.contains { Self.canonical($0.namespace) == namespace }) {
            return name
        }
        return hosts.contains { Self.canonical($0) == namespace } ? name : nil
    }

    private static func canonical(_ host: String) -> String {
        RegistryAddress.isDockerHub(host) ? "docker.io" : host.lowercased()
    }
}
