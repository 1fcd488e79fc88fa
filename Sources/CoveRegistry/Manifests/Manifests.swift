import CoveMetadata
import CoveOCI
import Foundation
import NIOCore
import NIOPosix

/// A manifest as a client receives it.
package final class PulledManifest: Sendable {
    package let digest: Digest
    package let mediaType: String
    package let payload: ByteBuffer
    /// The digest as text, so that a hot pull does not spell it out again.
    package let digestText: String

    init(digest: Digest, mediaType: String, payload: ByteBuffer) {
        self.digest = digest
        digestText = digest.description
        self.mediaType = mediaType
        self.payload = payload
    }

    /// - Parameter known: the manifest whose payload was left out when `stored` was read.
    convenience init?(_ stored: StoredManifest, knowing known: PulledManifest?) {
        guard let payload = stored.payload.map({ ByteBuffer(bytes: $0) }) ?? known?.payload else { return nil }
        self.init(digest: stored.digest, mediaType: stored.mediaType, payload: payload)
    }
}

/// What a push of a manifest brought about.
package struct ManifestReceipt: Sendable {
    package let digest: Digest
    /// The manifest that it says it refers to, if any.
    package let subject: Digest?
}

extension Registry {
    /// The manifest that a tag or digest names.
    ///
    /// - Parameter origin: who pulls, to be counted, or looks (HEAD); nil when it is nobody's request.
    /// - Throws: ``RegistryError/manifestUnknown(_:_:)``.
    package func manifest(
        _ reference: Reference, in repository: RepositoryName, origin: Event.Origin?
    ) async throws(RegistryError) -> PulledManifest {
        let key = ContentKey(repository: repository, reference: reference)
        let found = try await manifestCache.value(for: key, cost: { $0.payload.readableBytes + 512 }) {
            known throws(RegistryError) in
            try await registryErrors {
                try await metadata.read { try $0.manifest(reference, in: repository, knowing: known?.digest) }
                    .flatMap { stored in
                        PulledManifest(stored, knowing: known).map { .init($0, isSettled: stored.isSettled) }
                    }
            }
        }
        guard let found else { throw .manifestUnknown(reference, repository) }
        if let origin {
            let tag: Tag? = if case .tag(let tag) = reference { tag } else { nil }
            pulls.record(
                Event(
                    .pull, repository: repository, digest: found.digest, mediaType: found.mediaType,
                    size: Int64(found.payload.readableBytes), tag: tag, origin: origin))
        }
        return found
    }

    /// Refuses what no manifest's content could make acceptable.
    ///
    /// - Throws: ``RegistryError/mirrored(_:from:)``, ``RegistryError/readOnly``, ``RegistryError/manifestInvalid(_:)``.
    package func checkManifestPush(to repository: RepositoryName, contentType: String?) throws(RegistryError) {
        try refuseIfMirrored(repository)
        try refuseIfReadOnly()
        guard let contentType else { return }
        do {
            try Manifest.checkContentType(contentType)
        } catch {
            throw .manifestInvalid(error)
        }
    }

    /// Stores a manifest under its digest and under tags.
    ///
    /// - Parameters:
    ///   - payload: the exact bytes, at most ``Manifest/maximumSize``.
    ///   - contentType: the `Content-Type` it came with.
    ///   - reference: the tag, or the digest that the bytes must have.
    ///   - tags: further tags to point at it.
    ///   - classes: what kinds of images the client may push; nil for all. See ``ManifestPolicy/classes``.
    /// - Throws: ``RegistryError``; nothing is stored then.
    package func pushManifest(
        _ payload: ByteBuffer, contentType: String?, as reference: Reference, tags: [Tag],
        in repository: RepositoryName, classes: Set<String>? = nil, origin: Event.Origin
    ) async throws(RegistryError) -> ManifestReceipt {
        try refuseIfMirrored(repository)
        try refuseIfReadOnly()
        let bytes = Data(payload.readableBytesView)
        var allTags = tags
        let digest: Digest
        switch reference {
        case .tag(let tag):
            digest = Digest.of(bytes)
            allTags.insert(tag, at: 0)
        case .digest(let expected):
            digest = Digest.of(bytes, algorithm: expected.algorithm)
            guard digest == expected else { throw .digestMismatch(expected: expected, actual: digest) }
        }
        let manifest = try await Self.parse(bytes, contentType: contentType)
        try checkURLs(of: manifest)
        try options.manifests.checkClass(of: manifest, granted: classes)
        let policy = options.manifests
        let retyped = try await releasingIfRefused(manifest, in: repository) { () throws(RegistryError) -> [Tag]? in
            try await registryErrors {
                try await change(in: repository) { [allTags] store in
                    try store.prepareToSet(allTags, to: digest, in: repository)
                    let repositoryID = try store.ensureRepository(repository)
                    let references = try Self.resolve(manifest, in: repositoryID, store, policy)
                    let (id, retyped) = try store.insertManifest(
                        manifest, digest: digest, payload: bytes, references: references, in: repositoryID,
                        actor: origin.actor)
                    var events = [Tag?](allTags)
                    if events.isEmpty { events = [nil] }
                    for tag in events {
                        if let tag { try store.setTag(tag, to: id, digest: digest, in: repositoryID, actor: origin.actor) }
                        try store.append(
                            Event(
                                .push, repository: repository, digest: digest, mediaType: manifest.mediaType,
                                size: Int64(bytes.count), tag: tag, origin: origin))
                    }
                    return retyped
                }
            }
        }
        invalidate([.digest(digest)] + (allTags + (retyped ?? [])).map(Reference.tag), in: repository)
        return ManifestReceipt(digest: digest, subject: manifest.subject?.digest)
    }

    /// Runs `body`, and when the project's quota has no room for the manifest, leaves what was pushed for it alone out of the
    /// quota: it would take the room of what comes next until garbage is collected. A later push of the manifest takes it back.
    private func releasingIfRefused<T: Sendable>(
        _ manifest: Manifest, in repository: RepositoryName, _ body: () async throws(RegistryError) -> T
    ) async throws(RegistryError) -> T {
        do throws(RegistryError) {
            return try await body()
        } catch {
            if case .quotaExceeded = error {
                let blobs = ([manifest.config].compactMap { $0 } + manifest.layers).map(\.digest)
                try await registryErrors {
                    try await metadata.write(in: .repository(repository.description)) { store in
                        guard let repositoryID = try store.lockedRepositoryID(repository) else { return }
                        try store.releaseBlobs(blobs, in: repositoryID)
                    }
                }
            }
            throw error
        }
    }

    /// Deletes a tag, or a manifest with all of its tags.
    ///
    /// - Throws: ``RegistryError/manifestUnknown(_:_:)``, ``RegistryError/repositoryUnknown(_:)``.
    package func deleteManifest(
        _ reference: Reference, in repository: RepositoryName, origin: Event.Origin
    ) async throws(RegistryError) {
        try refuseIfMirrored(repository)
        try refuseDeletionIfDisabled()
        let gone = try await registryErrors {
            try await change(in: repository) { store in
                guard let repositoryID = try store.lockedRepositoryID(repository) else {
                    throw RegistryError.repositoryUnknown(repository)
                }
                var event = Event(.delete, repository: repository, origin: origin)
                var events: [Event] = []
                let gone: [Reference]
                switch reference {
                case .tag(let tag):
                    guard let deleted = try store.deleteTag(tag, in: repositoryID, actor: origin.actor) else {
                        throw RegistryError.manifestUnknown(reference, repository)
                    }
                    event.digest = deleted.digest
                    event.mediaType = deleted.mediaType
                    event.size = deleted.size
                    event.tag = tag
                    events = [event]
                    gone = [reference]
                case .digest(let digest):
                    guard let removed = try Self.remove(digest, from: repository, repositoryID, store, origin) else {
                        throw RegistryError.manifestUnknown(reference, repository)
                    }
                    gone = removed
                }
                for event in events { try store.append(event) }
                return gone
            }
        }
        invalidate(gone, in: repository)
    }

    /// Removes a manifest with its tags, and says so in the outbox.
    ///
    /// - Returns: the references that are gone; nil when there was none.
    static func remove(
        _ digest: Digest, from repository: RepositoryName, _ repositoryID: Int64, _ store: MetadataTransaction, _ origin: Event.Origin
    ) throws -> [Reference]? {
        guard let deleted = try store.deleteManifest(digest, in: repositoryID, actor: origin.actor) else { return nil }
        var event = Event(
            .delete, repository: repository, digest: digest, mediaType: deleted.mediaType, size: deleted.size, origin: origin)
        try store.append(event)
        for tag in deleted.tags.sorted(by: { $0.description < $1.description }) {
            event.tag = tag
            try store.append(event)
        }
        return [.digest(digest)] + deleted.tags.map(Reference.tag)
    }

    /// Manifests whose `subject` is this digest.
    ///
    /// - Parameters:
    ///   - artifactType: list only those of this type.
    ///   - last: the digest after which to go on.
    ///   - limit: how many at most.
    /// - Returns: the page, and whether more follow. Empty for a repository or subject that is not there.
    package func referrers(
        of subject: Digest, in repository: RepositoryName, artifactType: String?, after last: Digest?, limit: Int
    ) async throws(RegistryError) -> (page: [Descriptor], more: Bool) {
        try await registryErrors {
            try await metadata.read { store in
                guard let repositoryID = try store.repositoryID(repository) else { return ([], false) }
                return try store.referrers(
                    of: subject, in: repositoryID, artifactType: artifactType, after: last, limit: limit,
                    budget: Manifest.maximumSize * 3 / 4)
            }
        }
    }

    func invalidate(_ references: [Reference], in repository: RepositoryName) {
        manifestCache.invalidate(references.lazy.map { ContentKey(repository: repository, reference: $0) })
    }

    /// Large manifests are parsed on threads of their own, as many at once as there are cores: each keeps one busy for a
    /// while and takes many times its size for as long.
    static func parse(_ bytes: Data, contentType: String?) async throws(RegistryError) -> Manifest {
        let result: Result<Manifest, ManifestError>
        if bytes.count <= largestParsedInPlace {
            result = Result { () throws(ManifestError) in try Manifest(parsing: bytes, contentType: contentType) }
        } else {
            result = await withCheckedContinuation { continuation in
                NIOThreadPool.singleton.submit { _ in
                    continuation.resume(
                        returning: Result { () throws(ManifestError) in
                            try Manifest(parsing: bytes, contentType: contentType)
                        })
                    MemoryReturn.now()
                }
            }
        }
        do {
            return try result.get()
        } catch {
            throw .manifestInvalid(error)
        }
    }

    private static let largestParsedInPlace = 128 * 1024

    private func checkURLs(of manifest: Manifest) throws(RegistryError) {
        for layer in manifest.layers {
            for url in layer.urls where !options.manifests.allowsURL(url) { throw .urlRefused(url, layer) }
        }
    }

    /// Finds what a manifest refers to. The subject need not be there (distribution-spec, "Push").
    private static func resolve(
        _ manifest: Manifest, in repositoryID: Int64, _ store: MetadataTransaction, _ policy: ManifestPolicy
    ) throws -> [ManifestReference] {
        var references: [ManifestReference] = []
        var unknown: [Descriptor] = []
        let all = [manifest.config].compactMap { $0 } + manifest.layers + manifest.manifests
        let blobs = try store.sizesOfHeldBlobs(all.map(\.digest), in: repositoryID)
        let children = try store.sizesOfManifests(manifest.manifests.map(\.digest), in: repositoryID)
        func blob(_ descriptor: Descriptor, _ role: ManifestReference.Role) throws {
            let held = blobs[descriptor.digest]
            if let held, held != descriptor.size {
                throw RegistryError.referenceSizeMismatch(descriptor, actual: held)
            }
            if held == nil, policy.requiresBlobs, !MediaType.isNonDistributable(descriptor.mediaType) {
                unknown.append(descriptor)
            }
            references.append(ManifestReference(role: role, descriptor: descriptor))
        }
        if let config = manifest.config { try blob(config, .config) }
        for layer in manifest.layers { try blob(layer, .layer) }
        for child in manifest.manifests {
            if let size = children[child.digest] {
                guard size == child.size else {
                    throw RegistryError.referenceSizeMismatch(child, actual: size)
                }
                references.append(ManifestReference(role: .child, descriptor: child))
            } else if !MediaType.manifests.contains(child.mediaType), blobs[child.digest] != nil {
                // An index may also list content that is no manifest (image-spec, `image-index.md`).
                try blob(child, .layer)
            } else {
                if policy.requires(child) { unknown.append(child) }
                references.append(ManifestReference(role: .child, descriptor: child))
            }
        }
        if !unknown.isEmpty { throw RegistryError.referencesUnknown(unknown) }
        return references
    }
}
