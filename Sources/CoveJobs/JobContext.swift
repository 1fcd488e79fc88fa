import CoveMetadata
import Foundation
import Logging
import Synchronization

/// A job at work, as its handler sees it.
package final class JobContext: Sendable {
    /// What was asked for.
    package let job: JobRecord
    package let logger: Logger
    let run: JobRun
    private let journal: Mutex<Journal>
    private let lease: JobLease

    /// - Parameter largestLog: in bytes, what earlier runs said among them.
    init(job: JobRecord, run: JobRun, lease: JobLease, largestLog: Int, logger: Logger) {
        self.job = job
        self.run = run
        self.lease = lease
        self.logger = logger
        journal = Mutex(Journal(room: max(0, largestLog - Int(clamping: job.logBytes))))
    }

    /// From 1; more after a failure or a loss.
    package var attempt: Int64 { job.attempt }

    /// What was asked for, decoded.
    ///
    /// - Throws: ``JobFailure`` when it is not of this kind.
    package func parameters<Parameters: Decodable>(_ type: Parameters.Type) throws(JobFailure) -> Parameters {
        do {
            return try JSONDecoder().decode(type, from: Data(job.parameters.utf8))
        } catch {
            throw JobFailure("the parameters of job \(job.id) are not those of \(job.kind): \(error)")
        }
    }

    /// Whether to stop: the task was cancelled, or the worker may have been given up, so that the job may run elsewhere.
    package var isCancelled: Bool { Task.isCancelled || lease.isOver }

    /// Whether the worker may have been given up by others.
    var isLost: Bool { lease.isOver }

    /// - Throws: `CancellationError` when ``isCancelled``.
    package func checkCancellation() throws {
        if isCancelled { throw CancellationError() }
    }

    // MARK: - What it says

    /// Adds to the job's log. Lines are written about once a second.
    package func log(_ text: String, level: Logger.Level = .info) {
        let time = Int64.nowMicroseconds
        journal.withLock { journal in
            for line in text.split(separator: "\n", omittingEmptySubsequences: true) {
                journal.add(JobLogLine.text(time, level, String(line)))
            }
        }
    }

    /// Adds a line about the run itself, also to a log that is full: how it ended is what people look for.
    func note(_ text: String, level: Logger.Level = .info) {
        let line = JobLogLine.text(.nowMicroseconds, level, text)
        journal.withLock { $0.lines.append(line) }
    }

    /// Says how far it has come.
    ///
    /// - Parameter total: 0 while it is not known.
    package func progress(_ done: Int64, of total: Int64, _ text: String = "") {
        journal.withLock { $0.progress = Progress(text: text, done: done, total: total) }
    }

    /// Says what came of it, as JSON. The last one is kept, when the job ends.
    package func setResult(_ json: String) {
        journal.withLock { $0.result = json }
    }

    struct Progress: Sendable, Equatable {
        let text: String
        let done: Int64
        let total: Int64
    }

    private struct Journal {
        /// Bytes that the log may still grow by.
        var room: Int
        var isFull = false
        var lines: [String] = []
        var progress: Progress?
        var result: String?

        mutating func add(_ line: String) {
            guard !isFull else { return }
            guard line.utf8.count < room else {
                isFull = true
                lines.append("… the log of this job is full; what follows is left out")
                return
            }
            room -= line.utf8.count + 1
            lines.append(line)
        }
    }

    var result: String? { journal.withLock { $0.result } }

    /// Writes down what was said since the last time.
    ///
    /// - Parameter end: done after that, in the same transaction, so that a log never tells of an end that did not take place.
    /// - Returns: false when the job is no longer this run's.
    func flush(
        _ metadata: MetadataStore, and end: (@Sendable (MetadataTransaction) throws -> Bool)? = nil
    ) async throws -> Bool {
        let (lines, progress) = journal.withLock { journal in
            defer { (journal.lines, journal.progress) = ([], nil) }
            return (journal.lines, journal.progress)
        }
        guard !lines.isEmpty || progress != nil || end != nil else { return true }
        do {
            return try await metadata.write(in: .jobs) { [run] store in
                if !lines.isEmpty, try !store.appendJobLog(lines, of: run) { return false }
                if let progress, try !store.checkIn(run, progress.text, done: progress.done, total: progress.total) { return false }
                return try end?(store) ?? true
            }
        } catch {
            // Kept for the next time.
            journal.withLock { journal in
                journal.lines = lines + journal.lines
                journal.progress = journal.progress ?? progress
            }
            throw error
        }
    }
}

/// A line of a job's log: `2026-05-01T10:00:00.123Z [INFO]: text`.
enum JobLogLine {
    /// In bytes, beyond which a line is cut.
    private static let longest = 4096

    static func text(_ time: Int64, _ level: Logger.Level, _ text: String) -> String {
        let date = Date(timeIntervalSince1970: Double(time) / 1_000_000)
        let clean = String(
            String.UnicodeScalarView(text.unicodeScalars.map { $0.value < 0x20 && $0 != "\t" || $0.value == 0x7F ? " " : $0 }))
        let cut = clean.utf8.count > longest ? String(decoding: clean.utf8.prefix(longest), as: UTF8.self) + "…" : clean
        return "\(date.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))) [\(level.rawValue.uppercased())]: \(cut)"
    }
}
