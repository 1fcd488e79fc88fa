import CoveConfiguration
import CoveJobs
import Foundation

/// Who does which kinds of jobs: a line each.
enum JobMapping {
    static func handlers(_ platform: Platform) -> [any JobHandler] {
        [
            RetentionJob(registry: platform.registry, jobs: platform.jobs, webhooks: platform.webhooks.announcer),
            GarbageCollectionJob(registry: platform.registry),
            PurgeAuditJob(metadata: platform.metadata),
        ] + platform.webhooks.handlers(platform.metadata)
    }

    /// The workers of this process; nil where it runs no jobs.
    static func workers(_ platform: Platform, _ settings: Configuration.Jobs) -> JobWorkers? {
        guard settings.maxWorkers > 0 else { return nil }
        return JobWorkers(queue: platform.jobs, handlers: handlers(platform), options: settings.options, logger: platform.logger)
    }
}

extension Configuration.Jobs {
    var options: JobWorkers.Options {
        var options = JobWorkers.Options()
        options.concurrency = maxWorkers
        options.lease = lease
        options.logRetention = logRetention
        options.retention = retention
        options.host = Self.host
        options.pid = Int64(ProcessInfo.processInfo.processIdentifier)
        return options
    }

    /// This machine's name, as it knows it itself: nobody is asked.
    private static var host: String {
        var name = [CChar](repeating: 0, count: 256)
        guard gethostname(&name, name.count - 1) == 0 else { return "localhost" }
        return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
