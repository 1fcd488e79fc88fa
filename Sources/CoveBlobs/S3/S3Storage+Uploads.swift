import CoveOCI
import NIOCore

/// Uploads, from their first byte until they are blobs.
extension S3Storage {
    package func openUpload(
        _ id: UploadID, at checkpoint: UploadCheckpoint
    ) async throws(BlobStorageError) -> any UploadWriter {
        do throws(S3Error) {
            let writer = try await S3UploadWriter.open(id, at: checkpoint, in: place)
            place.ledger.open(id, writer)
            return writer
        } catch {
            throw BlobStorageError(error, doing: "opening", "upload \(id)")
        }
    }

    package func readUpload(
        _ id: UploadID, to checkpoint: UploadCheckpoint, _ body: @escaping @Sendable (UnsafeRawBufferPointer) -> Void
    ) async throws(BlobStorageError) {
        guard checkpoint.offset > 0 else { return }
        do throws(S3Error) {
            let location = try await join(id, at: checkpoint)
            let stream = ObjectStream(place.client, place.key(location), from: 0)
            defer { stream.close() }
            var offset: Int64 = 0
            while offset < checkpoint.offset {
                let piece = try await stream.read(Int(min(256 * 1024, checkpoint.offset - offset)))
                guard piece.readableBytes > 0 else { throw S3Error.refused(.init(status: 404)) }
                piece.withUnsafeReadableBytes(body)
                offset += Int64(piece.readableBytes)
            }
        } catch {
            throw BlobStorageError(error, doing: "reading", "upload \(id)")
        }
    }

    package func commit(
        _ id: UploadID, at checkpoint: UploadCheckpoint, as digest: Digest, _ record: (String) async -> PlacementOutcome
    ) async throws(BlobStorageError) {
        let location: String
        do throws(S3Error) {
            location = try await join(id, at: checkpoint)
        } catch {
            throw BlobStorageError(error, doing: "committing", "upload \(id)")
        }
        // Whatever happens now, the object stays as it is: nothing writes to its key again.
        switch await record(location) {
        case .recorded, .unknown: await clear(id, keeping: location)
        case .notNeeded: await clear(id, keeping: nil)
        case .refused: break
        }
    }

    package func discardUpload(_ id: UploadID) async throws(BlobStorageError) {
        if place.ledger.entry(of: id) != nil {
            await clear(id, keeping: nil)
            return
        }
        // Another node's. Its multipart uploads cannot be blobs; an object may be one by now, which only the metadata store
        // can tell: it is left for `leftovers`.
        do throws(S3Error) {
            try await uncancelled { [place] () throws(S3Error) in
                for upload in try await place.client.multipartUploads(place.key(S3Location.prefix(of: id))) {
                    try await place.client.abortMultipartUpload(upload.key, upload.id)
                }
            }
        } catch {
            throw BlobStorageError(error, doing: "dropping", "upload \(id)")
        }
    }

    // MARK: - Steps

    /// Makes one object of an upload: by the writer that is at the checkpoint, or by a new one there.
    private func join(_ id: UploadID, at checkpoint: UploadCheckpoint) async throws(S3Error) -> String {
        let entry = place.ledger.entry(of: id)
        // What there is of an empty upload, only the process knows that opened it.
        guard entry?.isOver != true, checkpoint.offset > 0 || entry != nil else { throw .refused(.init(status: 404)) }
        if let writer = entry?.writer, await writer.isAt(checkpoint) { return try await writer.join() }
        return try await uncancelled { [place] () throws(S3Error) in
            let writer = try await S3UploadWriter.open(id, at: checkpoint, in: place)
            let location = try await writer.join()
            await writer.close()
            return location
        }
    }

    /// Removes all that this process knows of an upload. What cannot be removed now is a leftover; the outcome stands.
    private func clear(_ id: UploadID, keeping location: String?) async {
        guard let entry = place.ledger.end(id) else { return }
        await uncancelled { [place] in
            for multipart in entry.multiparts {
                try? await place.client.abortMultipartUpload(place.key(multipart.location), multipart.id)
            }
            await place.remove(entry.objects.filter { $0 != location }.sorted(), of: id)
        }
    }
}
