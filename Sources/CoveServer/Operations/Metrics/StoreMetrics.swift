import CoveBlobs
import CoveMetadata
import CoveTelemetry

/// The metadata store and the blob storage.
struct StoreMetrics: MetricSource {
    private static let transactions = Metric.histogram(
        "cove_metadata_transaction_seconds", ["kind"], "Time of reads and writes of the metadata store, waiting among it.")
    private static let commits = Metric.histogram(
        "cove_metadata_commit_seconds", [],
        "Time of the transactions that writes share, with their commit; their number is that of the commits.")
    private static let writes = Metric.counter(
        "cove_metadata_writes_total", [], "Writes that those transactions were made of.")
    private static let retries = Metric.counter(
        "cove_metadata_retries_total", [], "Transactions that were run again, as they met others.")
    private static let connections = Metric.gauge(
        "cove_postgresql_connections", ["state"], "Connections to PostgreSQL: busy and idle.")
    private static let limit = Metric.gauge(
        "cove_postgresql_connections_limit", [], "Most connections to PostgreSQL (metadata.maxconnections).")
    private static let waiting = Metric.gauge("cove_postgresql_waiting", [], "Work that waits for a connection to PostgreSQL.")
    private static let failedConnections = Metric.counter(
        "cove_postgresql_failed_connections_total", [], "Connections to PostgreSQL that could not be made.")
    private static let actions = Metric.histogram(
        "registry_storage_action_seconds", ["driver", "action"], "Time of what the blob storage was asked to do.")
    private static let failures = Metric.counter(
        "cove_storage_errors_total", ["driver", "action"], "What the blob storage was asked to do and could not.")
    private static let s3Requests = Metric.counter("cove_s3_requests_total", [], "Requests to S3, each counted once.")
    private static let s3Retries = Metric.counter(
        "cove_s3_retries_total", [], "Requests to S3 that were sent again after a passing failure.")
    private static let s3Failures = Metric.counter("cove_s3_failures_total", [], "Requests to S3 that were given up.")

    static let metrics = [
        transactions, commits, writes, retries, connections, limit, waiting, failedConnections, actions, failures, s3Requests,
        s3Retries, s3Failures,
    ]

    let metadata: MetadataStore
    let storage: StorageStatistics
    /// The storage's driver, as the configuration names it.
    let driver: String
    /// Nil without S3.
    let s3: S3Statistics?

    func write(to text: inout MetricText) {
        text.write(Self.transactions) { samples in
            samples.add(["read"], metadata.reads)
            samples.add(["write"], metadata.writes)
        }
        text.write(Self.commits, metadata.statistics.commits)
        text.write(Self.writes, metadata.statistics.writes.value)
        text.write(Self.retries, metadata.statistics.retries.value)
        if let pool = metadata.connections {
            text.write(Self.connections) { samples in
                samples.add(["busy"], pool.busy)
                samples.add(["idle"], pool.idle)
            }
            text.write(Self.limit, pool.limit)
            text.write(Self.waiting, pool.waiting)
            text.write(Self.failedConnections, metadata.statistics.failedConnections.value)
        }
        text.write(Self.actions) { samples in
            for action in StorageAction.allCases {
                let snapshot = storage.time(of: action).snapshot
                if snapshot.count > 0 { samples.add([driver, action.name], snapshot) }
            }
        }
        text.write(Self.failures) { samples in
            for action in StorageAction.allCases { samples.add([driver, action.name], storage.failures(of: action)) }
        }
        if let s3 {
            text.write(Self.s3Requests, s3.requests.value)
            text.write(Self.s3Retries, s3.retries.value)
            text.write(Self.s3Failures, s3.failures.value)
        }
    }
}
