import CoveOCI
import CoveRegistry
import HTTPTypes
import HummingbirdCore

/// What is different where a repository is an upstream's: its content is asked for through ``Mirrors``, and an answer that the
/// upstream could not confirm says so.
extension OCIResponder {
    /// The route by the names here: a client that is told of a mirror says with `ns` whose name it means.
    func localized(_ route: OCIRoute, _ exchange: Exchange) throws(OCIFailure) -> OCIRoute {
        guard let mirrors, let name = route.repository, let namespace = exchange.parameter("ns"), !namespace.isEmpty else { return route }
        let hosts = [exchange.request.head.authority, options.location.host.map(Self.authority)].compactMap { $0 }
        guard let local = mirrors.localName(name, namespace: namespace, hosts: hosts) else {
            throw OCIFailure(
                status: .notFound, code: .nameUnknown,
                message:
                    "this registry mirrors nothing called '\(namespace.prefix(255))'; add it to proxy.upstreams, or ask it for other namespaces only",
                detail: ["name": String(name.prefix(255))])
        }
        return route.renamed(local)
    }

    private static func authority(_ url: String) -> String {
        let rest = url.split(separator: "/", omittingEmptySubsequences: true).dropFirst().first
        return rest.map(String.init) ?? url
    }

    /// A manifest, with the headers of an answer that may be out of date.
    func source(
        _ reference: Reference, in name: RepositoryName, _ exchange: Exchange
    ) async throws(RegistryError) -> (manifest: PulledManifest, headers: HTTPFields) {
        guard let mirror = mirrors?.mirror(of: name) else {
            return (try await registry.manifest(reference, in: name, origin: exchange.origin), HTTPFields())
        }
        let answer = try await mirror.manifest(reference, in: name, origin: exchange.origin)
        return (answer.value, Self.headers(answer.staleness))
    }

    /// `Warning` (RFC 7234 sections 5.5.1 and 5.5.2): 110, it is stale; 111, it could not be revalidated.
    static func headers(_ staleness: Staleness?) -> HTTPFields {
        guard let staleness else { return HTTPFields() }
        let reason = staleness.reason.unicodeScalars.filter { (0x20..<0x7F).contains($0.value) && $0 != "\"" && $0 != "\\" }
        let text = String(String.UnicodeScalarView(reason)).prefix(300)
        return [.warning: "110 cove \"Response is Stale\", 111 cove \"Revalidation Failed: \(text)\""]
    }
}

extension OCIRoute {
    /// The same of another repository.
    func renamed(_ name: String) -> OCIRoute {
        switch self {
        case .base, .catalog: self
        case .tags: .tags(name: name)
        case .manifest(_, let reference): .manifest(name: name, reference: reference)
        case .blob(_, let digest): .blob(name: name, digest: digest)
        case .uploads: .uploads(name: name)
        case .upload(_, let id): .upload(name: name, id: id)
        case .referrers(_, let digest): .referrers(name: name, digest: digest)
        }
    }
}
