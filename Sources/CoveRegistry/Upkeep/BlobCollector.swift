import CoveBlobs
import CoveMetadata
import Logging

extension Registry {
    /// Blobs that are condemned in one transaction.
    private static let condemnedAtOnce = 100

    /// Deletes the bytes of blobs that no repository has held since `cutoff`, and then forgets them.
    ///
    /// - Parameters:
    ///   - workers: deletions at once.
    ///   - report: told of each batch that is gone.
    func freeBlobs(
        unreferencedBefore cutoff: Int64, workers: Int = 1, _ report: ([StoredBlob]) async throws -> Void
    ) async throws {
        while true {
            let condemned = try await metadata.write(in: .upkeep) {
                try $0.condemnBlobs(unreferencedBefore: cutoff, limit: Self.condemnedAtOnce)
            }
            let gone = await deleteBytes(of: condemned, workers: max(1, workers))
            let ids = gone.map(\.id)
            if !ids.isEmpty {
                try await metadata.write(in: .upkeep) { try $0.forgetBlobs(ids) }
                upkeep.freed(gone)
                try await report(gone)
            }
            if condemned.count < Self.condemnedAtOnce || gone.isEmpty { return }
        }
    }

    /// - Returns: the blobs whose bytes are gone.
    private func deleteBytes(of condemned: [StoredBlob], workers: Int) async -> [StoredBlob] {
        await withTaskGroup(of: [StoredBlob].self) { group in
            for worker in 0..<min(workers, condemned.count) {
                group.addTask { [storage, logger] in
                    var gone: [StoredBlob] = []
                    for index in stride(from: worker, to: condemned.count, by: workers) {
                        let blob = condemned[index]
                        do {
                            try await storage.deleteBlob(blob.location)
                            gone.append(blob)
                        } catch {
                            // One that cannot be deleted must not keep the others. It is tried again the next time.
                            logger.error(
                                "could not delete a collected blob", metadata: ["location": "\(blob.location)", "error": "\(error)"])
                        }
                    }
                    return gone
                }
            }
            return await group.reduce(into: []) { $0 += $1 }
        }
    }
}
