import Logging
import NIOCore

/// The part of a bucket that a storage has, and what this process has written there.
struct S3Place: Sendable {
    let client: S3Client
    let ledger: UploadLedger

    /// The key of a location: under the configured root directory.
    func key(_ location: String) -> String {
        let root = client.options.rootDirectory
        return root.isEmpty ? location : "\(root)/\(location)"
    }

    /// As ``key(_:)``, for a blob: of this storage, or of registry:2 (``DistributionLayout/data(_:)``). Nothing else in the
    /// bucket can be a blob's.
    func blobKey(_ location: String) throws(S3Error) -> String {
        guard S3Location(location) != nil || DistributionLayout.digest(ofData: location) != nil else {
            throw .invalidAnswer("'\(location.prefix(200))' is no location of a blob")
        }
        return key(location)
    }

    func location(_ key: String) -> S3Location? {
        let root = self.key("")
        return key.hasPrefix(root) ? S3Location(key.dropFirst(root.count)) : nil
    }

    /// Removes objects of an upload. What cannot be removed now is found as a leftover.
    func remove(_ locations: [String], of id: UploadID) async {
        guard !locations.isEmpty else { return }
        do throws(S3Error) {
            try await client.deleteObjects(locations.map(key))
            ledger.forget(locations, of: id)
        } catch {
            client.logger.debug("could not delete what an upload left", metadata: ["upload": "\(id)", "error": "\(error)"])
        }
    }

    /// Reads a small object into memory.
    ///
    /// - Returns: its bytes and its ETag.
    /// - Throws: when it has not exactly `length` bytes.
    func load(_ location: String, length: Int64) async throws(S3Error) -> (bytes: PartBuffer, etag: String) {
        let stream = ObjectStream(client, key(location), from: 0)
        defer { stream.close() }
        var buffer = PartBuffer()
        while var piece = try await next(stream), Int64(buffer.length) < length {
            buffer.append(from: &piece, upTo: Int(length))
        }
        guard Int64(buffer.length) == length, stream.total == length else {
            throw .refused(.init(status: 404, message: "the object \(location) is not of \(length) bytes"))
        }
        return (buffer, stream.etag ?? "")
    }

    private func next(_ stream: ObjectStream) async throws(S3Error) -> ByteBuffer? {
        let piece = try await stream.read(64 * 1024)
        return piece.readableBytes > 0 ? piece : nil
    }
}
