import CLinux
import CoveClient
import CoveConfiguration
import CoveIdentity
import CoveMetadata
import CoveOutbound
import CoveRedis
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
        #if os(Linux)
            cove_keep_buffers()
        #endif
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
        let stores = try await Stores.open(configuration, threads, logger)
        let outbound = RegistryClient.connections(try configuration.outboundProxies())
        var options = try configuration.registryOptions
        options.upstreams = try configuration.upstreams(outbound, logger)
        let registry = Registry(
            metadata: stores.metadata, storage: stores.storage, options: options,
            descriptors: try await descriptors(configuration, stores.metadata, logger), logger: logger)
        let readiness = Readiness(registry: registry, options: configuration.readinessOptions, logger: logger)
        let mirrors = options.upstreams.all.isEmpty ? nil : Mirrors(registry)
        let frontend = Frontend(
            oci: OCIResponder(registry: registry, options: configuration.ociOptions, mirrors: mirrors),
            health: HealthResponder(readiness: readiness),
            authentication: try authentication(configuration.auth, threads, logger),
            accessLog: configuration.log.accessLogDisabled
                ? nil
                : AccessLog(sink: output, format: format, fields: configuration.log.fields.sorted { $0.key < $1.key }),
            logger: logger,
            headers: try configuration.http.fields, prefix: configuration.http.trimmedPrefix)
        let farewell = Farewell(grace: configuration.grace, logger: logger)
        let listeners = Listeners(
            frontend: frontend, limits: Self.limits(configuration, logger), http2: configuration.http.http2,
            drainTimeout: configuration.http.drainTimeout, farewell: farewell, group: group, logger: logger)
        // Ended from the last to the first: first /readyz turns, then load balancers have time to turn away, then the
        // listeners drain, then the upkeep writes its rest.
        var services: [any Service] = [
            Upkeep(registry: registry, options: configuration.upkeepOptions, mirrors: mirrors),
            try listeners.service(for: configuration.http),
            farewell, readiness,
        ]
        // What is under way from upstreams ends after the listeners, whose clients may be waiting for it.
        if let mirrors { services.insert(mirrors, at: 1) }
        var lifecycle = ServiceGroupConfiguration(
            services: services.map { .init(service: $0) }, gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
        lifecycle.maximumGracefulShutdownDuration = configuration.http.drainTimeout + configuration.grace
        // Longer than TLS waits for a client's goodbye (5 s): beyond it the process would end in a crash.
        lifecycle.maximumCancellationDuration = .seconds(20)
        try await ServiceGroup(configuration: lifecycle).run()
        await outbound.close()
        try await stores.close()
        logger.info("stopped")
    }

    /// What would keep the server from starting, as far as it can be told without ports and stores.
    ///
    /// - Returns: warnings about files that are not on this machine, which need not be the one that will serve.
    /// - Throws: ``ServeError``.
    package static func check(_ configuration: Configuration) throws(ServeError) -> [String] {
        let logger = Logger(label: "cove.check") { _ in SwiftLogNoOpLogHandler() }
        var warnings: [String] = []
        func isHere(_ key: String, _ paths: [String]) -> Bool {
            let absent = paths.filter { !FileManager.default.fileExists(atPath: $0) }
            warnings += absent.map { "\(key): '\($0)' is not on this machine; the server does not start without it" }
            return absent.isEmpty
        }
        _ = try configuration.registryOptions
        _ = try configuration.http.fields
        _ = try configuration.outboundProxies()
        try configuration.checkUpstreams()
        if case .htpasswd(_, let path) = configuration.auth, isHere("auth.htpasswd.path", [path]) {
            _ = try authentication(configuration.auth, NIOThreadPool.singleton, logger)
        }
        for tls in [configuration.http.tls] + configuration.http.listeners.map(\.tls) {
            guard let tls, isHere("http.tls", [tls.certificate, tls.key] + tls.clientCAs) else { continue }
            _ = try TLSFiles(certificate: tls.certificate, key: tls.key, logger: logger).configuration(tls)
        }
        return warnings
    }

    /// Reaches for the services that the configuration names, and changes nothing there.
    ///
    /// - Throws: ``ServeError`` within some 10 seconds for each, naming the setting, what the service said and what to try.
    package static func checkConnections(_ configuration: Configuration) async throws(ServeError) {
        let logger = Logger(label: "cove.check") { _ in SwiftLogNoOpLogHandler() }
        try await Stores.check(configuration, logger)
        try await configuration.reachUpstreams(logger)
    }

    /// The limits that this process can keep. A connection may hold a file open beside its socket.
    private static func limits(_ configuration: Configuration, _ logger: Logger) -> ConnectionLimits {
        var limits = configuration.http.connectionLimits
        #if os(Linux)
            let files = Int(clamping: cove_raise_file_limit())
            let listeners = configuration.http.listeners.count + 1
            let most = max(16, (files - 300) / 2 / listeners)
            if files > 0, most < limits.maximumConnections {
                logger.warning(
                    "fewer connections than http.limits.maxconnections: the process may not open more files (ulimit -n)",
                    metadata: ["connections": "\(most)", "files": "\(files)"])
                limits.maximumConnections = most
            }
        #endif
        return limits
    }

    private static func descriptors(
        _ configuration: Configuration, _ metadata: MetadataStore, _ logger: Logger
    ) async throws -> DescriptorCache? {
        guard let options = try configuration.redisOptions else { return nil }
        let client: RedisClient
        do throws(RedisError) {
            client = try RedisClient(options, logger: logger)
        } catch {
            throw ServeError("redis: \(error)")
        }
        return DescriptorCache(redis: client, namespace: try await metadata.identity())
    }

    private static func authentication(
        _ auth: Configuration.Auth, _ threads: NIOThreadPool, _ logger: Logger
    ) throws(ServeError) -> Frontend.Authentication? {
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
