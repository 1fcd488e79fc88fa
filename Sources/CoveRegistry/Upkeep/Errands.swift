import CoveMetadata
import Foundation
import Logging
import ServiceLifecycle

/// What one process has another do that has the store open. Only that one can drop from its caches what it removes, so a
/// command asks it by a row in the store (``Errand``), and prints the lines that it answers with.
package enum Errands {
    static let garbageCollection = "garbage-collect"

    /// Without a sign of life for as long as this, whoever was at work is gone.
    package static let patience = Duration.seconds(60)

    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    /// Has whoever serves the store collect its garbage.
    ///
    /// - Parameters:
    ///   - wait: how long to wait for somebody to take it.
    ///   - say: told the lines of the answer.
    /// - Returns: nil when nobody took it.
    /// - Throws: ``Failure`` when it could not be done.
    package static func collectGarbage(
        _ options: GarbageCollection.Options, in metadata: MetadataStore, waiting wait: Duration, _ say: ([String]) async throws -> Void
    ) async throws -> GarbageCollection.Outcome? {
        let id = String(UInt64.random(in: 0...(.max)), radix: 16)
        let arguments = String(decoding: try JSONEncoder().encode(options), as: UTF8.self)
        try await metadata.write(in: .upkeep) { try $0.postErrand(id, kind: garbageCollection, arguments: arguments) }
        guard try await isTaken(id, in: metadata, within: wait) else { return nil }
        let outcome = try await follow(id, in: metadata, say)
        return try JSONDecoder().decode(GarbageCollection.Outcome.self, from: Data(outcome.utf8))
    }

    private static func isTaken(_ id: String, in metadata: MetadataStore, within wait: Duration) async throws -> Bool {
        let end = ContinuousClock.now + wait
        while ContinuousClock.now < end {
            guard try await metadata.read({ try $0.errand(id) })?.state == .waiting else { return true }
            try await Task.sleep(for: .milliseconds(100))
        }
        return try await !metadata.write(in: .upkeep) { try $0.withdrawErrand(id) }
    }

    private static func follow(_ id: String, in metadata: MetadataStore, _ say: ([String]) async throws -> Void) async throws -> String {
        var (last, updated, since) = (-1, Int64(0), ContinuousClock.now)
        while true {
            let known = last
            let (errand, lines) = try await metadata.read { (try $0.errand(id), try $0.lines(of: id, after: known, limit: 1000)) }
            try await say(lines.map(\.text))
            last = lines.last?.number ?? last
            guard let errand else { throw Failure(description: "the server has forgotten what it was asked for; run this again") }
            if errand.updatedAt != updated { (updated, since) = (errand.updatedAt, .now) }
            if lines.isEmpty, errand.state == .done || errand.state == .failed {
                try await metadata.write(in: .upkeep) { try $0.removeErrand(id) }
                guard errand.state == .done, let outcome = errand.outcome else {
                    throw Failure(description: "the server could not do it: \(errand.outcome ?? "")")
                }
                return outcome
            }
            guard ContinuousClock.now - since < patience else {
                throw Failure(description: "the server has not been heard of for \(patience); when it runs again, run this again")
            }
            if lines.isEmpty { try await Task.sleep(for: .milliseconds(200)) }
        }
    }
}

/// Does what commands ask of the server, one thing at a time.
package struct ErrandRunner: Service {
    private static let interval = Duration.seconds(1)
    private static let signOfLife = Duration.seconds(1)
    /// How long the answer is kept for a command that went away.
    private static let age = Duration.seconds(24 * 3600)

    private let registry: Registry
    private var metadata: MetadataStore { registry.metadata }

    package init(registry: Registry) {
        self.registry = registry
    }

    package func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                do {
                    while try await runNext() {}
                } catch is CancellationError {
                    return
                } catch {
                    registry.logger.error("could not look for what commands ask for", metadata: ["error": "\(error)"])
                }
                do { try await Task.sleep(for: Self.interval) } catch { return }
            }
        }
    }

    /// Does the errand that has waited longest.
    ///
    /// - Returns: false when there is none.
    func runNext() async throws -> Bool {
        guard let errand = try await metadata.read({ try $0.waitingErrand() }) else { return false }
        guard try await metadata.write(in: .upkeep, { try $0.takeErrand(errand.id) }) else { return true }
        registry.logger.info("doing what a command asks for", metadata: ["command": "\(errand.kind)", "errand": "\(errand.id)"])
        let (state, outcome): (Errand.State, String)
        do {
            (state, outcome) = (.done, try await perform(errand))
        } catch is CancellationError {
            (state, outcome) = (.failed, "it was stopped; run the command again")
        } catch {
            (state, outcome) = (.failed, "\(error)")
        }
        try await metadata.write(in: .upkeep) { store in
            try store.finishErrand(errand.id, as: state, outcome: outcome)
            try store.removeErrands(idleSince: .nowMicroseconds - Self.age.microseconds)
        }
        registry.logger.info("done with what a command asked for", metadata: ["errand": "\(errand.id)", "outcome": "\(outcome)"])
        return true
    }

    private func perform(_ errand: Errand) async throws -> String {
        guard errand.kind == Errands.garbageCollection else {
            throw Errands.Failure(
                description: "'\(errand.kind.prefix(40))' is nothing that this version can do; use the same version of cove")
        }
        let options = try JSONDecoder().decode(GarbageCollection.Options.self, from: Data(errand.arguments.utf8))
        let outcome = try await withSignsOfLife(errand.id) { say in
            try await GarbageCollection(registry: registry, options: options).run(say)
        }
        guard let outcome else { throw Errands.Failure(description: "garbage is being collected already; run the command again later") }
        return String(decoding: try JSONEncoder().encode(outcome), as: UTF8.self)
    }

    /// Runs `body`, whose lines are written down, and says all the while that somebody is at work.
    private func withSignsOfLife<T: Sendable>(
        _ id: String, _ body: @escaping @Sendable (@escaping @Sendable ([String]) async throws -> Void) async throws -> T
    ) async throws -> T {
        try await withThrowingTaskGroup(of: T?.self) { [metadata] group in
            let book = LineBook(id: id, metadata: metadata)
            group.addTask {
                let result = try await body { try await book.add($0) }
                try await book.write()
                return result
            }
            group.addTask {
                while true {
                    try await Task.sleep(for: Self.signOfLife)
                    try await book.write()
                }
            }
            while let result = try await group.next() {
                guard let result else { continue }
                group.cancelAll()
                return result
            }
            throw CancellationError()
        }
    }
}

/// The lines of an answer, numbered, and written a few hundred at a time.
private actor LineBook {
    private let id: String
    private let metadata: MetadataStore
    private var count = 0
    private var waiting: [String] = []

    init(id: String, metadata: MetadataStore) {
        self.id = id
        self.metadata = metadata
    }

    func add(_ lines: [String]) async throws {
        waiting += lines
        if waiting.count >= 500 { try await write() }
    }

    func write() async throws {
        let (lines, first) = (waiting, count)
        waiting = []
        count += lines.count
        try await metadata.write(in: .upkeep) { [id] in try $0.report(lines, from: first, of: id) }
    }
}
