import CoveBlobs
import CoveMetadata
import CoveOCI
import Logging

extension Registry {
    /// Gives the durable bytes their place and records the blob. When that fails, the upload is as it was.
    ///
    /// - Parameter origin: who pushes; nil when nobody does, and so no event tells of it.
    func commit(
        _ id: UploadID, at checkpoint: UploadCheckpoint, as digest: Digest, in repository: RepositoryName,
        _ upload: UploadRecord?, origin: Event.Origin?
    ) async throws(RegistryError) {
        var failure: RegistryError?
        try await registryErrors {
            do {
                try await place(id, at: checkpoint, as: digest, in: repository, upload, origin: origin) { failure = $0 }
            } catch let error as BlobStorageError where upload != nil && error != .full {
                // Another node may have finished the upload meanwhile, and left this one nothing to join.
                guard try await metadata.read({ try $0.upload(id.description) }) != nil else {
                    throw RegistryError.uploadUnknown(id.uuid)
                }
                if case .missing = error { throw RegistryError.uploadBusy(id.uuid) }
                throw error
            }
        }
        if let failure { throw failure }
    }

    private func place(
        _ id: UploadID, at checkpoint: UploadCheckpoint, as digest: Digest, in repository: RepositoryName,
        _ upload: UploadRecord?, origin: Event.Origin?, failing: (RegistryError) -> Void
    ) async throws(BlobStorageError) {
        try await storage.commit(id, at: checkpoint, as: digest) { location in
            do throws(RegistryError) {
                let blob = try await record(
                    digest, size: checkpoint.offset, at: location, upload: upload == nil ? nil : id, in: repository, origin)
                if blob.location == location { return .recorded }
                return try await heal(blob, with: location) ? .recorded : .notNeeded
            } catch {
                failing(error)
                // The database may or may not have written what it could not confirm.
                if case .unavailable = error { return .unknown }
                return .refused
            }
        }
    }

    /// Makes the blob visible: its row, the repository's hold on it, and the end of the upload, all at once.
    private func record(
        _ digest: Digest, size: Int64, at location: String, upload: UploadID?, in repository: RepositoryName,
        _ origin: Event.Origin?
    ) async throws(RegistryError) -> StoredBlob {
        try await registryErrors {
            try await change(in: repository) { store in
                if let upload, try !store.deleteUpload(upload.description) { throw RegistryError.uploadUnknown(upload.uuid) }
                let repositoryID = try store.ensureRepository(repository)
                let blob = try store.insertBlob(digest, size: size, location: location)
                try store.link(blob.id, to: repositoryID)
                if let origin {
                    try store.append(
                        Event(
                            .push, repository: repository, digest: digest, mediaType: "application/octet-stream",
                            size: size, origin: origin))
                }
                return blob
            }
        }
    }

    /// Puts fresh bytes in the place of a known blob's that are gone or cut short: pushing again mends a damaged store.
    ///
    /// - Returns: whether the fresh bytes are the blob's now.
    private func heal(_ blob: StoredBlob, with location: String) async throws(RegistryError) -> Bool {
        try await registryErrors {
            if try await storage.size(of: blob.location) == blob.size { return false }
            let holders = try await metadata.write(in: .upkeep) { store in
                // The bytes may be gone because the blob is: it has been collected since it was recorded.
                try store.move(blob, to: location) ? try store.holders(of: blob) : nil
            }
            guard let holders else { return false }
            for repository in holders { await forgetBlob(blob.digest, in: repository) }
            logger.warning(
                "the bytes of a blob were missing and have been replaced by a push",
                metadata: ["digest": "\(blob.digest)", "location": "\(blob.location)"])
            return true
        }
    }
}
