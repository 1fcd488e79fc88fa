import CoveBlobs
import CoveMetadata
import CoveOCI
import NIOCore
import Synchronization

/// What the verbs of uploads are made of.
extension Registry {
    /// Runs `body` as the only user of an upload, with its session if there is one, and keeps the session it returns.
    ///
    /// - Throws: ``RegistryError/uploadUnknown(_:)`` when the repository has no such upload. A session is left as it is
    ///   then: it may be another repository's.
    func exclusively<T>(
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

    func uploadRecord(
        _ id: UploadID, in repository: RepositoryName
    ) async throws(RegistryError) -> UploadRecord {
        let record = try await registryErrors { try await metadata.read { try $0.upload(id.description) } }
        guard let record, record.repository == repository.description else { throw .uploadUnknown(id.uuid) }
        return record
    }

    /// The session at the point that was acknowledged, from memory or rebuilt from what is stored.
    func openSession(
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
    func receive<Body: AsyncSequence & Sendable>(
        _ body: Body, claim: ChunkClaim, into session: inout UploadSessions.Session, _ record: UploadRecord?,
        counter: ReceivedBytes = ReceivedBytes()
    ) async throws(RegistryError) where Body.Element == ByteBuffer {
        let start = session.checkpoint.offset
        if let claimed = claim.start, claimed != start { throw .chunkOutOfOrder(start: claimed, received: start) }
        let receiver = UploadReceiver(session: session)
        var failure: RegistryError?
        do {
            try await registryErrors {
                try await renewing(record) { try await receiver.receive(body) { counter.add($0) } }
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
    func giveBack(
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
    func drop(
        _ session: UploadSessions.Session?, _ id: UploadID, _ record: UploadRecord
    ) async throws(RegistryError) {
        await session?.writer.close()
        try await registryErrors {
            // Who ends the upload owns its bytes. Another node may just have made a blob of them.
            guard try await metadata.write(in: .uploads, { try $0.deleteUpload(record.id) }) else { return }
            try await storage.discardUpload(id)
        }
    }

    func hash(
        of id: UploadID, _ session: UploadSessions.Session, algorithm: Digest.Algorithm
    ) async throws(RegistryError) -> Digest {
        if session.digester.algorithm == algorithm { return session.digester.finalize() }
        let digester = SharedDigester(algorithm)
        try await registryErrors {
            try await storage.readUpload(id, to: session.checkpoint) { digester.update($0) }
        }
        return digester.current.finalize()
    }

    /// Runs `body` and meanwhile says that the upload is in use: another node's cleaner knows nothing of this request.
    private func renewing(_ record: UploadRecord?, _ body: () async throws -> Void) async throws {
        guard let record, metadata.isShared else { return try await body() }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                while true {
                    do { try await Task.sleep(for: self.options.uploadRenewal) } catch { return }
                    try? await self.metadata.write(in: .uploads) { try $0.renewUpload(record.id) }
                }
            }
            defer { group.cancelAll() }
            try await body()
        }
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
