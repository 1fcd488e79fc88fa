import CoveBlobs
import CoveConfiguration
import CoveMetadata
import Foundation
import Logging
import NIOPosix

/// The metadata store and the blob storage that a configuration names.
struct Stores: Sendable {
    let metadata: MetadataStore
    let storage: any BlobStorage

    /// Opens both, the schema brought up to date.
    ///
    /// - Parameter isBeside: as `FilesystemStorage` has it.
    /// - Throws: ``ServeError`` that names the setting, what the service said, and what to try.
    static func open(
        _ configuration: Configuration, _ threads: NIOThreadPool, _ logger: Logger, isBeside: Bool = false
    ) async throws(ServeError) -> Stores {
        let storage = try await openStorage(configuration, threads, logger, isBeside: isBeside)
        do throws(ServeError) {
            var metadata = try await MetadataSource(configuration).open()
            metadata.source = configuration.eventSource
            metadata.audit = configuration.auditPolicy
            return Stores(metadata: metadata, storage: storage)
        } catch {
            await (storage as? S3Storage)?.close()
            throw error
        }
    }

    /// Whether both can be reached, with nothing changed.
    ///
    /// - Throws: as ``open(_:_:_:)``.
    static func check(_ configuration: Configuration, _ logger: Logger) async throws(ServeError) {
        if case .s3 = configuration.storage.driver {
            let storage = try await openStorage(configuration, .singleton, logger)
            await (storage as? S3Storage)?.close()
        }
        try await MetadataSource(configuration).check()
    }

    func close() async throws {
        try await metadata.close()
        await (storage as? S3Storage)?.close()
    }

    private static func openStorage(
        _ configuration: Configuration, _ threads: NIOThreadPool, _ logger: Logger, isBeside: Bool = false
    ) async throws(ServeError) -> any BlobStorage {
        let proxies = try configuration.outboundProxies()
        do throws(BlobStorageError) {
            switch configuration.storage.driver {
            case .inMemory: return MemoryStorage()
            case .filesystem(let root, _):
                return try FilesystemStorage(
                    root: root, pool: threads, synchronous: configuration.durability == .full, isBeside: isBeside)
            case .s3(let settings):
                var options = settings.options
                options.proxies = proxies
                let storage = try S3Storage(options, environment: ProcessInfo.processInfo.environment, logger: logger)
                do throws(BlobStorageError) {
                    try await storage.connect()
                } catch {
                    await storage.close()
                    throw error
                }
                return storage
            }
        } catch {
            throw ServeError("storage: \(error)")
        }
    }
}
