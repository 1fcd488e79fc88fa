import Foundation

/// Finding what was left behind by a process that ended, or by a request that nobody could tell the end of.
extension S3Storage {
    package func leftovers(
        _ blobs: @Sendable ([String]) async throws -> Void, uploads: @Sendable ([UploadID]) async throws -> Void
    ) async throws {
        let prefix = place.key(S3Location.folder)
        var marker: S3Client.UploadMarker?
        repeat {
            let page = try await place.client.listMultipartUploads(prefix, after: marker)
            let old = page.items.filter { isOld($0.initiated, at: page.time) }.compactMap { place.location($0.key)?.upload }
            let active = place.ledger.active
            let idle = Set(old).subtracting(active)
            if !idle.isEmpty { try await uploads(Array(idle)) }
            marker = page.next
        } while marker != nil
    }

    /// By the service's own clock, which made both times.
    func isOld(_ time: Date, at now: Date) -> Bool {
        now.timeIntervalSince(time) >= TimeInterval(leftoverAge.components.seconds)
    }
}
