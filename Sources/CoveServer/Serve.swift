import CLinux
import CoveACME
import CoveBlobs
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
    /// What a process is for.
    package enum Role: Sendable {
        /// It answers requests, and runs jobs beside that.
        case server
        /// It runs jobs only.
        case worker
    }

    /// Serves until the process is told to stop (SIGTERM, SIGINT), then ends what runs within `http.draintimeout`.
    ///
    /// - Parameter warnings: what was noticed while the configuration was read, for the log.
    /// - Throws: ``ServeError`` when the server cannot start.
    package static func run(_ configuration: Configuration, as role: Role = .server, warnings: [String] = []) async throws {
        if role == .worker { try checkWorker(configuration) }
        #if os(Linux)
            cove_keep_buffers()
        #endif
        let hangups = await UnixSignalsSequence(trapping: .sighup)
        let format = configuration.log.formatter.format
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
        for warning in warnings { logger.warning("\(warning)") }
        let proxies = try configuration.outboundProxies()
        let outbound = OutboundClients(proxies)
        let delivery = try Delivery(configuration, proxies, logger: logger)
        var options = try configuration.registryOptions
        options.delivery = delivery.content
        let threads = NIOThreadPool(numberOfThreads: configuration.threads)
        threads.start()
        let group = MultiThreadedEventLoopGroup.singleton
        let reload = Reload(hangups, logger: logger)
        for sink in [errors, output] { reload.addBlocking { [logger] in LogFile.report(sink.reopen(), to: logger) } }
        let stores = try await Stores.open(configuration, threads, logger, isBeside: role == .worker)
        let storage = MeasuredStorage(stores.storage)
        let notifications = try await notifications(configuration, stores.metadata, logger)
        let connections = RegistryClient.connections(proxies)
        options.upstreams = try configuration.upstreams(connections, logger)
        let letsEncrypt = try await LetsEncrypt(configuration, stores.metadata, threads, logger)
        if let letsEncrypt { reload.add { letsEncrypt.manager.retry() } }
        let registry = Registry(
            metadata: stores.metadata, storage: storage, options: options,
            descriptors: try await descriptors(configuration, stores.metadata, logger), logger: logger)
        let mirrors = options.upstreams.all.isEmpty ? nil : Mirrors(registry)
        let readiness = Readiness(
            registry: registry, options: configuration.readinessOptions,
            checks: HealthChecks(configuration.health.checks(outbound), logger: logger), logger: logger)
        let health = HealthResponder(readiness: readiness)
        let tracer = Tracer.fromEnvironment(ProcessInfo.processInfo.environment, outbound, logger: logger)
        let platform = try await Platform(
            configuration, stores.metadata, registry, threads, logger, makesAdministrator: role == .server)
        let workers = platform.flatMap { JobMapping.workers($0, configuration.jobs) }
        let watch = Watch(
            registry: registry, stores: stores, storage: storage.statistics, health: health, tracer: tracer,
            notifications: notifications, mirrors: mirrors, letsEncrypt: letsEncrypt, jobs: workers)
        let access =
            try platform?.access ?? accessController(configuration.auth, threads, reload, logger)
        let frontend = Frontend(
            oci: OCIResponder(registry: registry, options: configuration.ociOptions, mirrors: mirrors),
            health: health, harbor: platform.map { HarborResponder(platform: $0) },
            tokens: platform.map { TokenResponder(service: $0.tokens, authenticator: $0.authenticator) },
            logins: platform.map { LoginResponder(platform: $0, locations: configuration.ociOptions.location) },
            settings: platform?.settings, webhooks: platform?.webhooks, access: access,
            accessLog: configuration.log.accessLogDisabled
                ? nil
                : AccessLog(sink: output, format: format, fields: configuration.log.fields.sorted { $0.key < $1.key }),
            metrics: watch.http, tracer: tracer, logger: logger,
            headers: try configuration.http.fields, prefix: configuration.http.trimmedPrefix)
        let farewell = Farewell(grace: configuration.grace, logger: logger)
        let listeners = Listeners(
            frontend: frontend, limits: Self.limits(configuration, logger), http2: configuration.http.http2,
            h2c: configuration.http.h2c, drainTimeout: configuration.http.drainTimeout, farewell: farewell, metrics: watch.listeners,
            reload: reload, letsEncrypt: letsEncrypt, group: group, logger: logger)
        var services: [any Service] = platform?.services ?? []
        if let workers { services.append(workers) }
        switch role {
        case .worker: services += [reload, readiness]
        case .server:
            services.insert(contentsOf: platform?.forwarders(configuration) ?? [], at: 0)
            services.insert(contentsOf: try listeners.services(obtainingFor: letsEncrypt), at: 0)
            // Ended from the last to the first, who watches last: first /readyz turns, then load balancers have time to turn
            // away, then the listeners drain, then what is under way from upstreams, for whose bytes clients were waiting, then
            // the upkeep writes its rest, then what is being notified of ends, then jobs.
            services += notifications.map { [$0] } ?? []
            services += [
                reload, readiness.checks, Upkeep(registry: registry, options: configuration.upkeepOptions, mirrors: mirrors),
                ErrandRunner(registry: registry),
                AutoImport(stores: stores, isOn: configuration.storage.importing == .auto, logger: logger),
            ]
            if let platform { services.append(try await platform.webhooks.dispatcher(stores.metadata, logger)) }
            services += mirrors.map { [$0] } ?? []
            services += [try listeners.service(for: configuration.http), farewell, readiness]
            services += delivery.services
        }
        services.insert(contentsOf: try watch.services(for: configuration, listeners, logger), at: 0)
        var lifecycle = ServiceGroupConfiguration(
            services: services.map { .init(service: $0) }, gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
        lifecycle.maximumGracefulShutdownDuration = configuration.http.drainTimeout + configuration.grace
        // Longer than TLS waits for a client's goodbye (5 s): beyond it the process would end in a crash.
        lifecycle.maximumCancellationDuration = .seconds(20)
        try await ServiceGroup(configuration: lifecycle).run()
        await connections.close()
        await platform?.oidc.client.close()
        await outbound.close()
        try await stores.close()
        logger.info("stopped")
    }

    /// - Throws: ``ServeError`` when a process that only runs jobs would have none to run, or not be alone with what it uses.
    private static func checkWorker(_ configuration: Configuration) throws(ServeError) {
        var problems: [String] = []
        let isShared = if case .postgresql = MetadataSource(configuration).location { true } else { false }
        let hasAccounts = if case .accounts = configuration.auth { true } else { false }
        if !isShared {
            problems.append(
                "metadata.url: a worker beside a server needs metadata in PostgreSQL: the file of SQLite belongs to one process, and its `cove serve` runs the jobs itself"
            )
        }
        if case .inMemory = configuration.storage.driver {
            problems.append("storage.inmemory: what is in a server's memory cannot be worked on by another process; use storage.s3")
        }
        if !hasAccounts {
            problems.append("auth.accounts: without accounts there are no jobs to run; add the section, as the server has it")
        }
        if configuration.jobs.maxWorkers == 0 {
            problems.append("jobs.maxworkers: with 0 this process would run no jobs; set it to 1 or more (REGISTRY_JOBS_MAXWORKERS=10)")
        }
        guard problems.isEmpty else { throw ServeError(problems) }
    }

    /// What would keep the server from starting, as far as it can be told without ports and stores.
    ///
    /// - Returns: warnings about files that are not on this machine, which need not be the one that will serve.
    /// - Throws: ``ServeError``.
    package static func check(_ configuration: Configuration) throws(ServeError) -> [String] {
        let logger = Logger(label: "cove.check") { _ in SwiftLogNoOpLogHandler() }
        var warnings: [String] = []
        var problems: [String] = []
        /// Goes on after a problem, so that all are told at once.
        func attempt(_ body: () throws(ServeError) -> Void) {
            do throws(ServeError) { try body() } catch { problems += error.problems }
        }
        func warn(_ warning: String) -> Bool {
            warnings.append(warning)
            return false
        }
        func isHere(_ key: String, _ paths: [String]) -> Bool {
            let absent = paths.filter { !FileManager.default.fileExists(atPath: $0) }
            warnings += absent.map { "\(key): '\($0)' is not on this machine; the server does not start without it" }
            return absent.isEmpty
        }
        attempt { () throws(ServeError) in _ = try configuration.registryOptions }
        attempt { () throws(ServeError) in _ = try configuration.http.fields }
        attempt { () throws(ServeError) in _ = try configuration.outboundProxies() }
        attempt { () throws(ServeError) in try configuration.checkUpstreams() }
        let authIsHere =
            switch configuration.auth {
            case .none, .accounts: true
            case .htpasswd(_, let path) where HTPasswd.isDirectory(path):
                warn("auth.htpasswd.path: '\(path)' is a directory, so nobody can log in; name a file of user:hash lines")
            case .htpasswd(_, let path) where !FileManager.default.fileExists(atPath: path):
                warn("auth.htpasswd.path: '\(path)' is not on this machine; the server makes it, with a user docker")
            case .htpasswd: true
            case .token(let settings): isHere("auth.token", [settings.rootCertBundle, settings.jwks].compactMap { $0 })
            }
        if authIsHere {
            attempt { () throws(ServeError) in _ = try accessController(configuration.auth, NIOThreadPool.singleton, nil, logger) }
        }
        for tls in [configuration.http.tls] + configuration.http.listeners.map(\.tls) {
            guard let tls else { continue }
            switch tls.identity {
            case .files(let certificate, let key):
                guard isHere("http.tls", [certificate, key] + tls.clientCAs) else { continue }
                attempt { () throws(ServeError) in
                    _ = try TLSFiles(certificate: certificate, key: key, logger: logger).configuration(tls)
                }
            case .letsEncrypt(let settings):
                guard isHere("http.tls", [settings.directoryCA].compactMap { $0 } + tls.clientCAs) else { continue }
                attempt { () throws(ServeError) in try LetsEncrypt.checkFiles(settings) }
            }
        }
        if isHere("middleware.storage", Delivery.files(configuration)) {
            attempt { () throws(ServeError) in _ = try Delivery(configuration, .none, logger: logger) }
        }
        guard problems.isEmpty else { throw ServeError(problems) }
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

    static func descriptors(
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

    /// Nil without endpoints that are on.
    private static func notifications(
        _ configuration: Configuration, _ metadata: MetadataStore, _ logger: Logger
    ) async throws -> NotificationDispatcher? {
        guard !configuration.notifications.endpoints.isEmpty else { return nil }
        var options = configuration.notifications.options
        options.proxies = try configuration.outboundProxies()
        let dispatcher = NotificationDispatcher(metadata: metadata, options: options, logger: logger)
        try await dispatcher.prepare()
        return options.endpoints.isEmpty ? nil : dispatcher
    }

    private static func accessController(
        _ auth: Configuration.Auth, _ threads: NIOThreadPool, _ reload: Reload?, _ logger: Logger
    ) throws(ServeError) -> (any AccessController)? {
        switch auth {
        case .none, .accounts: return nil
        case .htpasswd(let realm, let path):
            do {
                if let note = try HTPasswd.provision(path) {
                    logger.warning(
                        "there was no password file, so it was made with a user docker; its password is in the file named here, which can be deleted once it is read",
                        metadata: ["path": "\(path)", "password_file": "\(note)"])
                }
                let passwords = try HTPasswd(path: path, threadPool: threads, logger: logger)
                reload?.add { await passwords.readAgain() }
                return PasswordAccess(realm: realm, passwords: passwords)
            } catch {
                throw ServeError("auth.htpasswd.path: \(error)")
            }
        case .token(let settings):
            do throws(TokenKeyError) {
                let verifier = try TokenVerifier(settings.options, threadPool: threads, logger: logger)
                reload?.add { await verifier.readAgain() }
                return TokenAccess(verifier: verifier, challenge: settings.challenge, logger: logger)
            } catch {
                throw ServeError("auth.token.\(error.source == .keySet ? "jwks" : "rootcertbundle"): \(error)")
            }
        }
    }
}
