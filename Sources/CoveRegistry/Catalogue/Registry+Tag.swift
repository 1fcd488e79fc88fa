import CoveMetadata
import CoveOCI

extension Registry {
    /// What became of a tag that was to be made.
    package enum TagOutcome: Sendable, Equatable {
        case made
        /// There is one already, which points at this.
        case taken(Digest)
    }

    /// Gives a manifest of the repository a new tag; an old one stays where it is.
    ///
    /// - Throws: ``RegistryError/manifestUnknown(_:_:)``, ``RegistryError/repositoryUnknown(_:)``.
    package func addTag(
        _ tag: Tag, to digest: Digest, in repository: RepositoryName, origin: Event.Origin
    ) async throws(RegistryError) -> TagOutcome {
        try refuseIfMirrored(repository)
        try refuseIfReadOnly()
        let outcome = try await registryErrors {
            try await change(in: repository) { store -> TagOutcome in
                guard let id = try store.lockedRepositoryID(repository) else { throw RegistryError.repositoryUnknown(repository) }
                if let other = try store.artifact(.tag(tag), in: id) { return .taken(other.digest) }
                guard let artifact = try store.artifact(.digest(digest), in: id) else {
                    throw RegistryError.manifestUnknown(.digest(digest), repository)
                }
                try store.setTag(tag, to: artifact.id, digest: digest, in: id, actor: origin.actor)
                try store.append(
                    Event(.push, repository: repository, digest: digest, mediaType: artifact.manifestType, tag: tag, origin: origin))
                return .made
            }
        }
        invalidate([.tag(tag)], in: repository)
        return outcome
    }
}
