import CoveMetadata
import CoveOCI
import Foundation
import NIOCore

extension Registry {
    /// Of what one copy may bring along: entries of indexes, and referrers of each.
    private static let mostCopied = 10_000

    /// Copies a manifest into another repository with its tags, all that it refers to and all that refers to it. No bytes are moved.
    ///
    /// - Returns: false when the repository has it already.
    /// - Throws: ``RegistryError``, as pulling it and pushing it would. What was copied before stays.
    package func copyArtifact(
        _ digest: Digest, tags: [Tag], from source: RepositoryName, to repository: RepositoryName, origin: Event.Origin
    ) async throws(RegistryError) -> Bool {
        try refuseIfMirrored(repository)
        try refuseIfReadOnly()
        guard try await !holds(digest, in: repository) else { return false }
        // Entries before their index, which cannot be pushed without them; what refers to something after that.
        var order: [Digest] = []
        var seen: Set<Digest> = []
        var roots = [digest]
        while !roots.isEmpty {
            var waiting = roots.map { (digest: $0, isEntered: false) }
            let first = order.count
            while let next = waiting.popLast() {
                if next.isEntered {
                    order.append(next.digest)
                } else if seen.insert(next.digest).inserted {
                    waiting.append((next.digest, true))
                    waiting += try await related(next.digest, in: source) { try $0.entries(of: $1, in: $2) }.map { ($0, false) }
                }
                guard seen.count <= Self.mostCopied else {
                    throw .unavailable("\(source)@\(digest) brings along more than \(Self.mostCopied) manifests; copy it with a client")
                }
            }
            roots = []
            for added in order[first...] {
                roots += try await related(added, in: source) { try $0.referrers(of: $1, in: $2) }.filter { !seen.contains($0) }
            }
        }
        for next in order {
            try await copy(next, tags: next == digest ? tags : [], from: source, to: repository, origin)
        }
        return true
    }

    private func related(
        _ digest: Digest, in repository: RepositoryName,
        _ find: @escaping @Sendable (MetadataTransaction, Digest, Int64) throws -> [Digest]
    ) async throws(RegistryError) -> [Digest] {
        try await registryErrors {
            try await metadata.read { store in
                guard let id = try store.repositoryID(repository) else { return [] }
                return try find(store, digest, id)
            }
        }
    }

    private func holds(_ digest: Digest, in repository: RepositoryName) async throws(RegistryError) -> Bool {
        try await registryErrors {
            try await metadata.read { try $0.manifest(.digest(digest), in: repository, knowing: digest) } != nil
        }
    }

    private func copy(
        _ digest: Digest, tags: [Tag], from source: RepositoryName, to repository: RepositoryName, _ origin: Event.Origin
    ) async throws(RegistryError) {
        if tags.isEmpty, try await holds(digest, in: repository) { return }
        let pulled = try await manifest(.digest(digest), in: source, origin: nil)
        let parsed = try await Self.parse(Data(pulled.payload.readableBytesView), contentType: pulled.mediaType)
        var blobs: Set<Digest> = []
        for descriptor in [parsed.config].compactMap({ $0 }) + parsed.layers + parsed.manifests
        where blobs.insert(descriptor.digest).inserted {
            // What the source lacks (a foreign layer, an entry of a sparse index) is missed by the push, if anybody misses it.
            _ = try await mountBlob(descriptor.digest, from: source, to: repository, origin: origin)
        }
        _ = try await pushManifest(
            pulled.payload, contentType: pulled.mediaType, as: .digest(digest), tags: tags, in: repository, origin: origin)
    }
}
