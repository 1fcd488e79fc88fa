import CoveMetadata
import CoveOCI
import Logging

/// Content of upstreams that nobody has pulled for a while: it goes, and comes again when somebody asks for it.
extension Mirrors {
    private static let page = 1000

    /// Lets go of what is past its time, in every mirrored repository. The bytes are the collector's to free.
    func evict() async throws {
        // A pull that is counted but not written yet is one all the same.
        await registry.pulls.flush()
        var last = ""
        while true {
            let (names, more) = try await registry.repositories(after: last, limit: Self.page)
            for name in names {
                guard let repository = try? RepositoryName(parsing: name),
                    let upstream = registry.options.upstreams.upstream(of: repository),
                    let time = upstream.timeToLive
                else { continue }
                try await registry.evict(from: repository, unusedSince: .nowMicroseconds - time.microseconds)
            }
            guard more, let end = names.last else { return }
            last = end
        }
    }

    /// How often there may be something to evict; nil when nothing ever goes.
    var evictionInterval: Duration? {
        all.compactMap(\.upstream.timeToLive).min().map { max(.seconds(1), min($0 / 4, .seconds(3600))) }
    }
}

extension Registry {
    private static let evictionBatch = 100

    /// Removes tags and manifests of a mirrored repository that nobody has pulled since `cutoff`, and blobs that no manifest
    /// of it refers to.
    func evict(from repository: RepositoryName, unusedSince cutoff: Int64) async throws {
        while true {
            let (gone, blobs, isLast) = try await metadata.write(in: .repository(repository.description)) { store in
                guard let repositoryID = try store.lockedRepositoryID(repository) else { return ([Reference](), [StoredBlob](), true) }
                store.overrideRules()
                var gone: [Reference] = []
                let tags = try store.tags(in: repositoryID, unusedSince: cutoff, limit: Self.evictionBatch)
                for tag in tags {
                    _ = try store.deleteTag(tag, in: repositoryID, actor: nil)
                    gone.append(.tag(tag))
                }
                let manifests = try store.manifests(in: repositoryID, unusedSince: cutoff, limit: Self.evictionBatch)
                for digest in manifests {
                    let deleted = try store.deleteManifest(digest, in: repositoryID, actor: nil)
                    gone += [.digest(digest)] + (deleted?.tags ?? []).map(Reference.tag)
                }
                let blobs = try store.strayBlobs(in: repositoryID, heldSince: cutoff, limit: Self.evictionBatch)
                for blob in blobs { try store.unlink(blob, from: repositoryID) }
                return (gone, blobs, max(tags.count, manifests.count, blobs.count) < Self.evictionBatch)
            }
            invalidate(gone, in: repository)
            for blob in blobs { await forgetBlob(blob.digest, in: repository) }
            if !gone.isEmpty || !blobs.isEmpty {
                logger.info(
                    "let go of an upstream's content that nobody pulls",
                    metadata: ["repository": "\(repository)", "references": "\(gone.count)", "blobs": "\(blobs.count)"])
            }
            if isLast { return }
        }
    }
}
