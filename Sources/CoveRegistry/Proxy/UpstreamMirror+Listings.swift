import CoveClient
import CoveOCI

extension UpstreamMirror {
    /// Tags, as the upstream lists them; as the store does when the upstream cannot be asked.
    ///
    /// - Parameters: as of ``Registry/tags(in:after:limit:)``.
    /// - Throws: ``RegistryError/repositoryUnknown(_:)``, ``RegistryError/upstream(_:)``.
    package func tags(
        in repository: RepositoryName, after last: String, limit: Int
    ) async throws(RegistryError) -> Mirrored<(page: [String], more: Bool)> {
        let failure: ClientError
        do throws(ClientError) {
            guard !isAbsent("\(repository)") else { throw .notFound }
            return Mirrored(value: try await remoteTags(in: repository, after: last, limit: limit), staleness: nil)
        } catch {
            if missing(error, "\(repository)") { throw .repositoryUnknown(repository) }
            failure = error
        }
        do throws(RegistryError) {
            return Mirrored(value: try await registry.tags(in: repository, after: last, limit: limit), staleness: staleness(failure))
        } catch {
            guard case .repositoryUnknown = error else { throw error }
            throw self.failure(failure)
        }
    }

    /// A page of the upstream's whole list, which is asked for with the first page and kept for those that follow.
    private func remoteTags(
        in repository: RepositoryName, after last: String, limit: Int
    ) async throws(ClientError) -> (page: [String], more: Bool) {
        let all: [String]
        if !last.isEmpty, let kept = keptTags(of: repository) {
            all = kept
        } else {
            all = try await asking { () throws(ClientError) in
                try await upstream.client.tags(in: upstream.remoteName(of: repository), tries: 2)
            }
            keep(all, of: repository)
        }
        let rest = all.drop { !last.utf8.lexicographicallyPrecedes($0.utf8) }
        return (Array(rest.prefix(limit)), rest.count > limit)
    }

    /// Manifests that refer to `subject`, as the upstream lists them; those that are stored when it cannot be asked.
    ///
    /// - Parameters: as of ``Registry/referrers(of:in:artifactType:after:limit:)``.
    package func referrers(
        of subject: Digest, in repository: RepositoryName, artifactType: String?, after last: Digest?, limit: Int
    ) async throws(RegistryError) -> Mirrored<(page: [Descriptor], more: Bool)> {
        let failure: ClientError
        do throws(ClientError) {
            let all = try await asking { () throws(ClientError) in
                try await upstream.client.referrers(of: subject, in: upstream.remoteName(of: repository), tries: 2)
            }
            let wanted = all.filter { artifactType == nil || $0.artifactType == artifactType }
                .filter { entry in last.map { $0.storageKey.lexicographicallyPrecedes(entry.digest.storageKey) } ?? true }
                .sorted { $0.digest.storageKey.lexicographicallyPrecedes($1.digest.storageKey) }
            return Mirrored(value: (Array(wanted.prefix(limit)), wanted.count > limit), staleness: nil)
        } catch {
            if case .notFound = error { return Mirrored(value: ([], false), staleness: nil) }
            failure = error
        }
        let stored = try await registry.referrers(
            of: subject, in: repository, artifactType: artifactType, after: last, limit: limit)
        return Mirrored(value: stored, staleness: staleness(failure))
    }
}
