import Foundation

/// Finding what was left behind by a process that ended, or by a request that nobody could tell the end of.
///
/// A multipart upload that is not complete is its upload's. An object may be that of an upload, or of the blob that it has
/// become: for these, ``sweep(_:)`` asks.
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

    package func sweep(_ lost: @Sendable ([StoredObject]) async throws -> [StoredObject]) async throws {
        let prefix = place.key(S3Location.folder)
        var token: String?
        repeat {
            let page = try await place.client.listObjects(prefix, after: token)
            let old = page.items.filter { isOld($0.modified, at: page.time) }.compactMap { place.location($0.key) }
            let active = place.ledger.active
            let idle = old.filter { !active.contains($0.upload) }.map { StoredObject(location: $0.text, upload: $0.upload) }
            if !idle.isEmpty {
                let keys = try await lost(idle).map { place.key($0.location) }
                if !keys.isEmpty { try await place.client.deleteObjects(keys) }
            }
            token = page.next
        } while token != nil
    }

    /// By the service's own clock, which made both times.
    func isOld(_ time: Date, at now: Date) -> Bool {
        now.timeIntervalSince(time) >= TimeInterval(leftoverAge.components.seconds)
    }
}
