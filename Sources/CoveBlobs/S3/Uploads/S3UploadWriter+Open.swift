/// Going on with an upload that this process does not have open: another node's, or one from before a restart.
extension S3UploadWriter {
    /// Begins an upload, or takes it up at a checkpoint from what the bucket has.
    ///
    /// - Throws: ``S3Error/refused(_:)`` with 404 when that is not, or no longer, what the checkpoint says.
    static func open(
        _ id: UploadID, at checkpoint: UploadCheckpoint, in place: S3Place
    ) async throws(S3Error) -> S3UploadWriter {
        if checkpoint.offset == 0 { return S3UploadWriter(id, in: place) }
        guard let mark = UploadMark(checkpoint.mark, of: id) else { throw gone(id) }
        var position: Position
        if let multipart = mark.multipart {
            do throws(S3Error) {
                position = try await unfinished(multipart, mark, id, place)
            } catch {
                guard error.refusal?.isMissing == true else { throw error }
                // The parts may have been joined, by a commit that came to nothing.
                guard let object = try await place.client.headObject(place.key(multipart.location)), object.etag == mark.seal,
                    object.size == checkpoint.offset
                else { throw gone(id) }
                position = Position(joined: multipart.location, offset: object.size)
                place.ledger.write(multipart.location, of: id)
            }
        } else {
            guard let rest = mark.rest else { throw gone(id) }
            let object = try await place.load(rest.location, length: rest.length)
            guard object.etag == mark.seal else { throw gone(id) }
            position = Position(buffer: object.bytes)
        }
        if let rest = mark.rest {
            position.rests = [rest]
            place.ledger.write(rest.location, of: id)
        }
        if position.joined == nil { position.offset = position.parts.reduce(Int64(position.buffer.length)) { $0 + $1.size } }
        guard position.offset == checkpoint.offset else { throw gone(id) }
        return S3UploadWriter(id, in: place, at: position, checkpoint: checkpoint)
    }

    private static func unfinished(
        _ multipart: UploadMark.Multipart, _ mark: UploadMark, _ id: UploadID, _ place: S3Place
    ) async throws(S3Error) -> Position {
        let client = place.client
        var parts = try await client.listParts(place.key(multipart.location), multipart.id)
        // Beyond the checkpoint there may be others, of a writer that came no further. They are overwritten.
        parts.removeAll { $0.number > multipart.parts }
        guard parts.map(\.number) == Array(1..<multipart.parts + 1) else { throw gone(id) }
        var position = Position(
            multipart: UploadLedger.Multipart(location: multipart.location, id: multipart.id), parts: parts)
        var etags = parts.map(\.etag)
        if let rest = mark.rest {
            let object = try await place.load(rest.location, length: rest.length)
            etags.append(object.etag)
            position.buffer = object.bytes
        }
        // Another node may have gone on with the same upload and written a part anew.
        guard UploadMark.seal(of: etags) == mark.seal else { throw gone(id) }
        place.ledger.begin(UploadLedger.Multipart(location: multipart.location, id: multipart.id), of: id)
        return position
    }

    private static func gone(_ id: UploadID) -> S3Error {
        .refused(.init(status: 404, message: "what upload \(id) had stored is not there any more"))
    }
}
