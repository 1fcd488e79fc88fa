extension Configuration {
    /// `jobs`: how many jobs a process runs, and what is kept of them.
    package struct Jobs: Sendable, Equatable {
        /// Jobs at once; 0 for none, where others run them.
        package var maxWorkers = 10
        /// Time without a sign of life after which a process is given up, and its jobs run elsewhere.
        package var lease = Duration.seconds(30)
        package var logRetention = Duration.seconds(30 * 24 * 3600)
        package var retention = Duration.seconds(90 * 24 * 3600)
    }
}

extension Configuration.Jobs {
    init(_ reader: inout SettingReader) {
        maxWorkers = reader.integer("jobs.maxworkers", in: 0...1000) ?? maxWorkers
        lease = reader.duration("jobs.lease", in: .seconds(2)...(.seconds(3600))) ?? lease
        let ages = Duration.seconds(60)...Duration.seconds(100 * 365 * 24 * 3600)
        logRetention = reader.duration("jobs.logretention", in: ages) ?? logRetention
        retention = reader.duration("jobs.retention", in: ages) ?? retention
    }

    var rendered: RenderedValue {
        .map([
            ("maxworkers", .number(maxWorkers)), ("lease", .text(lease.goSyntax)), ("logretention", .text(logRetention.goSyntax)),
            ("retention", .text(retention.goSyntax)),
        ])
    }
}

extension ConfigurationKey {
    static let jobs: [ConfigurationKey] = [
        .acts(
            "jobs.maxworkers", .integer, "10",
            "Jobs that a process runs at once, such as garbage collection and deliveries of webhooks; needs auth.accounts. 0 for none, where `cove worker` runs them. (Cove)"
        ),
        .acts(
            "jobs.lease", .duration, "30s",
            "Time without a sign of life after which a process that shares the metadata store is given up, and its jobs run again. The same for all nodes. (Cove)"
        ),
        .acts("jobs.logretention", .duration, "720h", "How long the logs of jobs are kept after their end. (Cove)"),
        .acts(
            "jobs.retention", .duration, "2160h",
            "How long jobs and their executions are kept after their end; the latest of each policy is kept in any case. (Cove)"),
    ]
}
