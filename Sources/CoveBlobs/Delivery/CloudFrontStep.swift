import Foundation

/// Sends clients to a CloudFront distribution, with signed URLs; those that are near to the bucket, to the bucket.
package struct CloudFrontStep: DeliveryStep {
    private let base: String
    private let signer: CloudFrontSigner
    private let duration: Duration
    private let nearby: NearbyClients?
    private let now: @Sendable () -> Date

    /// - Parameters:
    ///   - baseURL: the distribution's, ending in a slash.
    ///   - duration: how long a URL is good for.
    ///   - nearby: who is not sent there; nil for nobody.
    package init(
        baseURL: String, signer: CloudFrontSigner, duration: Duration, nearby: NearbyClients? = nil,
        now: @escaping @Sendable () -> Date = { Date() }
    ) {
        base = baseURL
        self.signer = signer
        self.duration = duration
        self.nearby = nearby
        self.now = now
    }

    package func url(
        of blob: DeliveredBlob, before: () async throws(BlobStorageError) -> String?
    ) async throws(BlobStorageError) -> String? {
        if let nearby, let client = blob.client, nearby.contains(client) { return try await before() }
        let end = now().addingTimeInterval(Double(duration.nanoseconds) / 1e9)
        return try signer.signed(base + URIEncoding.encode(blob.key, keepingSlashes: true), until: end)
    }
}
