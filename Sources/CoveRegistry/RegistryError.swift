import CoveBlobs
import CoveMetadata
import CoveOCI

/// Why the registry did not do what was asked. The HTTP layer gives each case its status and code.
package enum RegistryError: Error, Sendable {
    case repositoryUnknown(RepositoryName)
    case blobUnknown(Digest)
    case manifestUnknown(Reference, RepositoryName)
    case uploadUnknown(String)
    /// Another request is writing to this upload.
    case uploadBusy(String)
    case digestMismatch(expected: Digest, actual: Digest)
    /// A chunk that does not begin where the last one ended.
    case chunkOutOfOrder(start: Int64, received: Int64)
    /// A body that is not as long as it was said to be.
    case lengthMismatch(expected: Int64, actual: Int64)
    case manifestInvalid(ManifestError)
    /// Content that a manifest refers to and the repository does not hold.
    case referencesUnknown([Descriptor])
    /// A descriptor whose size is not that of the content.
    case referenceSizeMismatch(Descriptor, actual: Int64)
    /// A layer URL that `validation.manifests.urls` refuses.
    case urlRefused(String, Descriptor)
    /// An image of a class that is not taken, or that the client may not push; says which.
    case classRefused(String)
    /// The repository's project would hold more than it may.
    case quotaExceeded(QuotaExceeded)
    /// A rule of the project keeps the tag as it is.
    case tagImmutable(ImmutableTag)
    case deleteDisabled
    case readOnly
    /// The repository is an upstream's, whose URL is given, and nothing is changed in it here.
    case mirrored(RepositoryName, from: String)
    /// An upstream did not give what is not stored here.
    case upstream(UpstreamFailure)
    /// The disk is full. Nothing of the request was kept.
    case storageFull
    /// The store or the storage did not do its part; trying again may help.
    case unavailable(String)
    /// The client went away, or its body ended early.
    case bodyFailed(any Error)
}

/// Runs `body` and states its failure in the registry's terms.
func registryErrors<T>(_ body: () async throws -> T) async throws(RegistryError) -> T {
    do {
        return try await body()
    } catch let error as RegistryError {
        throw error
    } catch let error as QuotaExceeded {
        throw .quotaExceeded(error)
    } catch let error as ImmutableTag {
        throw .tagImmutable(error)
    } catch let error as BlobStorageError {
        switch error {
        case .full: throw .storageFull
        case .missing(let what): throw .unavailable("bytes are missing from the storage: \(what)")
        case .failed(let why): throw .unavailable(why)
        }
    } catch let error as MetadataError {
        switch error {
        case .full: throw .storageFull
        default: throw .unavailable("\(error)")
        }
    } catch {
        throw .unavailable("\(error)")
    }
}
