import CoveIdentity
import CoveOCI

/// Who decides what a request may do: one kind for each way of logging in.
protocol AccessController: Sendable {
    /// Asks for leave, with nothing of the request but its head.
    ///
    /// - Returns: who asks, with at least the rights that are needed.
    /// - Throws: ``OCIFailure`` with the challenge that tells the client how to get them.
    func authorize(_ exchange: Exchange, for required: RequiredAccess) async throws(OCIFailure) -> Grant
}

/// Who asks, and what that may do.
struct Grant: Sendable {
    /// Nil for nobody in particular.
    var user: String?
    /// Nil where whoever is let in may do everything.
    var rights: AccessSet?

    /// Whether a blob may be taken from there without its bytes being sent.
    ///
    /// - Parameter source: nil for wherever it is: only for who may read everything, as the bytes become readable.
    func allowsMount(from source: RepositoryName?) -> Bool {
        guard let rights else { return true }
        guard let source else { return false }
        return rights.allows(Access(.repository(source), [.pull]))
    }

    /// The classes of images that may be pushed there; nil for all.
    func classes(in repository: RepositoryName) -> Set<String>? {
        rights?.classes(of: .repository(repository))
    }
}
