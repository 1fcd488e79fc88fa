import Synchronization

/// What an import did, thing by thing.
package final class MigrationReport: Sendable {
    package enum Outcome: String, Sendable {
        case created
        /// Not done, as nothing is to be done: `--dry-run`.
        case planned
        /// It was there already, and is left as it is.
        case present
        /// It is not moved, for the reason that is given.
        case passedOver = "passed over"
        case failed
    }

    package struct Entry: Sendable, Equatable {
        package let kind: String
        package let name: String
        package let outcome: Outcome
        package let detail: String
    }

    /// A secret that nobody can be shown again.
    package struct Secret: Sendable, Equatable {
        package let kind: String
        package let name: String
        package let secret: String
    }

    package struct Counts: Sendable, Equatable {
        package var manifests = 0
        package var tags = 0
        package var blobs = 0
        package var bytes: Int64 = 0
        package var knownManifests = 0
        package var knownTags = 0
    }

    private let state = Mutex((entries: [Entry](), secrets: [Secret](), counts: Counts()))
    private let onEntry: @Sendable (Entry) -> Void
    private let onSecret: @Sendable (Secret) -> Void

    package init(
        onEntry: @escaping @Sendable (Entry) -> Void = { _ in }, onSecret: @escaping @Sendable (Secret) -> Void = { _ in }
    ) {
        self.onEntry = onEntry
        self.onSecret = onSecret
    }

    package var entries: [Entry] { state.withLock { $0.entries } }
    package var secrets: [Secret] { state.withLock { $0.secrets } }
    package var counts: Counts { state.withLock { $0.counts } }
    package var hasFailures: Bool { entries.contains { $0.outcome == .failed } }

    func note(_ kind: String, _ name: String, _ outcome: Outcome, _ detail: String = "") {
        let entry = Entry(kind: kind, name: name, outcome: outcome, detail: detail)
        state.withLock { $0.entries.append(entry) }
        onEntry(entry)
    }

    func note(secretOf name: String, kind: String, _ secret: String) {
        let entry = Secret(kind: kind, name: name, secret: secret)
        state.withLock { $0.secrets.append(entry) }
        onSecret(entry)
    }

    func count(_ change: (inout Counts) -> Void) { state.withLock { change(&$0.counts) } }

    /// How often each outcome came, by kind.
    package var summary: [String: [Outcome: Int]] {
        entries.reduce(into: [:]) { $0[$1.kind, default: [:]][$1.outcome, default: 0] += 1 }
    }

    package var json: JSONValue {
        let counts = counts
        return [
            "entries": .array(
                entries.map {
                    [
                        "kind": .string($0.kind), "name": .string($0.name), "outcome": .string($0.outcome.rawValue),
                        "detail": .string($0.detail),
                    ]
                }),
            "secrets": .array(
                secrets.map { ["kind": .string($0.kind), "name": .string($0.name), "secret": .string($0.secret)] }),
            "images": [
                "manifests": .integer(Int64(counts.manifests)), "tags": .integer(Int64(counts.tags)),
                "blobs": .integer(Int64(counts.blobs)), "bytes": .integer(counts.bytes),
                "knownManifests": .integer(Int64(counts.knownManifests)), "knownTags": .integer(Int64(counts.knownTags)),
            ],
            "failed": .boolean(hasFailures),
        ]
    }
}
