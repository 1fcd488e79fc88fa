import AsyncHTTPClient
import CoveOCI
import NIOCore
import NIOHTTP1

extension RegistryClient {
    /// What a request that changes something is to be allowed by a token.
    private func pushScope(_ repository: String) -> String { "repository:\(address.remoteName(repository)):pull,push" }

    /// Whether a repository has a blob, as whoever may push to it.
    package func hasBlob(_ digest: Digest, in repository: String) async throws(ClientError) -> Bool {
        let response = try await send(
            .HEAD, "\(address.remoteName(repository))/blobs/\(digest)", scope: pushScope(repository), accepting: [404])
        return response.status != .notFound
    }

    /// The digest of the manifest that a reference names; nil when there is none.
    ///
    /// - Parameter isPushing: whether it is asked as whoever may push.
    package func digest(
        of reference: Reference, in repository: String, isPushing: Bool = false
    ) async throws(ClientError) -> Digest? {
        let response = try await send(
            .HEAD, "\(address.remoteName(repository))/manifests/\(reference)",
            scope: isPushing ? pushScope(repository) : scope(repository), headers: [("Accept", Self.acceptedManifests)], accepting: [404])
        guard response.status != .notFound else { return nil }
        if case .digest(let digest) = reference { return digest }
        guard let digest = response.headers.first(name: "Docker-Content-Digest").flatMap({ try? Digest(parsing: $0) }) else {
            throw .invalidAnswer("a manifest without Docker-Content-Digest")
        }
        return digest
    }

    /// Has the registry take a blob from another of its repositories.
    ///
    /// - Returns: whether it did; otherwise the blob has to be sent.
    package func mountBlob(_ digest: Digest, from source: String, in repository: String) async throws(ClientError) -> Bool {
        let name = address.remoteName(repository)
        let response = try await send(
            .POST, "\(name)/blobs/uploads/?mount=\(digest)&from=\(address.remoteName(source))",
            scope: "\(pushScope(repository)) \(scope(source))")
        guard response.status != .created else { return true }
        // It began an upload instead, which nobody is going to end.
        if let upload = uploadTarget(response.headers) {
            _ = try? await send(.DELETE, url: upload.url, scope: pushScope(repository), accepting: [404, 405])
        }
        return false
    }

    /// Sends a blob: begins an upload, and ends it with all of the bytes.
    ///
    /// - Parameters:
    ///   - size: bytes of the blob.
    ///   - body: the bytes. It is read once, so a failure is not tried again here.
    package func pushBlob<Body: AsyncSequence & Sendable>(
        _ digest: Digest, size: Int64, _ body: Body, to repository: String
    ) async throws(ClientError) where Body.Element == ByteBuffer {
        let began = try await send(.POST, "\(address.remoteName(repository))/blobs/uploads/", scope: pushScope(repository))
        guard let upload = uploadTarget(began.headers) else { throw .invalidAnswer("an upload without Location") }
        _ = try await send(
            .PUT, url: upload.adding([("digest", digest.description)]).url, scope: pushScope(repository),
            headers: [("Content-Type", "application/octet-stream")], body: .stream(body, length: .known(size)),
            patience: .seconds(60 + size / Self.leastBytesPerSecond), tries: 1)
    }

    /// Sends a manifest under a tag or its digest.
    package func pushManifest(
        _ manifest: RemoteManifest, as reference: Reference, to repository: String
    ) async throws(ClientError) {
        _ = try await send(
            .PUT, "\(address.remoteName(repository))/manifests/\(reference)", scope: pushScope(repository),
            headers: [("Content-Type", manifest.mediaType)], body: .bytes(manifest.payload))
    }

    /// What an upload must move at, in the long run.
    private static let leastBytesPerSecond: Int64 = 64 * 1024

    /// Where an upload goes on: at the registry itself, as a login is sent there.
    private func uploadTarget(_ headers: HTTPHeaders) -> WebAddress? {
        guard let location = headers.first(name: "Location"), let base = WebAddress(address.url("")),
            let target = base.resolving(location)
        else { return nil }
        return target
    }
}
