import CoveBlobs
import CoveMetadata
import CoveOCI
import Logging
import NIOCore

/// A blob that is about to be read.
package struct BlobContent: Sendable {
    package enum Bytes: Sendable {
        case memory(ByteBuffer)
        /// Close the reader when done.
        case storage(any BlobReader)
        /// The client reads them itself, from this URL.
        case elsewhere(String)
    }

    package let size: Int64
    package let bytes: Bytes
}

extension Registry {
    /// Size of a blob in bytes.
    ///
    /// - Parameter origin: who looks, for those who are told of it; nil when it is nobody's request.
    /// - Throws: ``RegistryError/blobUnknown(_:)`` unless this repository holds it.
    package func blobSize(
        _ digest: Digest, in repository: RepositoryName, origin: Event.Origin? = nil
    ) async throws(RegistryError) -> Int64 {
        let blob = try await storedBlob(digest, in: repository)
        if let origin { pulls.record(Self.pull(of: blob, in: repository, origin)) }
        return blob.size
    }

    /// Opens a blob and counts the pull.
    ///
    /// - Throws: ``RegistryError/blobUnknown(_:)`` unless this repository holds it.
    package func openBlob(
        _ digest: Digest, in repository: RepositoryName, origin: Event.Origin
    ) async throws(RegistryError) -> BlobContent {
        let blob = try await storedBlob(digest, in: repository)
        pulls.record(Self.pull(of: blob, in: repository, origin))
        if blob.size <= SmallBlobCache.largest {
            return BlobContent(size: blob.size, bytes: .memory(try await smallBlob(blob, in: repository)))
        }
        if let url = await directURL(of: blob, for: origin.address) { return BlobContent(size: blob.size, bytes: .elsewhere(url)) }
        return try await registryErrors {
            BlobContent(size: blob.size, bytes: .storage(try await openBytes(of: blob, in: repository)))
        }
    }

    /// All of a blob that is no larger than `limit`, for the registry's own use: not counted as a pull.
    ///
    /// - Returns: nil for a larger one, and for one that the repository does not hold or whose bytes are gone.
    func bytes(
        of digest: Digest, in repository: RepositoryName, atMost limit: Int
    ) async throws(RegistryError) -> ByteBuffer? {
        guard let blob = try await recordedBlob(digest, in: repository), blob.size <= limit else { return nil }
        if blob.size <= SmallBlobCache.largest, let bytes = smallBlobs.bytes(of: digest) { return bytes }
        return try await registryErrors {
            let reader: any BlobReader
            do {
                reader = try await openBytes(of: blob, in: repository)
            } catch BlobStorageError.missing {
                return nil
            }
            do {
                var bytes = ByteBuffer()
                while bytes.readableBytes < blob.size {
                    let piece = try await reader.read(at: Int64(bytes.readableBytes), length: Int(blob.size) - bytes.readableBytes)
                    guard piece.readableBytes > 0 else { break }
                    bytes.writeImmutableBuffer(piece)
                }
                await reader.close()
                return bytes
            } catch {
                await reader.close()
                throw error
            }
        }
    }

    /// Takes a blob out of a repository. Its bytes are collected when no repository has held it for a while.
    package func deleteBlob(
        _ digest: Digest, in repository: RepositoryName, origin: Event.Origin
    ) async throws(RegistryError) {
        try refuseIfMirrored(repository)
        try refuseDeletionIfDisabled()
        try await registryErrors {
            try await change(in: repository) { store in
                guard let repositoryID = try store.lockedRepositoryID(repository),
                    let blob = try store.blob(digest, in: repository)
                else { throw RegistryError.blobUnknown(digest) }
                try store.unlink(blob, from: repositoryID)
                try store.append(
                    Event(
                        .delete, repository: repository, digest: digest, mediaType: "application/octet-stream",
                        size: blob.size, origin: origin))
            }
        }
        await forgetBlob(digest, in: repository)
    }

    /// Makes a blob that another repository holds available in this one.
    ///
    /// - Parameter source: the repository to mount from, or nil for whichever holds it.
    /// - Returns: false when there is no such blob there; the client then uploads it.
    package func mountBlob(
        _ digest: Digest, from source: RepositoryName?, to repository: RepositoryName, origin: Event.Origin
    ) async throws(RegistryError) -> Bool {
        try refuseIfMirrored(repository)
        try refuseIfReadOnly()
        return try await registryErrors {
            try await change(in: repository) { store in
                // The order of locks is that of every push: first the repository, which may not be there yet.
                _ = try store.lockedRepositoryID(repository)
                let from = try source ?? store.holder(of: digest)
                guard let from, try store.blob(digest, in: from) != nil, let blob = try store.lockedBlob(digest) else {
                    return false
                }
                let repositoryID = try store.ensureRepository(repository)
                try store.link(blob.id, to: repositoryID)
                try store.append(
                    Event(
                        .mount, repository: repository, digest: digest, mediaType: "application/octet-stream",
                        size: blob.size, fromRepository: from, origin: origin))
                return true
            }
        }
    }

    private static func pull(of blob: StoredBlob, in repository: RepositoryName, _ origin: Event.Origin) -> Event {
        Event(
            .pull, repository: repository, digest: blob.digest, mediaType: "application/octet-stream", size: blob.size,
            origin: origin)
    }

    private func storedBlob(
        _ digest: Digest, in repository: RepositoryName
    ) async throws(RegistryError) -> StoredBlob {
        let key = BlobKey(repository: repository, digest: digest)
        let blob = try await blobCache.value(for: key, cost: { _ in 1 }) { _ throws(RegistryError) in
            let found: StoredBlob?
            if let descriptors {
                found = try await descriptors.blob(for: key) { () throws(RegistryError) in
                    try await recordedBlob(digest, in: repository)
                }
            } else {
                found = try await recordedBlob(digest, in: repository)
            }
            return found.map { .init($0) }
        }
        guard let blob else { throw .blobUnknown(digest) }
        return blob
    }

    private func recordedBlob(
        _ digest: Digest, in repository: RepositoryName
    ) async throws(RegistryError) -> StoredBlob? {
        try await registryErrors { try await metadata.read { try $0.blob(digest, in: repository) } }
    }

    /// Drops what is remembered of a blob, here and in Redis. Called after a commit and before its acknowledgement.
    func forgetBlob(_ digest: Digest, in repository: RepositoryName) async {
        let key = BlobKey(repository: repository, digest: digest)
        // In this order: a loader that found the old value in Redis began before, and may not keep it.
        await descriptors?.forget(key)
        blobCache.invalidate([key])
    }

    /// Opens a blob's bytes where they are said to be or, when they are not there, where the store says by now: a push may
    /// have put others in their place (``heal(_:with:)``), on another node as well.
    private func openBytes(of blob: StoredBlob, in repository: RepositoryName) async throws -> any BlobReader {
        do {
            return try await storage.openBlob(blob.location)
        } catch .missing(let what) {
            await forgetBlob(blob.digest, in: repository)
            guard let current = try await recordedBlob(blob.digest, in: repository) else {
                throw RegistryError.blobUnknown(blob.digest)
            }
            guard current.location != blob.location else { throw BlobStorageError.missing(what) }
            return try await storage.openBlob(current.location)
        }
    }

    /// Where the client may read the blob without this server; nil when it reads it here. Small blobs are not asked for:
    /// from memory they are there before the client has followed a redirect.
    private func directURL(of blob: StoredBlob, for client: String?) async -> String? {
        guard options.redirects else { return nil }
        func own() async throws(BlobStorageError) -> String? {
            try await storage.directURL(of: blob.location, type: "application/octet-stream")
        }
        do throws(BlobStorageError) {
            guard let delivery = options.delivery else { return try await own() }
            let asked = DeliveredBlob(location: blob.location, key: storage.key(of: blob.location), client: client)
            return try await delivery.url(of: asked, own: own)
        } catch {
            logger.warning("no URL for a client, so the blob goes through this server", metadata: ["error": "\(error)"])
            return nil
        }
    }

    private func smallBlob(
        _ blob: StoredBlob, in repository: RepositoryName
    ) async throws(RegistryError) -> ByteBuffer {
        if let bytes = smallBlobs.bytes(of: blob.digest) { return bytes }
        return try await registryErrors {
            let reader = try await openBytes(of: blob, in: repository)
            let bytes: ByteBuffer
            do {
                bytes = try await reader.read(at: 0, length: Int(blob.size))
            } catch {
                await reader.close()
                throw error
            }
            await reader.close()
            guard bytes.readableBytes == blob.size else {
                throw RegistryError.unavailable("blob \(blob.digest) is shorter in the storage than it was pushed")
            }
            smallBlobs.keep(bytes, of: blob.digest)
            return bytes
        }
    }
}
