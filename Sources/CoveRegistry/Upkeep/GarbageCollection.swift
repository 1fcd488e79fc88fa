import CoveBlobs
import CoveMetadata
import CoveOCI

/// Takes content that no manifest needs out of repositories and deletes what nobody holds then, beside pushes and pulls:
/// registry:2's `garbage-collect`, without stopping anything. Each step is a small transaction that looks again at what it
/// removes; killed anywhere, the next run goes on.
package struct GarbageCollection: Sendable {
    package struct Options: Sendable, Codable, Equatable {
        /// Only say what would go.
        package var dryRun = false
        /// Whether manifests go that no tag, no index and no subject holds.
        package var deleteUntagged = false
        /// Seconds for which content stays that was pushed and that nothing refers to yet: what refers to it may be on its
        /// way. What a manifest referred to that is gone does not wait.
        package var grace = 3600
        /// Whether only the end is told.
        package var quiet = false
        /// Blobs whose bytes are deleted at once; nil for one.
        package var workers: Int?

        package init() {}
    }

    package struct Outcome: Sendable, Codable, Equatable {
        package var repositories = 0
        /// Blobs that stay.
        package var marked: Int64 = 0
        /// What went or, in a dry run, would.
        package var manifests = 0
        package var blobs = 0
        /// Of blobs, and of files that registry:2 left of manifests.
        package var bytes: Int64 = 0
        /// What stays for its age only.
        package var youngManifests = 0
        package var youngBlobs = 0
        package var youngBytes: Int64 = 0

        package init() {}
    }

    /// Rows that a transaction looks at.
    private static let page = 200
    /// Under which the store knows who is at it.
    private static let name = "garbage collection"

    private let registry: Registry
    private let options: Options

    package init(registry: Registry, options: Options) {
        self.registry = registry
        self.options = options
    }

    /// - Parameter say: told in lines what goes.
    /// - Returns: nil when somebody else is collecting.
    package func run(_ say: @escaping @Sendable ([String]) async throws -> Void) async throws -> Outcome? {
        var outcome: Outcome?
        try await registry.metadata.exclusively(Self.name) {
            outcome = try await collect { lines in
                if !options.quiet, !lines.isEmpty { try await say(lines) }
            }
        }
        return outcome
    }

    private func collect(_ say: @Sendable ([String]) async throws -> Void) async throws -> Outcome {
        var outcome = Outcome()
        // How many repositories would let go of a blob; of a dry run only.
        var released: [Int64: (blob: StoredBlob, count: Int)] = [:]
        let cutoff = Int64.nowMicroseconds - Int64(options.grace) * 1_000_000
        var last: Int64 = 0
        while true {
            let from = last
            let repositories = try await registry.metadata.read { try $0.repositories(afterID: from, limit: Self.page) }
            for repository in repositories {
                try Task.checkCancellation()
                try await say([repository.name.description])
                let gone = try await collectManifests(in: repository, cutoff, &outcome, say)
                try await collectLinks(in: repository, cutoff, ignoring: gone, &outcome, &released)
                outcome.repositories += 1
            }
            guard let end = repositories.last?.id else { break }
            last = end
        }
        if options.dryRun {
            try await countBlobs(released, &outcome, say)
        } else {
            try await freeBlobs(&outcome, say)
            try await freePayloads(&outcome)
        }
        let left = try await registry.metadata.read { try $0.liveBlobTotals().count }
        outcome.marked = options.dryRun ? left - Int64(outcome.blobs) : left
        return outcome
    }

    // MARK: - In a repository

    private typealias Place = (id: Int64, name: RepositoryName)

    /// - Returns: in a dry run, the rows of what would go.
    private func collectManifests(
        in repository: Place, _ cutoff: Int64, _ outcome: inout Outcome, _ say: ([String]) async throws -> Void
    ) async throws -> Set<Int64> {
        guard options.deleteUntagged else { return [] }
        let (id, name) = repository
        var spared: Set<Int64> = []
        var next: Int64? = 0
        while let from = next {
            let page: (unheld: [MetadataTransaction.ManifestCandidate], young: Int, next: Int64?)
            if options.dryRun {
                page = try await registry.metadata.read {
                    try $0.unheldManifests(in: id, youngSince: cutoff, after: from, limit: Self.page)
                }
                spared.formUnion(page.unheld.map(\.id))
            } else {
                page = try await registry.metadata.write(in: .repository(name.description)) { store in
                    guard try store.lockedRepositoryID(name) != nil else { return ([], 0, nil) }
                    let page = try store.unheldManifests(in: id, youngSince: cutoff, after: from, limit: Self.page)
                    for manifest in page.unheld { _ = try store.deleteManifest(manifest.digest, in: id, actor: Self.name) }
                    return page
                }
                registry.manifestCache.invalidate(
                    page.unheld.lazy.map { ContentKey(repository: name, reference: .digest($0.digest)) })
            }
            try await say(page.unheld.map { "\(name): manifest eligible for deletion: \($0.digest)" })
            outcome.manifests += page.unheld.count
            outcome.youngManifests += page.young
            next = page.next
        }
        return spared
    }

    private func collectLinks(
        in repository: Place, _ cutoff: Int64, ignoring gone: Set<Int64>, _ outcome: inout Outcome,
        _ released: inout [Int64: (blob: StoredBlob, count: Int)]
    ) async throws {
        let (id, name) = repository
        var next: Int64? = 0
        while let from = next {
            let page: (unused: [MetadataTransaction.UnusedBlob], next: Int64?)
            if options.dryRun {
                page = try await registry.metadata.read { try $0.unusedBlobs(in: id, ignoring: gone, after: from, limit: Self.page) }
            } else {
                page = try await registry.metadata.write(in: .repository(name.description)) { store in
                    guard try store.lockedRepositoryID(name) != nil else { return ([], nil) }
                    let page = try store.unusedBlobs(in: id, ignoring: [], after: from, limit: Self.page)
                    for unused in page.unused where unused.heldSince < cutoff { try store.unlink(unused.blob, from: id) }
                    return page
                }
            }
            for unused in page.unused {
                if unused.heldSince >= cutoff {
                    outcome.youngBlobs += 1
                    outcome.youngBytes += unused.blob.size
                } else if options.dryRun {
                    released[unused.blob.id, default: (unused.blob, 0)].count += 1
                } else {
                    await registry.forgetBlob(unused.blob.digest, in: name)
                }
            }
            next = page.next
        }
    }

    // MARK: - Blobs

    private func freeBlobs(_ outcome: inout Outcome, _ say: ([String]) async throws -> Void) async throws {
        var last: Int64 = 0
        while true {
            let from = last
            let ids = try await registry.metadata.write(in: .upkeep) { store in
                let ids = try store.ownerlessBlobs(after: from, limit: Self.page).map(\.id)
                try store.releaseOwnerless(ids)
                return ids
            }
            guard let end = ids.last else { break }
            last = end
        }
        var freed = (count: 0, bytes: Int64(0))
        // Every hold on a blob is a row, so what has none is nobody's at once.
        try await registry.freeBlobs(unreferencedBefore: .nowMicroseconds + 1, workers: options.workers ?? 1) { blobs in
            freed.count += blobs.count
            freed.bytes += blobs.reduce(0) { $0 + $1.size }
            try await say(blobs.map { "blob eligible for deletion: \($0.digest)" })
        }
        outcome.blobs += freed.count
        outcome.bytes += freed.bytes
    }

    /// Deletes the files in which registry:2 kept manifests that are gone from every repository.
    private func freePayloads(_ outcome: inout Outcome) async throws {
        var last: Digest?
        while true {
            let from = last
            let digests = try await registry.metadata.read { try $0.forgottenImports(after: from, limit: Self.page) }
            for digest in digests {
                let location = DistributionLayout.data(digest)
                guard let size = try await registry.storage.size(of: location) else { continue }
                try await registry.storage.deleteBlob(location)
                outcome.bytes += size
            }
            guard let end = digests.last else { return }
            last = end
        }
    }

    private func countBlobs(
        _ released: [Int64: (blob: StoredBlob, count: Int)], _ outcome: inout Outcome, _ say: ([String]) async throws -> Void
    ) async throws {
        var eligible: [StoredBlob] = []
        for (blob, count) in released.values.sorted(by: { $0.blob.id < $1.blob.id }) {
            if try await registry.metadata.read({ try $0.holderCount(of: blob.id) }) == count { eligible.append(blob) }
        }
        var last: Int64 = 0
        while true {
            let from = last
            let blobs = try await registry.metadata.read { try $0.ownerlessBlobs(after: from, limit: Self.page) }
            eligible += blobs
            guard let end = blobs.last?.id else { break }
            last = end
        }
        outcome.blobs += eligible.count
        outcome.bytes += eligible.reduce(0) { $0 + $1.size }
        try await say(eligible.map { "blob eligible for deletion: \($0.digest)" })
    }
}
