import AsyncHTTPClient
import CoveOCI
import Foundation
import NIOCore
import NIOHTTP1

/// A manifest as a registry has it: the exact bytes, and what they were called.
package struct RemoteManifest: Sendable {
    package let digest: Digest
    package let mediaType: String
    package let payload: ByteBuffer
}

/// What a registry says of a tag without its manifest.
package enum TagState: Sendable, Equatable {
    /// It names what was known.
    case unchanged
    /// It names another manifest; nil when the registry does not tell which.
    case moved(Digest?)
}

extension RegistryClient {
    static let acceptedManifests = MediaType.manifests.sorted().joined(separator: ", ")

    /// Asks whether a tag still names `known`, with HEAD and a condition (RFC 9110 section 13.1.2).
    ///
    /// - Throws: ``ClientError/notFound`` and others.
    package func check(
        _ tag: Tag, in repository: String, knowing known: Digest, tries: Int? = nil
    ) async throws(ClientError) -> TagState {
        let response = try await send(
            .HEAD, "\(address.remoteName(repository))/manifests/\(tag)", scope: scope(repository),
            headers: [("Accept", Self.acceptedManifests), ("If-None-Match", "\"\(known)\"")], accepting: [304], tries: tries)
        if response.status == .notModified { return .unchanged }
        let digest = response.headers.first(name: "Docker-Content-Digest").flatMap { try? Digest(parsing: $0) }
        return digest == known ? .unchanged : .moved(digest)
    }

    /// Fetches a manifest.
    ///
    /// - Throws: ``ClientError/digestMismatch(expected:actual:)`` when the bytes are not what they are said to be.
    package func manifest(
        _ reference: Reference, in repository: String, tries: Int? = nil
    ) async throws(ClientError) -> RemoteManifest {
        let response = try await send(
            .GET, "\(address.remoteName(repository))/manifests/\(reference)", scope: scope(repository),
            headers: [("Accept", Self.acceptedManifests)], tries: tries)
        let payload = try await text(of: response, most: Manifest.maximumSize)
        let stated: Digest? =
            switch reference {
            case .digest(let digest): digest
            case .tag: response.headers.first(name: "Docker-Content-Digest").flatMap { try? Digest(parsing: $0) }
            }
        let digest = Digest.of(payload.readableBytesView, algorithm: stated?.algorithm ?? .sha256)
        if let stated, stated != digest { throw .digestMismatch(expected: stated, actual: digest) }
        let type = response.headers.first(name: "Content-Type") ?? ""
        guard type.utf8.count <= 255 else { throw .invalidAnswer("a media type of more than 255 bytes") }
        return RemoteManifest(digest: digest, mediaType: MediaType.essence(type), payload: payload)
    }
}
