import CoveBlobs
import CoveClient
import CoveMetadata
import CoveOCI
import Foundation
import NIOCore

/// What a mirror does with the store. Nothing of it is an event: that an upstream's content is kept here is nobody's push.
extension Registry {
    /// What comes from elsewhere is changed there.
    func refuseIfMirrored(_ repository: RepositoryName) throws(RegistryError) {
        guard let upstream = options.upstreams.upstream(of: repository) else { return }
        throw .mirrored(repository, from: upstream.client.address.description)
    }

    /// As ``manifest(_:in:origin:)``; nil when the store has no such manifest.
    func knownManifest(
        _ reference: Reference, in repository: RepositoryName, origin: Event.Origin?
    ) async throws(RegistryError) -> PulledManifest? {
        do throws(RegistryError) {
            return try await manifest(reference, in: repository, origin: origin)
        } catch {
            guard case .manifestUnknown = error else { throw error }
            return nil
        }
    }

    func countPull(of manifest: PulledManifest, by reference: Reference, in repository: RepositoryName, _ origin: Event.Origin) {
        let tag: Tag? = if case .tag(let tag) = reference { tag } else { nil }
        pulls.record(
            Event(
                .pull, repository: repository, digest: manifest.digest, mediaType: manifest.mediaType,
                size: Int64(manifest.payload.readableBytes), tag: tag, origin: origin))
    }

    /// Stores an upstream's manifest as it is. What it refers to need not be here: it comes when somebody asks for it.
    ///
    /// - Throws: ``RegistryError/readOnly``; ``RegistryError/manifestInvalid(_:)`` for what Cove cannot keep.
    func keep(_ remote: RemoteManifest, tag: Tag?, in repository: RepositoryName) async throws(RegistryError) {
        try refuseIfReadOnly()
        let bytes = Data(remote.payload.readableBytesView)
        let manifest = try await Self.parse(bytes, contentType: remote.mediaType)
        let references =
            [manifest.config].compactMap { $0 }.map { ManifestReference(role: .config, descriptor: $0) }
            + manifest.layers.map { ManifestReference(role: .layer, descriptor: $0) }
            + manifest.manifests.map { ManifestReference(role: .child, descriptor: $0) }
        let retyped = try await registryErrors {
            try await metadata.write(in: .repository(repository.description)) { store in
                store.overrideRules()
                let repositoryID = try store.ensureRepository(repository)
                let (id, retyped) = try store.insertManifest(
                    manifest, digest: remote.digest, payload: bytes, references: references, in: repositoryID, actor: nil)
                try store.reclaimBlobs(references.map(\.descriptor.digest), in: repositoryID)
                if let tag { try store.setTag(tag, to: id, digest: remote.digest, in: repositoryID, actor: nil) }
                return retyped
            }
        }
        invalidate([.digest(remote.digest)] + ((tag.map { [$0] } ?? []) + (retyped ?? [])).map(Reference.tag), in: repository)
    }

    /// Points a tag at a manifest that is stored.
    ///
    /// - Returns: false when the store has no such manifest.
    func retag(_ tag: Tag, to digest: Digest, in repository: RepositoryName) async throws(RegistryError) -> Bool {
        try refuseIfReadOnly()
        let isDone = try await registryErrors {
            try await metadata.write(in: .repository(repository.description)) { store in
                guard let repositoryID = try store.lockedRepositoryID(repository),
                    let manifest = try store.manifest(.digest(digest), in: repository, knowing: digest)
                else { return false }
                store.overrideRules()
                try store.setTag(tag, to: manifest.id, digest: digest, in: repositoryID, actor: nil)
                return true
            }
        }
        guard isDone else { return false }
        invalidate([.tag(tag)], in: repository)
        return true
    }

    /// Forgets a tag that the upstream does not have any more.
    func untag(_ tag: Tag, in repository: RepositoryName) async throws(RegistryError) {
        guard !options.readOnly else { return }
        try await registryErrors {
            try await metadata.write(in: .repository(repository.description)) { store in
                guard let repositoryID = try store.lockedRepositoryID(repository) else { return }
                store.overrideRules()
                _ = try store.deleteTag(tag, in: repositoryID, actor: nil)
            }
        }
        invalidate([.tag(tag)], in: repository)
    }

    func holdsBlob(_ digest: Digest, in repository: RepositoryName) async throws(RegistryError) -> Bool {
        try await registryErrors { try await metadata.read { try $0.blob(digest, in: repository) != nil } }
    }

    /// A blob that some repository of a kind holds.
    func blob(
        _ digest: Digest, heldWhere isMeant: @escaping @Sendable (RepositoryName) -> Bool
    ) async throws(RegistryError) -> StoredBlob? {
        try await registryErrors {
            try await metadata.read { store in
                guard let blob = try store.lockedBlob(digest), try store.holders(of: blob).contains(where: isMeant) else { return nil }
                return blob
            }
        }
    }

    /// Makes a repository hold a blob that is stored.
    ///
    /// - Returns: false when it is not stored any more.
    func share(_ blob: StoredBlob, with repository: RepositoryName) async throws(RegistryError) -> Bool {
        try refuseIfReadOnly()
        return try await registryErrors {
            try await metadata.write(in: .repository(repository.description)) { store in
                store.overrideRules()
                let repositoryID = try store.ensureRepository(repository)
                guard let current = try store.lockedBlob(blob.digest) else { return false }
                try store.link(current.id, to: repositoryID)
                return true
            }
        }
    }
}

extension PulledManifest {
    /// A manifest that is only handed on.
    convenience init(_ remote: RemoteManifest) {
        self.init(digest: remote.digest, mediaType: remote.mediaType, payload: remote.payload)
    }
}
