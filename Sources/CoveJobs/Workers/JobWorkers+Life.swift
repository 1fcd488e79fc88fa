import CoveMetadata
import CoveTelemetry
import Logging
import Synchronization

/// Signs of life, and what follows when others have missed them.
extension JobWorkers {
    /// Signs on, however long it takes until the store answers.
    ///
    /// - Returns: false when the process is to end before that.
    func begin() async -> Bool {
        var failures = 0
        while !Task.isCancelled {
            do {
                try await signOn()
                if !metadata.isShared { try await reclaimFromOthers() }
                return true
            } catch {
                failures += 1
                if failures == 1 { logger.error("could not sign on as a worker; trying on", metadata: ["error": "\(error)"]) }
            }
            do { try await Task.sleep(for: options.poll) } catch { break }
        }
        return false
    }

    private func signOn() async throws {
        let name = String(UInt64.random(in: (1 << 60)...(.max)), radix: 16)
        let lease = JobLease(metadata.isShared ? options.lease : nil)
        let start = ContinuousClock.now
        try await metadata.write(in: .jobs) { [options] in
            try $0.insertWorker(name, host: options.host, pid: options.pid, concurrency: options.concurrency)
        }
        lease.renew(since: start)
        state.withLock { ($0.name, $0.lease) = (name, lease) }
        logger.info("runs jobs", metadata: ["worker": "\(name)", "concurrency": "\(options.concurrency)"])
    }

    /// Gives signs of life until cancelled.
    func keepAlive() async {
        var suspects: Set<JobRun> = []
        while true {
            do { try await Task.sleep(for: beatInterval) } catch { return }
            let (name, lease) = state.withLock { ($0.name, $0.lease) }
            let start = ContinuousClock.now
            do {
                if try await metadata.write(in: .jobs, { try $0.beat(name) }) {
                    lease.renew(since: start)
                    suspects = try await reclaimOwn(suspects, of: name)
                } else {
                    logger.warning("others have given this worker up, and run its jobs", metadata: ["worker": "\(name)"])
                    running.endAll(.lost)
                    try await signOn()
                }
            } catch {
                logger.warning("could not give a sign of life", metadata: ["error": "\(error)"])
            }
        }
    }

    /// Takes from itself what the store says is at work here and is not, as after a transaction of which nobody could say whether
    /// it took place: what was so two times in a row.
    private func reclaimOwn(_ suspects: Set<JobRun>, of name: String) async throws -> Set<JobRun> {
        let runs = try await metadata.read { try $0.runningJobs(of: name) }.map {
            JobRun(id: $0.id, attempt: $0.attempt, worker: name)
        }
        let strange = Set(runs.filter { !running.contains($0) })
        for run in strange.intersection(suspects) { try await reclaim(run, "nobody was at work on it") }
        return strange
    }

    /// Tends the jobs of this process until cancelled: writes down what they say, and ends those that are to end.
    func tend() async {
        let pause = min(.seconds(1), beatInterval)
        while true {
            do { try await Task.sleep(for: pause) } catch { return }
            let jobs = running.all
            guard !jobs.isEmpty else { continue }
            for job in jobs where job.context.isLost { job.end(.lost) }
            do {
                let workers = Set(jobs.map(\.context.run.worker))
                for worker in workers {
                    for run in try await metadata.read({ try $0.stopRequests(of: worker) }) { running.end(run, .stop) }
                }
                for job in jobs where try await !job.context.flush(metadata) && running.contains(job.context.run) { job.end(.lost) }
            } catch {
                logger.warning("could not write down what jobs say", metadata: ["error": "\(error)"])
            }
        }
    }

    // MARK: - Others

    /// Takes jobs from workers that are known to be gone: where one process has the store, all but this one.
    private func reclaimFromOthers() async throws {
        for worker in try await metadata.read({ try $0.workers() }) where worker.name != name {
            _ = try await metadata.write(in: .jobs) { try $0.removeWorker(worker.name) }
        }
        try await reclaimOrphans()
    }

    /// Gives up workers that have not been heard of for the lease.
    ///
    /// - Parameter heard: when which sign of life of each was seen first, by this machine's clock.
    func giveUpSilent(_ heard: inout [String: (beat: Int64, at: ContinuousClock.Instant)]) async throws {
        let now = ContinuousClock.now
        let workers = try await metadata.read { try $0.workers() }.filter { $0.name != name }
        let known = heard
        heard = [:]
        for worker in workers {
            guard let last = known[worker.name], last.beat == worker.beat else {
                heard[worker.name] = (worker.beat, now)
                continue
            }
            heard[worker.name] = last
            guard now - last.at > options.lease else { continue }
            if try await metadata.write(in: .jobs, { try $0.removeWorker(worker.name, ifBeatIs: worker.beat) }) {
                logger.warning(
                    "a worker has not been heard of and is given up",
                    metadata: ["worker": "\(worker.name)", "host": "\(worker.host)", "pid": "\(worker.pid)"])
            }
            heard[worker.name] = nil
        }
        try await reclaimOrphans()
    }

    private func reclaimOrphans() async throws {
        for run in try await metadata.read({ try $0.orphanedRuns() }) {
            try await reclaim(run, "worker \(run.worker) was lost in attempt \(run.attempt)")
        }
    }

    private func reclaim(_ run: JobRun, _ reason: String) async throws {
        let note = JobLogLine.text(.nowMicroseconds, .warning, "\(reason); unless it was stopped or lost too often, the job runs again")
        let status = try await metadata.write(in: .jobs) { try $0.reclaimJob(run, most: Self.mostLosses, note: note) }
        guard let status else { return }
        statistics.reclaimed.add()
        queue.signal.raise()
        logger.warning(
            "a job was lost with its worker", metadata: ["job": "\(run.id)", "reason": "\(reason)", "status": "\(status.rawValue)"])
    }
}
