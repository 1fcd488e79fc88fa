import CoveMetadata
import Synchronization

/// What this node remembers of who there is and what they may do: until rights change anywhere, and a few seconds at most,
/// as a robot's time ends, and projects come and go, without a change of rights being told of.
final class RightsMemory: Sendable {
    private static let lifetime = Duration.seconds(5)
    private static let capacity = 20_000

    let rights = Memo<Principal.Identity, Rights>(lifetime: lifetime, capacity: capacity)
    /// By name.
    let projects = Memo<String, ProjectRecord>(lifetime: lifetime, capacity: capacity)
    /// By what they log in with, in lower case.
    let accounts = Memo<String, AccountCredentials>(lifetime: lifetime, capacity: capacity)
    /// By name, with project.
    let robots = Memo<String, RobotCredentials>(lifetime: lifetime, capacity: capacity)
    /// Who tokens speak for.
    let subjects = Memo<Principal.Identity, SubjectRecord>(lifetime: lifetime, capacity: capacity)
    private let revision = Mutex<Int64>(0)
    private let generation = Atomic<Int>(0)

    /// Of what was forgotten.
    var count: Int { generation.load(ordering: .acquiring) }

    func forget() {
        generation.add(1, ordering: .releasing)
        rights.forget()
        projects.forget()
        accounts.forget()
        robots.forget()
        subjects.forget()
    }

    /// Forgets all if rights have changed since.
    func heed(revision new: Int64) {
        let isNew = revision.withLock { old in
            defer { old = new }
            return old != new
        }
        if isNew { forget() }
    }
}
