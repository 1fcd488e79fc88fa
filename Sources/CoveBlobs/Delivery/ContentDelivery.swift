/// Where clients are sent for blobs, when that is not the storage's own URL: through a distribution before the bucket, or a
/// server beside this one.
package struct ContentDelivery: Sendable {
    /// In the order of the configuration: each acts on what those before it give.
    private let steps: [any DeliveryStep]

    package init(_ steps: [any DeliveryStep]) {
        self.steps = steps
    }

    /// The URL for a client.
    ///
    /// - Parameter own: the storage's own URL, nil when it has none; called only when it is needed.
    /// - Returns: nil when the bytes go through this server.
    package func url(
        of blob: DeliveredBlob, own: () async throws(BlobStorageError) -> String?
    ) async throws(BlobStorageError) -> String? {
        try await url(of: blob, steps[...], own)
    }

    private func url(
        of blob: DeliveredBlob, _ steps: ArraySlice<any DeliveryStep>, _ own: () async throws(BlobStorageError) -> String?
    ) async throws(BlobStorageError) -> String? {
        guard let last = steps.last else { return try await own() }
        return try await last.url(of: blob) { () throws(BlobStorageError) in try await url(of: blob, steps.dropLast(), own) }
    }
}

/// One change of the URLs that clients get.
package protocol DeliveryStep: Sendable {
    /// - Parameter before: what the steps before, and the storage, give; nil when the bytes go through this server.
    func url(
        of blob: DeliveredBlob, before: () async throws(BlobStorageError) -> String?
    ) async throws(BlobStorageError) -> String?
}

/// A blob that somebody asks for.
package struct DeliveredBlob: Sendable {
    /// Under the storage's root.
    package let location: String
    /// The same from the top of a bucket.
    package let key: String
    /// The client's address, as far as it is known.
    package let client: String?

    package init(location: String, key: String, client: String?) {
        self.location = location
        self.key = key
        self.client = client
    }
}
