import CoveOCI
import CoveTelemetry
import Logging
import NIOCore

/// Blobs and uploads in an S3 bucket.
///
/// An upload's bytes go straight to a key that becomes the blob's location when the upload is committed: an upload that
/// fits in one part is a single object from the start, a longer one a multipart upload that is completed. Nothing is ever
/// copied. Nodes share the bucket and nothing else: what they need to know of each other's uploads is in the checkpoints,
/// which the metadata store keeps.
package final class S3Storage: BlobStorage {
    /// How long a URL that clients are sent to is good for.
    private static let urlLifetime = Duration.seconds(20 * 60)

    let place: S3Place
    /// How old something is that nobody is working on any more.
    let leftoverAge: Duration
    private var client: S3Client { place.client }

    /// Makes a storage; sends nothing yet.
    ///
    /// - Parameters:
    ///   - environment: the process's, where credentials may be.
    ///   - leftoverAge: how old something must be to count as left behind.
    /// - Throws: ``BlobStorageError/failed(_:)`` when the options make no sense.
    package init(
        _ options: S3Options, environment: [String: String], logger: Logger, retries: RetryPolicy = RetryPolicy(),
        leftoverAge: Duration = .seconds(24 * 3600)
    ) throws(BlobStorageError) {
        guard options.chunkSize >= S3Client.leastPartSize, Int64(options.chunkSize) <= S3Client.largestPart else {
            throw .failed("storage.s3.chunksize: \(options.chunkSize) is not between 5 MiB and 5 GiB")
        }
        let client = try S3Client(options, environment: environment, policy: retries, logger: logger)
        place = S3Place(client: client, ledger: UploadLedger())
        self.leftoverAge = leftoverAge
    }

    package var statistics: S3Statistics { client.statistics }

    /// Closes the connections. What is under way fails.
    package func close() async {
        await client.transport.close()
    }

    package func size(of location: String) async throws(BlobStorageError) -> Int64? {
        do throws(S3Error) {
            return try await client.headObject(place.blobKey(location))?.size
        } catch {
            throw BlobStorageError(error, doing: "looking for", location)
        }
    }

    /// Sends nothing: whether the blob is there shows when it is read.
    package func openBlob(_ location: String) async throws(BlobStorageError) -> any BlobReader {
        do throws(S3Error) {
            return S3BlobReader(client: client, key: try place.blobKey(location), location: location)
        } catch {
            throw BlobStorageError(error, doing: "opening", location)
        }
    }

    package func directURL(of location: String, type: String) async throws(BlobStorageError) -> String? {
        do throws(S3Error) {
            let query = [QueryItem("response-content-type", type)]
            return try await client.presign(place.blobKey(location), query: query, lifetime: Self.urlLifetime)
        } catch {
            throw BlobStorageError(error, doing: "signing a URL for", location)
        }
    }

    package func key(of location: String) -> String { place.key(location) }

    package func deleteBlob(_ location: String) async throws(BlobStorageError) {
        do throws(S3Error) {
            let key = try place.blobKey(location)
            try await uncancelled { [client] () throws(S3Error) in try await client.deleteObject(key) }
        } catch {
            throw BlobStorageError(error, doing: "deleting", location)
        }
    }
}

extension BlobStorageError {
    /// What a failed request means to whoever uses the storage.
    init(_ error: S3Error, doing verb: String, _ what: String) {
        if let refusal = error.refusal, refusal.isMissing {
            self = .missing(what)
        } else if let refusal = error.refusal, refusal.isFull {
            self = .full
        } else {
            self = .failed("S3, \(verb) \(what): \(error)")
        }
    }
}
