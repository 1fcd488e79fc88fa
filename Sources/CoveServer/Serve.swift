import CoveBlobs
import CoveConfiguration
import CoveIdentity
import CoveMetadata
import CoveRegistry
import Foundation
import HTTPTypes
import HummingbirdCore
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import UnixSignals

/// The server, put together from a configuration.
package enum Serve {
    /// Serves until the process is told to stop (SIGTERM, SIGINT), then ends what runs within `http.draintimeout`.
    ///
    /// - Throws: ``ServeError`` when the server cannot start.
    package static func run(_ configuration: Configuration) async throws {
        let format: LogFormat = configuration.log.formatter == .text ? .text : .json
        let errors = LogSink(descriptor: 2)
        let output = LogSink(descriptor: 1)
        defer {
            errors.flush()
            output.flush()
        }
        var logger = Logger(label: "cove") { _ in
            SinkLogHandler(logLevel: configuration.log.level.swiftLog, sink: errors, format: format)
        }
        for (key, value) in configuration.log.fields { logger[metadataKey: key] = "\(value)" }
        let threads = NIOThreadPool(numberOfThreads: configuration.threads)
        threads.start()
        let group = MultiThreadedEventLoopGroup.singleton
        let (metadata, storage) = try await openStores(configuration, threads)
        let registry = Registry(
            metadata: metadata, storage: storage, options: try configuration.registryOptions, logger: logger)
        let readiness = ReadinessState(registry: registry)
        let frontend = Frontend(
            oci: OCIResponder(registry: registry, options: configuration.ociOptions),
            health: HealthResponder(state: readiness),
            authentication: try authentication(configuration.auth, threads, logger),
            accessLog: configuration.log.accessLogDisabled
                ? nil
                : AccessLog(sink: output, format: format, fields: configuration.log.fields.sorted { $0.key < $1.key }),
            headers: try configuration.http.fields, prefix: configuration.http.trimmedPrefix)
        let listeners = Listeners(
            frontend: frontend, limits: configuration.http.connectionLimits, http2: configuration.http.http2,
            drainTimeout: configuration.http.drainTimeout, group: group, logger: logger)
        var services: [any Service] = [Upkeep(registry: registry, options: configuration.upkeepOptions)]
        services += try listeners.services(for: configuration.http)
        services.append(Readiness(state: readiness))
        var lifecycle = ServiceGroupConfiguration(
            services: services.map { .init(service: $0) }, gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
        lifecycle.maximumGracefulShutdownDuration = configuration.http.drainTimeout
        lifecycle.maximumCancellationDuration = .seconds(5)
        logger.info(
            "serving",
            metadata: [
                "addr": "\(configuration.http.addr)", "version": "\(Version.current)",
                "durability": "\(configuration.durability)",
            ])
        do {
            try await ServiceGroup(configuration: lifecycle).run()
        } catch let error as IOError {
            throw ServeError("http.addr: cannot listen on \(configuration.http.addr): \(error)")
        }
        try await metadata.close()
        logger.info("stopped")
    }

    private static func openStores(
        _ configuration: Configuration, _ threads: NIOThreadPool
    ) async throws -> (MetadataStore, any BlobStorage) {
        do {
            switch configuration.storage.driver {
            case .inMemory:
                return (try await .open(SQLiteEngine(.memory)), MemoryStorage())
            case .filesystem(let root, _):
                let synchronous = configuration.durability == .full
                let storage = try FilesystemStorage(root: root, pool: threads, synchronous: synchronous)
                let engine = try SQLiteEngine(.file(path: "\(root)/cove.db", synchronous: synchronous))
                return (try await .open(engine), storage)
            }
        } catch let error as BlobStorageError {
            throw ServeError("storage: \(error)")
        } catch let error as MetadataError {
            throw ServeError("metadata: \(error)")
        }
    }

    private static func authentication(
        _ auth: Configuration.Auth, _ threads: NIOThreadPool, _ logger: Logger
    ) throws -> Frontend.Authentication? {
        switch auth {
        case .none: return nil
        case .htpasswd(let realm, let path):
            do {
                return Frontend.Authentication(
                    realm: realm, passwords: try HTPasswd(path: path, threadPool: threads, logger: logger))
            } catch {
                throw ServeError("auth.htpasswd.path: \(error)")
            }
        }
    }
}

/// Turns `/readyz` as soon as a shutdown begins.
private struct Readiness: Service {
    let state: ReadinessState

    func run() async throws {
        try await gracefulShutdown()
        state.beginShutdown()
    }
}
