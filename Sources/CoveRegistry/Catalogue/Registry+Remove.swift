import CoveMetadata
import CoveOCI

/// Removing more than one thing: an artifact with all that is only there for it, a repository with all that it holds.
extension Registry {
    private static let removedTogether = 50

    /// Deletes a manifest with its tags, its referrers, and those entries of it that no tag and no other index needs.
    ///
    /// What belongs to it goes in further transactions: a crash in between leaves that without what it belonged to.
    ///
    /// - Returns: nil when it is done; else an index that has the manifest as an entry, which has to go first.
    /// - Throws: ``RegistryError/manifestUnknown(_:_:)``, ``RegistryError/repositoryUnknown(_:)``.
    package func deleteArtifact(
        _ digest: Digest, in repository: RepositoryName, origin: Event.Origin
    ) async throws(RegistryError) -> Digest? {
        try refuseIfMirrored(repository)
        try refuseDeletionIfDisabled()
        let first = try await registryErrors {
            try await change(in: repository) { store -> (holder: Digest?, removal: Removal) in
                guard let id = try store.lockedRepositoryID(repository) else { throw RegistryError.repositoryUnknown(repository) }
                if let holder = try store.indexes(with: digest, in: id).first { return (holder, Removal()) }
                var removal = Removal()
                guard try removal.remove(digest, from: repository, id, store, origin) else {
                    throw RegistryError.manifestUnknown(.digest(digest), repository)
                }
                return (nil, removal)
            }
        }
        if let holder = first.holder { return holder }
        invalidate(first.removal.gone, in: repository)
        var waiting = first.removal.next
        while !waiting.isEmpty {
            let batch = Array(waiting.prefix(Self.removedTogether))
            waiting.removeFirst(batch.count)
            let removal = try await registryErrors {
                try await change(in: repository) { store in
                    var removal = Removal()
                    guard let id = try store.lockedRepositoryID(repository) else { return removal }
                    for digest in batch where try Self.isLeft(digest, in: id, store) {
                        _ = try removal.remove(digest, from: repository, id, store, origin)
                    }
                    return removal
                }
            }
            invalidate(removal.gone, in: repository)
            waiting += removal.next
        }
        return nil
    }

    /// Whether something that belonged to what was removed has nobody else to need it.
    private static func isLeft(_ digest: Digest, in id: Int64, _ store: MetadataTransaction) throws -> Bool {
        guard let artifact = try store.artifact(.digest(digest), in: id) else { return false }
        if let subject = try store.subject(of: artifact.id) { return try store.manifestIDs([subject], in: id).isEmpty }
        guard try store.indexes(with: digest, in: id).isEmpty else { return false }
        return try store.tags(ofArtifacts: [artifact.id]).isEmpty
    }

    private struct Removal: Sendable {
        var gone: [Reference] = []
        /// What belonged to it.
        var next: [Digest] = []

        mutating func remove(
            _ digest: Digest, from repository: RepositoryName, _ id: Int64, _ store: MetadataTransaction, _ origin: Event.Origin
        ) throws -> Bool {
            let belongings = try store.belongings(of: digest, in: id)
            guard let removed = try Registry.remove(digest, from: repository, id, store, origin) else { return false }
            gone += removed
            next += belongings
            return true
        }
    }

    /// Deletes all that a repository holds, a little at a time, and then the repository. What was deleted before a crash stays so.
    ///
    /// - Returns: false when something was pushed meanwhile, so that it is still there.
    /// - Throws: ``RegistryError/repositoryUnknown(_:)``.
    package func deleteRepository(_ repository: RepositoryName, origin: Event.Origin) async throws(RegistryError) -> Bool {
        try refuseIfMirrored(repository)
        try refuseDeletionIfDisabled()
        try await registryErrors {
            try await metadata.read { store in
                if let id = try store.repositoryID(repository) { try store.refuseIfImmutable(id) }
            }
        }
        guard try await removeManifests(of: repository, origin) else { throw .repositoryUnknown(repository) }
        while true {
            let blobs = try await registryErrors {
                try await change(in: repository) { store -> [StoredBlob] in
                    guard let id = try store.lockedRepositoryID(repository) else { return [] }
                    let blobs = try store.anyHeldBlobs(in: id, limit: Self.removedTogether)
                    for blob in blobs { try store.unlink(blob, from: id) }
                    return blobs
                }
            }
            for blob in blobs { await forgetBlob(blob.digest, in: repository) }
            if blobs.count < Self.removedTogether { break }
        }
        return try await registryErrors {
            try await change(in: repository) { store in
                guard let id = try store.lockedRepositoryID(repository) else { return true }
                return try store.forgetRepository(id)
            }
        }
    }

    /// - Returns: false when there is no such repository.
    private func removeManifests(of repository: RepositoryName, _ origin: Event.Origin) async throws(RegistryError) -> Bool {
        while true {
            let gone = try await registryErrors {
                try await change(in: repository) { store -> [Reference]? in
                    guard let id = try store.lockedRepositoryID(repository) else { return nil }
                    return try store.anyManifests(in: id, limit: Self.removedTogether).flatMap {
                        try Self.remove($0, from: repository, id, store, origin) ?? []
                    }
                }
            }
            guard let gone else { return false }
            invalidate(gone, in: repository)
            if gone.isEmpty { return true }
        }
    }
}
