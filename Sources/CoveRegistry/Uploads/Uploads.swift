import CoveBlobs
import CoveMetadata
import CoveOCI
import NIOCore

/// What a client says about the chunk it sends (`Content-Range`, `Content-Length`).
package struct ChunkClaim: Sendable, Equatable {
    /// First byte of the chunk within the blob; nil when the client does not say.
    package var start: Int64?
    /// Bytes in the chunk; nil when the client does not say.
    package var length: Int64?

    package init(start: Int64? = nil, length: Int64? = nil) {
        self.start = start
        self.length = length
    }
}

/// Blob uploads (distribution-spec, "Pushing blobs").
extension Registry {
    /// Begins an upload.
    ///
    /// - Parameter algorithm: the hash to run along; a digest of another algorithm at the end costs a second read.
    package func beginUpload(
        in repository: RepositoryName, algorithm: Digest.Algorithm
    ) async throws(RegistryError) -> UploadID {
        try refuseIfMirrored(repository)
        try refuseIfReadOnly()
        let id = UploadID()
        let record = UploadRecord(id: id.description, repository: repository.description, algorithm: algorithm)
        try await registryErrors { try await metadata.write(in: .uploads) { try $0.insertUpload(record) } }
        return id
    }

    /// How many bytes of an upload are stored and durable.
    ///
    /// - Throws: ``RegistryError/uploadUnknown(_:)`` when the repository has no such upload.
    package func uploadStatus(_ id: UploadID, in repository: RepositoryName) async throws(RegistryError) -> Int64 {
        // A request that lost its client is still putting away what arrived: its end is the state to report.
        if await sessions.acquire(id) {
            await sessions.release(id, keeping: sessions.take(id))
        }
        return try await uploadRecord(id, in: repository).progress.received
    }

    /// Says whether a chunk would be accepted, before its body is read.
    ///
    /// - Throws: ``RegistryError/uploadUnknown(_:)``, ``RegistryError/chunkOutOfOrder(start:received:)``.
    package func checkChunk(
        _ claim: ChunkClaim, of id: UploadID, in repository: RepositoryName
    ) async throws(RegistryError) {
        try refuseIfReadOnly()
        guard let start = claim.start else {
            _ = try await uploadRecord(id, in: repository)
            return
        }
        let received = try await uploadStatus(id, in: repository)
        guard start == received else { throw .chunkOutOfOrder(start: start, received: received) }
    }

    /// Appends a chunk. When this returns, everything received is durable.
    ///
    /// When the body breaks off, what arrived is kept and counted, so that the client can go on from there.
    /// - Parameter interrupt: breaks the body off. Called when another request for this upload finds this one stalled.
    /// - Returns: bytes received in all.
    package func appendChunk<Body: AsyncSequence & Sendable>(
        _ body: Body, claim: ChunkClaim, to id: UploadID, in repository: RepositoryName,
        interrupt: @escaping @Sendable () -> Void = {}
    ) async throws(RegistryError) -> Int64 where Body.Element == ByteBuffer {
        try refuseIfReadOnly()
        let holder = UploadSessions.Holder(interrupt: interrupt)
        return try await exclusively(id, in: repository, holder) { record, session throws(RegistryError) in
            var open = try await openSession(session, record, id)
            do throws(RegistryError) {
                try await receive(body, claim: claim, into: &open, record, counter: holder.received)
                try await registryErrors {
                    try await metadata.write(in: .uploads) { [progress = open.progress] store in
                        guard try !store.advance(record, to: progress) else { return }
                        throw try store.upload(record.id) == nil
                            ? RegistryError.uploadUnknown(id.uuid) : RegistryError.uploadBusy(id.uuid)
                    }
                }
            } catch {
                await giveBack(open, id, record, after: error)
                throw error
            }
            return (open.checkpoint.offset, open)
        }
    }

    /// Appends the last chunk, if any, and turns the upload into a blob of the repository.
    ///
    /// A digest that does not match ends the upload: its bytes are not what the client meant to send. So does a quota.
    /// - Throws: ``RegistryError/digestMismatch(expected:actual:)``, ``RegistryError/quotaExceeded(_:)`` and what ``appendChunk(_:claim:to:in:)`` throws.
    package func finishUpload<Body: AsyncSequence & Sendable>(
        _ id: UploadID, expecting digest: Digest, body: Body, claim: ChunkClaim, in repository: RepositoryName,
        origin: Event.Origin, interrupt: @escaping @Sendable () -> Void = {}
    ) async throws(RegistryError) where Body.Element == ByteBuffer {
        try refuseIfReadOnly()
        let holder = UploadSessions.Holder(interrupt: interrupt)
        try await exclusively(id, in: repository, holder) { record, session throws(RegistryError) in
            var open = try await openSession(session, record, id)
            do throws(RegistryError) {
                try await receive(body, claim: claim, into: &open, record, counter: holder.received)
                let actual = try await hash(of: id, open, algorithm: digest.algorithm)
                guard actual == digest else { throw .digestMismatch(expected: digest, actual: actual) }
                try await commit(id, at: open.checkpoint, as: digest, in: repository, record, origin: origin)
            } catch {
                switch error {
                // What may not be kept must not lie about as an upload either.
                case .digestMismatch, .quotaExceeded: try await drop(open, id, record)
                default: await giveBack(open, id, record, after: error)
                }
                throw error
            }
            await open.writer.close()
            return ((), nil)
        }
    }

    /// Stores a blob from one body, without an upload that a client could come back to.
    package func pushBlob<Body: AsyncSequence & Sendable>(
        _ body: Body, length: Int64?, expecting digest: Digest, in repository: RepositoryName, origin: Event.Origin
    ) async throws(RegistryError) where Body.Element == ByteBuffer {
        try refuseIfMirrored(repository)
        try refuseIfReadOnly()
        let id = UploadID()
        let record = UploadRecord(id: id.description, repository: repository.description, algorithm: digest.algorithm)
        var open = try await openSession(nil, record, id)
        do throws(RegistryError) {
            try await receive(body, claim: ChunkClaim(length: length), into: &open, nil)
            let actual = open.digester.finalize()
            guard actual == digest else { throw .digestMismatch(expected: digest, actual: actual) }
            try await commit(id, at: open.checkpoint, as: digest, in: repository, nil, origin: origin)
        } catch {
            await open.writer.close()
            try? await storage.discardUpload(id)
            throw error
        }
        await open.writer.close()
    }

    /// Ends an upload and drops what it stored.
    package func cancelUpload(_ id: UploadID, in repository: RepositoryName) async throws(RegistryError) {
        try await exclusively(id, in: repository) { record, session throws(RegistryError) in
            try await drop(session, id, record)
            return ((), nil)
        }
    }
}
