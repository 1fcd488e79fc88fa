import CoveBlobs
import CoveConfiguration
import CoveMetadata
import CoveRegistry
import Foundation
import Logging
import NIOPosix

/// What commands do with a registry's stores, whether or not a server has them open.
package struct Maintenance: Sendable {
    private let configuration: Configuration
    private let logger: Logger
    private let pool: NIOThreadPool

    package init(_ configuration: Configuration, logger: Logger) {
        self.configuration = configuration
        self.logger = logger
        pool = NIOThreadPool(numberOfThreads: configuration.threads)
        pool.start()
    }

    // MARK: - Import

    /// Reads what registry:2 left under the storage's root. A server may be running.
    ///
    /// - Throws: ``ServeError``.
    package func importRegistry(
        _ options: DistributionImport.Options, onFinding: @escaping @Sendable (ImportFinding) -> Void,
        onProgress: @escaping @Sendable (ImportProgress) -> Void
    ) async throws(ServeError) -> ImportReport {
        try await saying { () async throws -> ImportReport in
            try await withFiles { files, place in
                guard try await DistributionImport.isThere(files) else {
                    throw ServeError(
                        "there is nothing of registry:2 at \(place): it has no \(DistributionLayout.repositories). Name the root directory of its storage"
                    )
                }
                let metadata = try await metadata(isThrowaway: options.dryRun)
                var report: ImportReport?
                let isAlone = try await metadata.exclusively(DistributionImport.source) {
                    report = try await DistributionImport(
                        files: files, metadata: metadata, options: options, onFinding: onFinding, onProgress: onProgress
                    ).run()
                }
                try await metadata.close()
                guard isAlone, let report else {
                    throw ServeError("\(place) is being imported already, by another process; wait for it, or end that one")
                }
                return report
            }
        }
    }

    /// - Parameter isThrowaway: whether one that is not there yet is made in memory, to be asked and forgotten.
    private func metadata(isThrowaway: Bool) async throws -> MetadataStore {
        let source = MetadataSource(configuration)
        if isThrowaway, case .sqlite(let path) = source.location, !FileManager.default.fileExists(atPath: path) {
            return try await MetadataStore.open(SQLiteEngine(.memory))
        }
        return try await source.open()
    }

    /// Runs `body` on the tree of the storage, without taking it from a server.
    private func withFiles<T>(_ body: (any RegistryFiles, _ place: String) async throws -> T) async throws -> T {
        switch configuration.storage.driver {
        case .inMemory:
            throw ServeError("storage.inmemory keeps nothing that could be imported; configure storage.filesystem or storage.s3")
        case .filesystem(let root, _): return try await body(LocalRegistryFiles(root: root, pool: pool), root)
        case .s3(let settings):
            let storage = try await s3(settings)
            do {
                let result = try await body(storage.registryFiles ?? LocalRegistryFiles(root: "", pool: pool), settings.place)
                await storage.close()
                return result
            } catch {
                await storage.close()
                throw error
            }
        }
    }

    // MARK: - Export

    package func exportRegistry(
        to directory: String, method: LayoutWriter.Method, _ options: DistributionExport.Options,
        _ progress: (DistributionExport.Progress) -> Void
    ) async throws(ServeError) -> DistributionExport.Report {
        try await saying { () async throws -> DistributionExport.Report in
            let metadata = try await existingMetadata()
            var storage: S3Storage?
            let source: DistributionExport.Source
            switch configuration.storage.driver {
            case .inMemory: throw ServeError("storage.inmemory keeps nothing that could be exported")
            case .filesystem(let root, _): source = .directory(root)
            case .s3(let settings):
                guard method != .link else { throw ServeError("--link: blobs in S3 cannot be linked; leave it out") }
                let opened = try await s3(settings)
                (storage, source) = (opened, .storage(opened))
            }
            let writer = try await LayoutWriter(root: directory, pool: pool, method: method)
            let export = DistributionExport(
                metadata: metadata, source: source, writer: writer, tree: LocalRegistryFiles(root: directory, pool: pool), options: options)
            let report = try await export.run(progress)
            await storage?.close()
            try await metadata.close()
            return report
        }
    }

    // MARK: - Garbage collection

    package struct Collected: Sendable {
        package let outcome: GarbageCollection.Outcome
        /// Whether a running server did it.
        package let byServer: Bool
    }

    /// Collects garbage: by the server that has the stores open, and where there is none, by this process.
    package func collectGarbage(
        _ options: GarbageCollection.Options, _ say: @escaping @Sendable ([String]) async throws -> Void
    ) async throws(ServeError) -> Collected {
        try await saying { () async throws -> Collected in
            var root: String?
            switch configuration.storage.driver {
            case .inMemory: throw ServeError("storage.inmemory: only its server could collect garbage, and it keeps nothing when it ends")
            case .filesystem(let directory, _): root = directory
            case .s3: break
            }
            let metadata = try await existingMetadata()
            let isServed = root.map(DirectoryLock.isHeld) ?? false
            // In a bucket there is no lock that would tell: a server looks once a second.
            if isServed || root == nil {
                let wait: Duration = isServed ? .seconds(15) : .seconds(3)
                if let outcome = try await Errands.collectGarbage(options, in: metadata, waiting: wait, say) {
                    try await metadata.close()
                    return Collected(outcome: outcome, byServer: true)
                }
                if let root, DirectoryLock.isHeld(root) {
                    throw ServeError(
                        "the server that uses \(root) did not answer within \(wait): it is starting, stopping or of an older version; try again, or stop it first"
                    )
                }
            }
            try await metadata.close()
            return Collected(outcome: try await collectHere(options, say), byServer: false)
        }
    }

    private func collectHere(
        _ options: GarbageCollection.Options, _ say: @escaping @Sendable ([String]) async throws -> Void
    ) async throws -> GarbageCollection.Outcome {
        let stores = try await Stores.open(configuration, pool, logger)
        let registry = Registry(
            metadata: stores.metadata, storage: stores.storage, options: try configuration.registryOptions,
            descriptors: try await Serve.descriptors(configuration, stores.metadata, logger), logger: logger)
        let outcome = try await GarbageCollection(registry: registry, options: options).run(say)
        try await stores.close()
        guard let outcome else { throw ServeError("garbage is being collected already, by another process; wait for it") }
        return outcome
    }

    // MARK: - Steps

    /// The metadata store, which has to be there: a command about what a registry has must not make an empty one.
    func existingMetadata() async throws(ServeError) -> MetadataStore {
        let source = MetadataSource(configuration)
        if case .sqlite(let path) = source.location, !FileManager.default.fileExists(atPath: path) {
            throw ServeError(
                "there is no metadata at '\(path)': nothing was pushed or imported yet; if registry:2 left its files there, run cove import first"
            )
        }
        return try await source.open()
    }

    private func s3(_ settings: S3Settings) async throws -> S3Storage {
        let storage = try S3Storage(settings.options, environment: ProcessInfo.processInfo.environment, logger: logger)
        do {
            try await storage.connect()
        } catch {
            await storage.close()
            throw error
        }
        return storage
    }

    func saying<T>(_ body: () async throws -> T) async throws(ServeError) -> T {
        do {
            return try await body()
        } catch let error as ServeError {
            throw error
        } catch let error as MetadataError {
            throw MetadataSource(configuration).refusal(error)
        } catch let error as BlobStorageError {
            throw ServeError("storage: \(error)")
        } catch {
            throw ServeError("\(error)")
        }
    }
}

extension S3Settings {
    /// `s3://bucket/prefix`
    package var place: String {
        let prefix = rootDirectory.split(separator: "/").joined(separator: "/")
        return "s3://\(bucket)" + (prefix.isEmpty ? "" : "/\(prefix)")
    }
}
