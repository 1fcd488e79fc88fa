import CoveBlobs
import CoveMetadata
import CoveOCI
import Synchronization

/// Says where registry:2 left content and how large it is, and remembers some of the answers: most images share layers.
final class BlobFinder: Sendable {
    /// Blobs that are remembered, some 10 MiB of them.
    private static let capacity = 65_536

    private let files: any RegistryFiles
    private let verify: Bool
    private let journal: ImportJournal
    private let known = Mutex(LeastRecentlyUsed<Digest, FoundBlob?>(capacity: BlobFinder.capacity))
    /// Content that is not what its name says: few, so all of them.
    private let damaged = Mutex<Set<Digest>>([])

    init(files: any RegistryFiles, verify: Bool, journal: ImportJournal) {
        self.files = files
        self.verify = verify
        self.journal = journal
    }

    /// Those of `digests` whose content is there.
    ///
    /// - Parameter expected: the sizes that manifests give them. What has another is read and hashed: when it is damaged, it
    ///   is not there, so that a push can mend it.
    func find(
        _ digests: some Collection<Digest>, of expected: [Digest: Set<Int64>] = [:]
    ) async throws(BlobStorageError) -> [Digest: FoundBlob] {
        var found: [Digest: FoundBlob] = [:]
        let unknown = known.withLock { known in
            Set(digests).filter { digest in
                guard let answer = known.value(for: digest) else { return true }
                found[digest] = answer
                return false
            }
        }
        for blob in try await measure(Array(unknown)) { found[blob.digest] = blob }
        var suspects = found.values.filter { blob in expected[blob.digest].map { $0 != [blob.size] } ?? false }.map(\.digest)
        if verify { suspects += unknown.filter { found[$0] != nil } }
        for digest in try await findDamaged(among: Array(Set(suspects))) { found[digest] = nil }
        known.withLock { known in
            for digest in Set(suspects).union(unknown) { known.insert(found[digest], for: digest, cost: 1) }
        }
        return found
    }

    private func measure(_ digests: [Digest]) async throws(BlobStorageError) -> [FoundBlob] {
        let sizes = try await files.measure(digests.map(DistributionLayout.data))
        return zip(digests, sizes).compactMap { digest, size in
            let path = DistributionLayout.data(digest)
            switch size {
            case .bytes(let bytes, let modified):
                guard !damaged.withLock({ $0.contains(digest) }) else { return nil }
                return FoundBlob(digest: digest, size: bytes, location: path, createdAt: modified)
            case .missing: return nil
            case .unreadable(let why):
                journal.note(.unreadable, path, why)
                return nil
            }
        }
    }

    /// Those whose bytes are not what their name says.
    private func findDamaged(among digests: [Digest]) async throws(BlobStorageError) -> Set<Digest> {
        let hashes = try await files.hash(digests.map { (DistributionLayout.data($0), $0.algorithm) })
        var wrong: Set<Digest> = []
        for (digest, hash) in zip(digests, hashes) {
            switch hash {
            case .digest(let actual) where actual == digest: break
            case .digest(let actual):
                wrong.insert(digest)
                guard damaged.withLock({ $0.insert(digest).inserted }) else { break }
                journal.note(.digestMismatch, DistributionLayout.data(digest), "its bytes have the digest \(actual)")
            case .missing: wrong.insert(digest)
            case .unreadable(let why):
                wrong.insert(digest)
                journal.note(.unreadable, DistributionLayout.data(digest), why)
            }
        }
        return wrong
    }
}
