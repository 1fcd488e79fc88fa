import CoveClient
import CoveMetadata
import CoveOCI
import Logging
import NIOCore

/// Where a manifest is after its upstream was asked.
enum ManifestOutcome: Sendable {
    /// In the store, as the upstream has it.
    case stored
    /// In the store, and the upstream could not be asked.
    case stale(Staleness)
    /// Not in the store: the upstream's manifest is one that Cove cannot keep.
    case passedOn(PulledManifest)
}

extension UpstreamMirror {
    /// The manifest that a tag or digest names. A digest that is stored is never asked for; of a tag, the upstream is asked
    /// each time whether it has moved.
    ///
    /// - Parameter origin: who pulls, to be counted, or looks (HEAD); nil when it is nobody's request.
    /// - Throws: ``RegistryError/manifestUnknown(_:_:)``, ``RegistryError/upstream(_:)``.
    package func manifest(
        _ reference: Reference, in repository: RepositoryName, origin: Event.Origin?
    ) async throws(RegistryError) -> Mirrored<PulledManifest> {
        let found = try await found(reference, in: repository, origin: origin)
        if let origin, origin.method != "HEAD" { manifestCounter.gave(Int64(found.value.payload.readableBytes)) }
        return found
    }

    private func found(
        _ reference: Reference, in repository: RepositoryName, origin: Event.Origin?
    ) async throws(RegistryError) -> Mirrored<PulledManifest> {
        if case .digest = reference, let found = try await registry.knownManifest(reference, in: repository, origin: origin) {
            manifestCounter.hit()
            return Mirrored(value: found, staleness: nil)
        }
        let key = ContentKey(repository: repository, reference: reference)
        let outcome = try await manifestFlights.run(key) { () throws(RegistryError) in
            switch reference {
            case .digest(let digest): return try await self.fetch(digest, in: repository)
            case .tag(let tag): return try await self.refresh(tag, in: repository)
            }
        }
        switch outcome {
        case .passedOn(let manifest):
            if let origin { registry.countPull(of: manifest, by: reference, in: repository, origin) }
            return Mirrored(value: manifest, staleness: nil)
        case .stored:
            return Mirrored(value: try await registry.manifest(reference, in: repository, origin: origin), staleness: nil)
        case .stale(let staleness):
            return Mirrored(value: try await registry.manifest(reference, in: repository, origin: origin), staleness: staleness)
        }
    }

    private func fetch(_ digest: Digest, in repository: RepositoryName) async throws(RegistryError) -> ManifestOutcome {
        let reference = Reference.digest(digest)
        // Somebody may have fetched it just before.
        if try await registry.knownManifest(reference, in: repository, origin: nil) != nil { return .stored }
        let unknown = RegistryError.manifestUnknown(reference, repository)
        guard !isAbsent("\(repository)@\(digest)") else { throw unknown }
        do throws(ClientError) {
            return try await keep(try await download(reference, in: repository), tag: nil, in: repository)
        } catch {
            throw missing(error, "\(repository)@\(digest)") ? unknown : failure(error)
        }
    }

    private func refresh(_ tag: Tag, in repository: RepositoryName) async throws(RegistryError) -> ManifestOutcome {
        let reference = Reference.tag(tag)
        let key = ContentKey(repository: repository, reference: reference)
        let known = try await registry.knownManifest(reference, in: repository, origin: nil)
        if known != nil {
            if isConfirmed(key) { return .stored }
            if health.isAway { return .stale(staleness(nil)) }
        }
        guard !isAbsent("\(repository):\(tag)") else { throw .manifestUnknown(reference, repository) }
        let asked = ContinuousClock.now
        let outcome: ManifestOutcome
        do throws(ClientError) {
            if let known {
                outcome = try await confirm(tag, known, in: repository)
            } else {
                outcome = try await keep(try await download(reference, in: repository), tag: tag, in: repository)
            }
        } catch {
            if missing(error, "\(repository):\(tag)") {
                // Also when the upstream is away later: it has said that there is no such tag.
                if known != nil { try await registry.untag(tag, in: repository) }
                throw .manifestUnknown(reference, repository)
            }
            guard known != nil else { throw failure(error) }
            return .stale(staleness(error))
        }
        noteConfirmed(key, asked: asked)
        return outcome
    }

    /// Asks whether a stored tag has moved, and follows it.
    private func confirm(
        _ tag: Tag, _ known: PulledManifest, in repository: RepositoryName
    ) async throws(ClientError) -> ManifestOutcome {
        // Twice, not more: what is stored can be served instead.
        let state = try await asking { () throws(ClientError) in
            try await upstream.client.check(tag, in: upstream.remoteName(of: repository), knowing: known.digest, tries: 2)
        }
        switch state {
        case .unchanged:
            manifestCounter.hit()
            return .stored
        case .moved(let digest?):
            if let moved = try? await registry.retag(tag, to: digest, in: repository), moved {
                manifestCounter.hit()
                return .stored
            }
            return try await keep(try await download(.digest(digest), in: repository), tag: tag, in: repository)
        case .moved(nil):
            let manifest = try await download(.tag(tag), in: repository)
            return manifest.digest == known.digest ? .stored : try await keep(manifest, tag: tag, in: repository)
        }
    }

    private func download(_ reference: Reference, in repository: RepositoryName) async throws(ClientError) -> RemoteManifest {
        manifestCounter.miss()
        let manifest = try await asking { () throws(ClientError) in
            try await upstream.client.manifest(reference, in: upstream.remoteName(of: repository))
        }
        manifestCounter.fetched(manifest.payload.readableBytes)
        return manifest
    }

    /// Keeps a manifest if it can be kept. A client gets it in any case.
    private func keep(_ remote: RemoteManifest, tag: Tag?, in repository: RepositoryName) async throws(ClientError) -> ManifestOutcome {
        do throws(RegistryError) {
            try await registry.keep(remote, tag: tag, in: repository)
            return .stored
        } catch {
            registry.logger.warning(
                "a manifest of an upstream is handed on but not kept",
                metadata: ["repository": "\(repository)", "digest": "\(remote.digest)", "reason": "\(error)"])
            return .passedOn(PulledManifest(remote))
        }
    }

    /// Whether the upstream says that there is no such thing, which is believed for a while.
    func missing(_ error: ClientError, _ key: String) -> Bool {
        switch error {
        case .notFound, .denied:
            noteAbsent(key)
            return true
        default: return false
        }
    }
}
