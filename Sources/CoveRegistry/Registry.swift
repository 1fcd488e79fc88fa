import CoveBlobs
import CoveMetadata
import CoveOCI
import CoveRedis
import Logging
import NIOCore

/// What a registry does, free of HTTP and of SQL. Its verbs are in extensions, a file a noun.
///
/// Every change is one transaction of the metadata store over bytes that are durable already, so a call that returned
/// survives a crash and one that threw left nothing visible.
package final class Registry: Sendable {
    package struct Options: Sendable {
        package var deleteEnabled = true
        package var readOnly = false
        package var manifests = ManifestPolicy()
        /// How many blobs' whereabouts are kept in memory; 0 keeps none.
        package var cachedBlobs = 50_000
        /// How often an upload that is being received is said to be in use, where another node might end it.
        package var uploadRenewal = Duration.seconds(60)
        /// Whether clients are sent to the storage for what it can give them itself.
        package var redirects = true
        /// Where they are sent instead of the storage's own URLs; nil for those.
        package var delivery: ContentDelivery?
        /// Whether somebody is told of each pull: then each has an event of its own, looks (HEAD) as well.
        package var tellsPulls = false
        /// Whose content is handed on and kept here; nobody else may change it.
        package var upstreams = Upstreams()

        package init() {}
    }

    /// Whether nothing may be pushed or deleted.
    package var isReadOnly: Bool { options.readOnly }

    let metadata: MetadataStore
    let storage: any BlobStorage
    package let options: Options
    let logger: Logger
    let manifestCache: CoherentCache<ContentKey, PulledManifest>
    let blobCache: CoherentCache<BlobKey, StoredBlob>
    /// Between ``blobCache`` and the store; nil for none.
    let descriptors: DescriptorCache?
    let smallBlobs = SmallBlobCache()
    let sessions = UploadSessions()
    package let pulls: PullRecorder
    package let upkeep = UpkeepStatistics()

    package init(
        metadata: MetadataStore, storage: any BlobStorage, options: Options, descriptors: DescriptorCache? = nil, logger: Logger
    ) {
        self.metadata = metadata
        self.storage = storage
        self.options = options
        self.descriptors = descriptors
        self.logger = logger
        let patience = metadata.isShared ? Self.patience : nil
        manifestCache = CoherentCache(capacity: 24 * 1024 * 1024, patience: patience, lease: MetadataStore.lease)
        blobCache = CoherentCache(capacity: options.cachedBlobs, patience: patience)
        pulls = PullRecorder(metadata: metadata, tellsEach: options.tellsPulls, logger: logger)
    }

    /// Whether the store and the storage can be used.
    package func probe() async throws(RegistryError) {
        try await registryErrors {
            try await metadata.ping()
            try await storage.probe()
        }
    }

    /// Whether the storage can be used.
    package func probeStorage() async throws(RegistryError) {
        try await registryErrors { try await storage.probe() }
    }

    /// Asks the Redis that keeps blobs' whereabouts whether it is there; nil without one.
    package var cacheProbe: (@Sendable () async throws -> Void)? {
        guard let descriptors else { return nil }
        return { try await descriptors.redis.ping() }
    }

    /// How long a request waits for the store's answer to an earlier one before it asks itself (``CoherentCache``).
    private static let patience = Duration.milliseconds(20)

    /// Changes what a repository holds, in one transaction. Its events come after those of the pulls before it.
    func change<T: Sendable>(
        in repository: RepositoryName, _ body: @escaping @Sendable (MetadataTransaction) throws -> T
    ) async throws -> T {
        await pulls.settle(repository)
        return try await metadata.write(in: .repository(repository.description), body)
    }

    func refuseIfReadOnly() throws(RegistryError) {
        if options.readOnly { throw .readOnly }
    }

    func refuseDeletionIfDisabled() throws(RegistryError) {
        try refuseIfReadOnly()
        if !options.deleteEnabled { throw .deleteDisabled }
    }
}

struct ContentKey: Hashable, Sendable {
    let repository: RepositoryName
    let reference: Reference
}

/// What one repository may know of a blob: whoever else holds it, this one's key is its own.
struct BlobKey: Hashable, Sendable {
    let repository: RepositoryName
    let digest: Digest
}
