import Synchronization

/// What a request will be remembered for. The first transaction that is written while it is worked on writes it with what it
/// changes: both are there after a crash, or neither.
package final class AuditTrail: Sendable {
    /// The trail of the request that this task works on; nil for what leaves none, or is remembered for its events.
    @TaskLocal package static var current: AuditTrail?

    private struct State {
        var entry: AuditEntry
        var isNamed = false
        var isClaimed = false
        var isRecorded = false
    }

    private let state: Mutex<State>

    package init(_ entry: AuditEntry) {
        state = Mutex(State(entry: entry))
    }

    package var entry: AuditEntry { state.withLock { $0.entry } }

    /// Whether a transaction with it was committed.
    package var isRecorded: Bool { state.withLock { $0.isRecorded } }

    /// Says what the request is about, where that is not in its path. Say it before the transaction ends.
    package func name(_ resource: String, inProject project: String?) {
        state.withLock { state in
            state.entry.resource = resource
            state.isNamed = true
            guard let project else { return }
            state.entry.project = project
            state.entry.projectID = nil
        }
    }

    /// As ``name(_:inProject:)``, unless that was said: what a body calls the thing.
    package func suggest(_ resource: String) {
        state.withLock { state in
            guard !state.isNamed else { return }
            state.entry.resource = resource
        }
    }

    /// Says what an id in the path stands for, as it may not be there any more when it is done.
    func suggest(_ resource: String?, projectID: Int64?, project: String?) {
        state.withLock { state in
            if !state.isNamed, let resource { state.entry.resource = resource }
            if state.entry.projectID == nil { state.entry.projectID = projectID }
            if state.entry.project == nil { state.entry.project = project }
        }
    }

    /// - Returns: false when another transaction writes it.
    func claim() -> Bool {
        state.withLock { state in
            guard !state.isClaimed, !state.isRecorded else { return false }
            state.isClaimed = true
            return true
        }
    }

    func settle(recorded: Bool) {
        state.withLock { state in
            state.isClaimed = false
            state.isRecorded = state.isRecorded || recorded
        }
    }
}
