import Synchronization

/// Keeps a task from changing anything, and remembers that it wanted to. What it may do at all is found out before that.
package final class WriteBan: Sendable {
    /// That of the request that this task works on.
    @TaskLocal package static var current: WriteBan?

    /// Thrown by ``MetadataStore/write(in:_:)`` where there is a ban.
    package struct Refusal: Error, Sendable {}

    private let state = Mutex(false)

    package init() {}

    /// Whether something was refused.
    package var wasMet: Bool { state.withLock { $0 } }

    func refuse() throws {
        state.withLock { $0 = true }
        throw Refusal()
    }
}
