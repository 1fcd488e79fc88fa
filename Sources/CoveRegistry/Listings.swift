import CoveMetadata
import CoveOCI

/// Lists of names, a page at a time. A page costs the same wherever it begins.
extension Registry {
    /// Tags in byte order.
    ///
    /// - Parameters:
    ///   - last: the name after which to go on; empty for the beginning.
    ///   - limit: how many at most.
    /// - Returns: the page, and whether more follow.
    /// - Throws: ``RegistryError/repositoryUnknown(_:)``.
    package func tags(
        in repository: RepositoryName, after last: String, limit: Int
    ) async throws(RegistryError) -> (page: [String], more: Bool) {
        let names = try await registryErrors {
            try await metadata.read { store -> [String] in
                guard let repositoryID = try store.repositoryID(repository) else {
                    throw RegistryError.repositoryUnknown(repository)
                }
                return try store.tagNames(in: repositoryID, after: last, limit: Self.oneMore(than: limit))
            }
        }
        return (Array(names.prefix(limit)), names.count > limit)
    }

    /// Repositories in byte order; as ``tags(in:after:limit:)``.
    package func repositories(
        after last: String, limit: Int
    ) async throws(RegistryError) -> (page: [String], more: Bool) {
        let names = try await registryErrors {
            try await metadata.read { try $0.repositoryNames(after: last, limit: Self.oneMore(than: limit)) }
        }
        return (Array(names.prefix(limit)), names.count > limit)
    }

    private static func oneMore(than limit: Int) -> Int { limit == .max ? limit : limit + 1 }
}
