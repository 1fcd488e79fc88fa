import CoveBlobs
import CoveMetadata
import CoveOCI
import NIOCore
import Synchronization

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
    /// A digest that does not match ends the upload: its bytes are not what the client meant to send.
    /// - Throws: ``RegistryError/digestMismatch(expected:actual:)`` and what ``appendChunk(_:claim:to:in:)`` throws.
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
                if case .digestMismatch = error {
                    try await drop(open, id, record)
                } else {
                    await giveBack(open, id, record, after: error)
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

    // MARK: - Steps

    /// Runs `body` as the only user of an upload, with its session if there is one, and keeps the session it returns.
    ///
    /// - Throws: ``RegistryError/uploadUnknown(_:)`` when the repository has no such upload. A session is left as it is
    ///   then: it may be another repository's.
    private func exclusively<T>(
        _ id: UploadID, in repository: RepositoryName, _ holder: UploadSessions.Holder? = nil,
        _ body: (UploadRecord, UploadSessions.Session?) async throws(RegistryError) -> (T, UploadSessions.Session?)
    ) async throws(RegistryError) -> T {
        guard await sessions.acquire(id) else { throw .uploadBusy(id.uuid) }
        if let holder { sessions.hold(id, by: holder) }
        let record: UploadRecord
        do throws(RegistryError) {
            record = try await uploadRecord(id, in: repository)
        } catch {
            await sessions.release(id, keeping: sessions.take(id))
            throw error
        }
        let session = sessions.take(id)
        do throws(RegistryError) {
            let (result, kept) = try await body(record, session)
            await sessions.release(id, keeping: kept)
            return result
        } catch {
            await sessions.release(id, keeping: nil)
            throw error
        }
    }

    private func uploadRecord(
        _ id: UploadID, in repository: RepositoryName
    ) async throws(RegistryError) -> UploadRecord {
        let record = try await registryErrors { try await metadata.read { try $0.upload(id.description) } }
        guard let record, record.repository == repository.description else { throw .uploadUnknown(id.uuid) }
        return record
    }

    /// The session at the point that was acknowledged, from memory or rebuilt from what is stored.
    private func openSession(
        _ session: UploadSessions.Session?, _ record: UploadRecord, _ id: UploadID
    ) async throws(RegistryError) -> UploadSessions.Session {
        let checkpoint = UploadCheckpoint(offset: record.progress.received, mark: record.progress.mark)
        if let session, session.checkpoint == checkpoint { return session }
        await session?.writer.close()
        do throws(BlobStorageError) {
            let writer = try await storage.openUpload(id, at: checkpoint)
            if checkpoint.offset == 0 {
                return UploadSessions.Session(writer: writer, digester: Digester(record.algorithm), checkpoint: checkpoint)
            }
            if let digester = Digester(record.algorithm, state: record.progress.hashState) {
                return UploadSessions.Session(writer: writer, digester: digester, checkpoint: checkpoint)
            }
            // An earlier version did not write the hash down.
            let shared = SharedDigester(record.algorithm)
            do throws(BlobStorageError) {
                try await storage.readUpload(id, to: checkpoint) { shared.update($0) }
            } catch {
                await writer.close()
                throw error
            }
            return UploadSessions.Session(writer: writer, digester: shared.current, checkpoint: checkpoint)
        } catch .missing {
            // Not to be finished any more: let nobody be told otherwise.
            try await registryErrors { _ = try await metadata.write(in: .uploads) { try $0.deleteUpload(record.id) } }
            throw .uploadUnknown(id.uuid)
        } catch {
            throw error == .full ? .storageFull : .unavailable("\(error)")
        }
    }

    /// Receives one body into an open upload and makes it durable.
    ///
    /// - Parameter record: the upload to which a broken-off body is credited; nil when the upload cannot be resumed.
    private func receive<Body: AsyncSequence & Sendable>(
        _ body: Body, claim: ChunkClaim, into session: inout UploadSessions.Session, _ record: UploadRecord?,
        counter: ReceivedBytes = ReceivedBytes()
    ) async throws(RegistryError) where Body.Element == ByteBuffer {
        let start = session.checkpoint.offset
        if let claimed = claim.start, claimed != start { throw .chunkOutOfOrder(start: claimed, received: start) }
        let receiver = UploadReceiver(session: session)
        var failure: RegistryError?
        do {
            try await registryErrors {
                try await receiver.receive(body) { counter.add($0) }
            }
        } catch {
            failure = error
        }
        session.digester = receiver.current
        if failure == nil, let length = claim.length, length != counter.value {
            failure = .lengthMismatch(expected: length, actual: counter.value)
        }
        let breaksOff = if case .bodyFailed = failure { true } else { false }
        if failure == nil || breaksOff && record != nil, counter.value > 0 {
            session.checkpoint = try await registryErrors { [writer = session.writer] in try await writer.synchronize() }
        }
        if breaksOff, let record, counter.value > 0 {
            try await registryErrors { [progress = session.progress] in
                try await metadata.write(in: .uploads) { _ = try $0.advance(record, to: progress) }
            }
        }
        if let failure { throw failure }
    }

    /// After a failure: drops what was not acknowledged, so that its space is free at once, and closes the upload.
    private func giveBack(
        _ session: UploadSessions.Session, _ id: UploadID, _ record: UploadRecord, after error: RegistryError
    ) async {
        switch error {
        case .bodyFailed: break
        // Another request has gone on with it: what it wrote is not this one's to cut.
        case .uploadBusy: break
        // The database may have written what it could not confirm: the bytes may be acknowledged, or a blob's. They are not
        // touched. The next to open the upload cuts what is too much.
        case .unavailable: break
        case _ where record.progress.received == 0: try? await storage.discardUpload(id)
        default: try? await session.writer.truncate(to: record.progress.received)
        }
        await session.writer.close()
    }

    /// Ends an upload for good.
    private func drop(
        _ session: UploadSessions.Session?, _ id: UploadID, _ record: UploadRecord
    ) async throws(RegistryError) {
        await session?.writer.close()
        try await registryErrors {
            // Who ends the upload owns its bytes. Another node may just have made a blob of them.
            guard try await metadata.write(in: .uploads, { try $0.deleteUpload(record.id) }) else { return }
            try await storage.discardUpload(id)
        }
    }

    private func hash(
        of id: UploadID, _ session: UploadSessions.Session, algorithm: Digest.Algorithm
    ) async throws(RegistryError) -> Digest {
        if session.digester.algorithm == algorithm { return session.digester.finalize() }
        let digester = SharedDigester(algorithm)
        try await registryErrors {
            try await storage.readUpload(id, to: session.checkpoint) { digester.update($0) }
        }
        return digester.current.finalize()
    }
}

/// A hash that a storage thread feeds.
private final class SharedDigester: Sendable {
    private let digester: Mutex<Digester>

    init(_ algorithm: Digest.Algorithm) {
        digester = Mutex(Digester(algorithm))
    }

    func update(_ bytes: UnsafeRawBufferPointer) {
        digester.withLock { $0.update(bytes) }
    }

    var current: Digester { digester.withLock { $0 } }
}
