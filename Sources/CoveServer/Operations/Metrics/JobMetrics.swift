import CoveJobs
import CoveMetadata
import CoveTelemetry

/// The queue of jobs, and what this process has run of it.
struct JobMetrics: MetricSource {
    private static let jobs = Metric.gauge(
        "cove_jobs", ["kind", "status"], "Jobs of all nodes that have not ended: Pending, Scheduled, Running; counted every 10 s.")
    private static let running = Metric.gauge("cove_jobs_running", [], "Jobs that this process is at.")
    private static let runs = Metric.counter(
        "cove_job_runs_total", ["kind", "outcome"],
        "Runs of jobs by this process: success, failure (given up), retry (failed, is tried again), stopped, interrupted.")
    private static let durations = Metric.histogram("cove_job_seconds", ["kind"], "Time of runs of jobs by this process.")
    private static let reclaimed = Metric.counter(
        "cove_jobs_reclaimed_total", [], "Jobs that this process took from workers that were lost.")
    private static let fired = Metric.counter("cove_job_schedules_fired_total", [], "Schedules that this process has set off.")
    private static let skipped = Metric.counter(
        "cove_job_schedules_skipped_total", [], "Schedules that were due while what they had set off before was at work.")

    static let metrics = [jobs, running, runs, durations, reclaimed, fired, skipped]

    let statistics: JobStatistics

    func write(to text: inout MetricText) {
        text.write(Self.jobs) { samples in
            for (kind, status, count) in statistics.counts { samples.add([kind, status.rawValue], Int(count)) }
        }
        text.write(Self.running, statistics.running.value)
        text.write(Self.runs) { samples in
            for kind in statistics.kinds {
                for outcome in JobStatistics.Outcome.allCases { samples.add([kind.kind, outcome.rawValue], kind.count(outcome)) }
            }
        }
        text.write(Self.durations) { samples in
            for kind in statistics.kinds where kind.durations.snapshot.count > 0 { samples.add([kind.kind], kind.durations) }
        }
        text.write(Self.reclaimed, statistics.reclaimed.value)
        text.write(Self.fired, statistics.fired.value)
        text.write(Self.skipped, statistics.skipped.value)
    }
}
