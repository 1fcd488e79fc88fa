import CoveMetadata
import CoveTelemetry
import Logging

/// A run of a job, from its beginning to what is written of its end.
extension JobWorkers {
    private enum Step: Sendable {
        /// The handler has ended, with what it threw.
        case ended((any Error)?)
        /// It is to end.
        case told(JobEnding?)
    }

    func perform(_ entry: RunningJob) async {
        let context = entry.context
        let start = ContinuousClock.now
        context.note("attempt \(context.attempt) of job \(context.job.id) (\(context.job.kind)) begins on worker \(context.run.worker)")
        let (error, ending) = await run(entry)
        let outcome = await conclude(entry, error, ending)
        statistics.observe(context.job.kind, outcome, since: start)
        running.remove(context.run)
        statistics.running.set(running.count)
        queue.signal.raise()
    }

    /// The handler beside whoever may want it to end, which cancels it.
    private func run(_ entry: RunningJob) async -> ((any Error)?, JobEnding?) {
        await withTaskGroup(of: Step.self) { group in
            group.addTask {
                do {
                    try await entry.handler.run(entry.context)
                    return .ended(nil)
                } catch {
                    return .ended(error)
                }
            }
            group.addTask {
                for await ending in entry.endings { return .told(ending) }
                return .told(nil)
            }
            var told: JobEnding?
            while let step = await group.next() {
                switch step {
                case .told(let ending):
                    told = ending
                    if ending != nil { group.cancelAll() }
                case .ended(let error):
                    group.cancelAll()
                    return (error, told)
                }
            }
            return (CancellationError(), told)
        }
    }

    private func conclude(_ entry: RunningJob, _ error: (any Error)?, _ ending: JobEnding?) async -> JobStatistics.Outcome {
        let context = entry.context
        let run = context.run
        guard let error else {
            context.note("the job is done")
            let result = context.result
            await settle(context) { try $0.finishJob(run, as: .success, result: result) }
            return .success
        }
        switch ending {
        case .stop:
            context.note("the job was stopped", level: .warning)
            let result = context.result
            await settle(context) { try $0.finishJob(run, as: .stopped, message: "it was stopped", result: result) }
            return .stopped
        case .lost: return .interrupted
        case .shutdown: break
        case nil:
            if context.isLost { return .interrupted }
            if !Task.isCancelled { return await conclude(entry, failure: error) }
        }
        context.note("the process ends; the job runs again, here or elsewhere", level: .warning)
        await settle(context) {
            try $0.putOffJob(run, until: $0.now, message: "it was interrupted by the end of its process", isFailure: false)
        }
        return .interrupted
    }

    private func conclude(_ entry: RunningJob, failure error: any Error) async -> JobStatistics.Outcome {
        let context = entry.context
        let run = context.run
        let message = String("\(error)".prefix(1000))
        let result = context.result
        let wait = error is JobFailure ? nil : entry.handler.retry.wait(after: context.job.failures + 1)
        context.logger.warning("a job failed", metadata: ["reason": "\(message)", "attempt": "\(context.attempt)"])
        guard let wait else {
            context.note("failed: \(message)", level: .error)
            await settle(context) { try $0.finishJob(run, as: .error, message: message, result: result) }
            return .failure
        }
        context.note("failed, and is tried again in \(max(1, wait / 1_000_000)) s: \(message)", level: .error)
        await settle(context) { try $0.putOffJob(run, until: .nowMicroseconds + wait, message: message, isFailure: true) }
        return .retry
    }

    /// Writes down the rest of the log and how the job ended, again and again while the store is away, for as long as the job is
    /// this worker's.
    private func settle(_ context: JobContext, _ body: @escaping @Sendable (MetadataTransaction) throws -> Bool) async {
        for attempt in 0... {
            do {
                guard try await context.flush(metadata, and: body) else {
                    context.logger.warning("what became of a job was refused, as it is somebody else's by now")
                    return
                }
                return
            } catch {
                if attempt == 0 { context.logger.error("could not write down the end of a job", metadata: ["error": "\(error)"]) }
                // Whoever comes next finds it as lost.
                if context.isLost || (Task.isCancelled && attempt > 3) { return }
                try? await Task.sleep(for: .milliseconds(200))
            }
        }
    }
}
