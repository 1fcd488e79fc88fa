import Logging
import NIOCore

/// Sends an upload's bytes to the bucket as they come: full parts in the background, the unfinished rest whenever the
/// upload has to be durable.
///
/// Memory is bounded by three parts, whatever the length: two on their way and one that fills.
actor S3UploadWriter: UploadWriter {
    /// Where the bytes up to some point are.
    struct Position: Sendable {
        var multipart: UploadLedger.Multipart?
        /// Parts of it that the service has, from the first on.
        var parts: [S3Client.Part] = []
        /// What comes after them.
        var buffer = PartBuffer()
        /// Objects with what came after them at the checkpoints before, the newest last.
        var rests: [UploadMark.Rest] = []
        /// The object that all parts have been joined to.
        var joined: String?
        /// Bytes in all.
        var offset: Int64 = 0
    }

    private static let mostUnderWay = 2

    private let id: UploadID
    private let place: S3Place
    private var client: S3Client { place.client }
    private var position: Position
    private var underWay: [Task<Result<S3Client.Part, S3Error>, Never>] = []
    private var checkpoint: UploadCheckpoint
    /// Whether there is something that the checkpoint does not have.
    private var isAhead = false
    /// Set when a part could not be sent: the bytes have a hole then.
    private var failure: S3Error?

    init(_ id: UploadID, in place: S3Place, at position: Position = Position(), checkpoint: UploadCheckpoint = .start) {
        self.id = id
        self.place = place
        self.position = position
        self.checkpoint = checkpoint
    }

    // MARK: - UploadWriter

    func append(_ pieces: [ByteBuffer]) async throws(BlobStorageError) {
        guard pieces.contains(where: { $0.readableBytes > 0 }) else { return }
        isAhead = true
        do throws(S3Error) {
            if let joined = position.joined {
                try await uncancelled { () throws(S3Error) in try await self.goOn(from: joined) }
            }
            for var piece in pieces {
                position.offset += Int64(piece.readableBytes)
                while piece.readableBytes > 0 {
                    let number = position.parts.count + underWay.count + 1
                    let size = PartSize.bytes(ofPart: number, configured: client.options.chunkSize)
                    // Only when there is more than a full part: an upload that ends here needs no parts.
                    if position.buffer.length >= size { try await sendPart(number) }
                    position.buffer.append(from: &piece, upTo: size)
                }
            }
        } catch {
            failure = error
            throw BlobStorageError(error, doing: "storing", "upload \(id)")
        }
    }

    func synchronize() async throws(BlobStorageError) -> UploadCheckpoint {
        guard isAhead else { return checkpoint }
        do throws(S3Error) {
            checkpoint = try await uncancelled { () throws(S3Error) in try await self.store() }
            isAhead = false
            return checkpoint
        } catch {
            throw BlobStorageError(error, doing: "storing", "upload \(id)")
        }
    }

    /// Only what has not been sent as a part can be dropped. To go back further, an upload is opened at a checkpoint.
    func truncate(to length: Int64) async throws(BlobStorageError) {
        let kept = Int64(position.buffer.length) - (position.offset - length)
        guard position.joined == nil, kept >= 0, length <= position.offset else {
            throw .failed("upload \(id) cannot be cut to \(length) bytes here: parts beyond have been sent")
        }
        guard length < position.offset else { return }
        position.buffer.truncate(to: Int(kept))
        position.offset = length
        isAhead = true
    }

    func close() async {
        for task in underWay { task.cancel() }
        underWay = []
        position.buffer = PartBuffer()
        place.ledger.close(id, self)
    }

    // MARK: - For the storage

    /// Whether the writer is where a checkpoint was made, neither before nor beyond.
    func isAt(_ checkpoint: UploadCheckpoint) -> Bool { !isAhead && self.checkpoint == checkpoint }

    /// Makes one object of all bytes up to the checkpoint, where that is not done yet.
    ///
    /// - Returns: its location.
    func join() async throws(S3Error) -> String {
        if let joined = position.joined { return joined }
        if let multipart = position.multipart {
            try await uncancelled { () throws(S3Error) in try await self.complete(multipart) }
            return multipart.location
        }
        if let rest = position.rests.last { return rest.location }
        // An empty upload: nothing has been stored for it.
        let location = try await uncancelled { () throws(S3Error) in try await self.put(RequestBody()).location }
        position.joined = location
        return location
    }

    // MARK: - Steps

    /// Sends what is buffered as a part, in the background.
    private func sendPart(_ number: Int) async throws(S3Error) {
        guard number <= S3Client.mostParts else { throw .invalidAnswer("an object cannot have more than \(S3Client.mostParts) parts") }
        if underWay.count == Self.mostUnderWay { position.parts.append(try await underWay.removeFirst().value.get()) }
        let multipart = try await uncancelled { () throws(S3Error) in try await self.begun() }
        let body = position.buffer.complete()
        position.buffer = PartBuffer()
        // Outlives this call, so that the next bytes are received meanwhile; whoever closes the writer ends it.
        underWay.append(
            Task { [client, place] in
                do throws(S3Error) {
                    return .success(try await client.uploadPart(place.key(multipart.location), multipart.id, number: number, body))
                } catch {
                    return .failure(error)
                }
            })
    }

    private func begun() async throws(S3Error) -> UploadLedger.Multipart {
        if let multipart = position.multipart { return multipart }
        let location = S3Location(id).text
        let multipart = UploadLedger.Multipart(location: location, id: try await client.createMultipartUpload(place.key(location)))
        place.ledger.begin(multipart, of: id)
        position.multipart = multipart
        return multipart
    }

    private func settle() async throws(S3Error) {
        if let failure { throw failure }
        while !underWay.isEmpty {
            switch await underWay.removeFirst().value {
            case .success(let part): position.parts.append(part)
            case .failure(let error):
                failure = error
                throw error
            }
        }
    }

    /// Makes everything durable.
    private func store() async throws(S3Error) -> UploadCheckpoint {
        try await settle()
        guard position.offset > 0 else { return .start }
        // The newest is the recorded checkpoint's, as its caller has come back. What is older, nobody needs.
        let obsolete = position.rests.dropLast().map(\.location)
        position.rests.removeFirst(obsolete.count)
        async let cleared: Void = place.remove(obsolete, of: id)
        var rest: UploadMark.Rest?
        var etags = position.parts.map(\.etag)
        if position.buffer.length > 0 {
            let length = Int64(position.buffer.length)
            let stored = try await put(position.buffer.complete())
            etags.append(stored.etag)
            let new = UploadMark.Rest(location: stored.location, length: length)
            position.rests.append(new)
            rest = new
        }
        await cleared
        let multipart = position.multipart.map {
            UploadMark.Multipart(location: $0.location, id: $0.id, parts: position.parts.count)
        }
        let seal = multipart == nil ? etags.joined() : UploadMark.seal(of: etags)
        let mark = UploadMark(multipart: multipart, rest: rest, seal: seal).text(of: id)
        guard mark.utf8.count <= UploadMark.longest else {
            throw .invalidAnswer("the service's multipart upload ids are too long: this one makes a note of \(mark.utf8.count) bytes")
        }
        return UploadCheckpoint(offset: position.offset, mark: mark)
    }

    private func put(_ body: RequestBody) async throws(S3Error) -> (location: String, etag: String) {
        let location = S3Location(id).text
        place.ledger.write(location, of: id)
        return (location, try await client.putObject(place.key(location), body))
    }

    /// Sends the rest as the last part and has the parts joined.
    private func complete(_ multipart: UploadLedger.Multipart) async throws(S3Error) {
        try await settle()
        let key = place.key(multipart.location)
        do throws(S3Error) {
            if position.buffer.length > 0 {
                let body = position.buffer.complete()
                let number = position.parts.count + 1
                position.parts.append(try await client.uploadPart(key, multipart.id, number: number, body))
                position.buffer = PartBuffer()
            }
            try await client.completeMultipartUpload(key, multipart.id, position.parts)
        } catch {
            // It may have been joined without our being told: by a request that was answered too late.
            guard error.refusal?.isMissing == true, let mark = UploadMark(checkpoint.mark, of: id),
                let object = try await client.headObject(key), object.etag == mark.seal, object.size == checkpoint.offset
            else { throw error }
        }
        place.ledger.join(multipart, of: id)
        position.joined = multipart.location
    }

    /// Takes up an upload again whose parts were joined already: the object becomes the first part of a new one, without its
    /// bytes coming here, unless it is too small for a part.
    private func goOn(from joined: String) async throws(S3Error) {
        let length = position.offset
        position = Position(rests: position.rests, offset: length)
        guard length >= S3Client.leastPartSize else {
            position.buffer = try await place.load(joined, length: length).bytes
            return
        }
        let multipart = try await begun()
        let count = (length + S3Client.largestPart - 1) / S3Client.largestPart
        for index in 0..<count {
            let range = length * index / count..<length * (index + 1) / count
            position.parts.append(
                try await client.copyPart(
                    place.key(multipart.location), multipart.id, number: Int(index) + 1, from: place.key(joined), range))
        }
    }
}
