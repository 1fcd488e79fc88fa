import CoveMetadata
import CoveOCI

/// Removes from a repository what no rule keeps. Each step is a small transaction that looks again at what it removes, beside
/// pushes and pulls; ended anywhere, the next run goes on.
package struct RetentionRun: Sendable {
    package struct Outcome: Sendable, Codable, Equatable {
        /// Artifacts that there were.
        package var total = 0
        package var retained = 0
        /// In a dry run, what would go.
        package var deleted = 0

        package init() {}
    }

    /// Artifacts that a transaction removes.
    private static let batch = 20
    private static let page = 1000
    private static let actor = "retention"

    private let registry: Registry
    private let rules: [TagRule]
    private let dryRun: Bool

    package init(registry: Registry, rules: [TagRule], dryRun: Bool) {
        self.registry = registry
        self.rules = rules
        self.dryRun = dryRun
    }

    /// - Parameters:
    ///   - say: told a line for each artifact, what becomes of it and its tags.
    ///   - gone: told of what is deleted, as it is named after its repository: `:1.0`, `@sha256:…`.
    ///   - progress: told how many of what goes are gone.
    package func run(
        in repository: RepositoryName, say: (String) -> Void, gone: (String) -> Void = { _ in },
        progress: (_ done: Int, _ total: Int) -> Void = { _, _ in }
    ) async throws -> Outcome {
        var outcome = Outcome()
        let evaluator = try RetentionEvaluator(rules, for: repository)
        guard !evaluator.isIdle else {
            say("no rule is about \(repository): all of it stays")
            return outcome
        }
        if !dryRun {
            try registry.refuseIfReadOnly()
            try registry.refuseIfMirrored(repository)
        }
        // A pull that is counted but not written yet is one all the same.
        await registry.pulls.flush()
        let candidates = try await candidates(in: repository)
        outcome.total = candidates.count
        let stays = evaluator.decide(candidates, now: .nowMicroseconds)
        var going: [RetentionCandidate] = []
        for (candidate, stays) in zip(candidates, stays) {
            if stays {
                say(Self.line(candidate, "RETAIN"))
            } else {
                going.append(candidate)
            }
        }
        var done = 0
        for start in stride(from: 0, to: going.count, by: Self.batch) {
            try Task.checkCancellation()
            let part = Array(going[start..<min(start + Self.batch, going.count)])
            for (candidate, fate) in zip(part, try await remove(part, from: repository)) {
                say(Self.line(candidate, fate.word))
                guard fate == .deleted else { continue }
                outcome.deleted += 1
                if candidate.tags.isEmpty { gone("@\(candidate.digest)") }
                for tag in candidate.tags { gone(":\(tag)") }
            }
            done += part.count
            progress(done, going.count)
        }
        outcome.retained = outcome.total - outcome.deleted
        return outcome
    }

    private static func line(_ candidate: RetentionCandidate, _ word: String) -> String {
        "\(word) \(candidate.digest) \(candidate.tags.isEmpty ? "(untagged)" : candidate.tags.joined(separator: ","))"
    }

    private enum Fate {
        case deleted, immutable, changed

        var word: String {
            switch self {
            case .deleted: "DEL"
            case .immutable: "IMMUTABLE"
            case .changed: "CHANGED"
            }
        }
    }

    private func candidates(in repository: RepositoryName) async throws -> [RetentionCandidate] {
        guard let id = try await registry.metadata.read({ try $0.repositoryID(repository) }) else { return [] }
        var all: [RetentionCandidate] = []
        var next: Int64? = 0
        while let from = next {
            try Task.checkCancellation()
            let (page, end) = try await registry.metadata.read { try $0.retentionCandidates(in: id, after: from, limit: Self.page) }
            all += page
            next = end
        }
        return all
    }

    private func remove(_ part: [RetentionCandidate], from repository: RepositoryName) async throws -> [Fate] {
        let (fates, gone): ([Fate], [DeletedManifest])
        if dryRun {
            (fates, gone) = try await registry.metadata.read { store in
                guard let id = try store.repositoryID(repository) else { return (part.map { _ in .changed }, []) }
                return (try part.map { try Self.fate(of: $0, in: id, store) }, [])
            }
        } else {
            (fates, gone) = try await registry.change(in: repository) { store in
                guard let id = try store.lockedRepositoryID(repository) else { return (part.map { _ in .changed }, []) }
                var gone: [DeletedManifest] = []
                let fates = try part.map { candidate in
                    let fate = try Self.fate(of: candidate, in: id, store)
                    if fate == .deleted { gone += try store.deleteArtifact(candidate.digest, in: id, actor: Self.actor) }
                    return fate
                }
                for manifest in gone { try Self.tell(of: manifest, in: repository, store) }
                return (fates, gone)
            }
        }
        registry.invalidate(
            gone.flatMap { manifest in [.digest(manifest.digest)] + manifest.tags.map(Reference.tag) }, in: repository)
        return fates
    }

    private static func fate(of candidate: RetentionCandidate, in repositoryID: Int64, _ store: MetadataTransaction) throws -> Fate {
        guard try store.retentionCandidate(candidate.digest, in: repositoryID) == candidate else { return .changed }
        return try store.immutableTags(among: candidate.tags, in: repositoryID).isEmpty ? .deleted : .immutable
    }

    private static func tell(of manifest: DeletedManifest, in repository: RepositoryName, _ store: MetadataTransaction) throws {
        var event = Event(
            .delete, repository: repository, digest: manifest.digest, mediaType: manifest.mediaType, size: manifest.size,
            origin: Event.Origin(actor: actor))
        try store.append(event)
        for tag in manifest.tags.sorted(by: { $0.description < $1.description }) {
            event.tag = tag
            try store.append(event)
        }
    }
}
