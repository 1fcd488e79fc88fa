import CoveACME
import CoveBlobs
import CoveConfiguration
import CoveJobs
import CoveRegistry
import CoveTelemetry
import Logging
import ServiceLifecycle

/// What a node shows to whoever watches it. A part of the server that has metrics or state of its own is named here.
struct Watch: Sendable {
    let registry: Registry
    let stores: Stores
    let storage: StorageStatistics
    let health: HealthResponder
    let tracer: Tracer?
    let notifications: NotificationDispatcher?
    let mirrors: Mirrors?
    let letsEncrypt: LetsEncrypt?
    let jobs: JobWorkers?
    let http = HTTPMetrics()
    let listeners = ListenerMetrics()

    /// What runs for it: nothing without a debug address.
    ///
    /// - Throws: ``ServeError`` when the address cannot be used.
    func services(
        for configuration: Configuration, _ listeners: Listeners, _ logger: Logger
    ) throws(ServeError) -> [any Service] {
        var services: [any Service] = tracer.map { [$0] } ?? []
        guard let debug = configuration.http.debug else { return services }
        var page: MetricPage?
        if debug.metricsPath != nil {
            let inventory = InventoryMetrics(metadata: stores.metadata, directory: configuration.storage.directory, logger: logger)
            services.append(inventory)
            page = MetricPage(sources: sources(configuration.storage.driver.name, inventory))
        }
        let operations = OperationsResponder(
            health: health, metrics: page, metricsPath: debug.metricsPath ?? "", variables: variables)
        services.append(try listeners.debugService(on: debug.addr, operations))
        return services
    }

    private func sources(_ driver: String, _ inventory: InventoryMetrics) -> [any MetricSource] {
        var sources: [any MetricSource] = [
            http, listeners, HealthMetrics(readiness: health.readiness), RegistryMetrics(registry: registry),
            StoreMetrics(
                metadata: stores.metadata, storage: storage, driver: driver, s3: (stores.storage as? S3Storage)?.statistics),
            inventory, ProcessMetrics(),
        ]
        if let letsEncrypt { sources.append(LetsEncryptMetrics(manager: letsEncrypt.manager)) }
        if let tracer { sources.append(TracingMetrics(tracer: tracer)) }
        if let notifications { sources.append(NotificationMetrics(dispatcher: notifications)) }
        if let mirrors { sources.append(ProxyMetrics(mirrors: mirrors)) }
        if let jobs { sources.append(JobMetrics(statistics: jobs.statistics)) }
        return sources
    }

    /// What `/debug/vars` shows under `registry`.
    private var variables: [String: OperationsResponder.Variable] {
        var variables: [String: OperationsResponder.Variable] = [:]
        if registry.statistics.shared != nil {
            variables["redis"] = { [registry] in ["Active": registry.statistics.shared?.connections ?? 0] as [String: Int] }
        }
        if let mirrors { variables["proxy"] = { ProxyVariables(mirrors.status) } }
        if let letsEncrypt { variables["letsencrypt"] = { ["hosts": letsEncrypt.manager.reports] } }
        if let notifications {
            variables["notifications"] = { ["endpoints": await notifications.state()] }
        }
        return variables
    }
}

extension Configuration.Storage {
    /// Where blobs are files; nil where they are not.
    fileprivate var directory: String? {
        if case .filesystem(let root, _) = driver { root } else { nil }
    }
}
