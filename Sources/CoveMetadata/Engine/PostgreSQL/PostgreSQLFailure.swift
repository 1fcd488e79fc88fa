/// What a statement or a connection failed with, and whether running the transaction again may help.
struct PostgreSQLFailure: Error {
    enum Kind: Equatable {
        /// The server refused the statement for a reason that stays.
        case refused
        /// Another transaction came in between: a deadlock, a serialization failure, a key that just appeared or went.
        case conflict
        /// The connection is gone. Nothing was committed unless a commit was under way.
        case connectionLost
        /// The server cannot be reached or takes no connections.
        case unreachable
        case full
        /// A statement took too long or waited too long for a lock.
        case timedOut
    }

    let kind: Kind
    /// The server's words, with the SQLSTATE where there is one. Never a password.
    let message: String

    init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }

    /// - Parameter state: the SQLSTATE (PostgreSQL, appendix A), nil when the server sent none.
    init(state: String?, message: String) {
        let text = state.map { "\(message) (SQLSTATE \($0))" } ?? message
        self.init(Self.kind(of: state), text)
    }

    private static func kind(of state: String?) -> Kind {
        guard let state else { return .connectionLost }
        switch state {
        case "40001", "40P01", "23503", "23505": return .conflict
        // "cached plan must not change result type": a newer version changed the schema. A new connection plans anew.
        case "0A000": return .connectionLost
        case "53100": return .full
        case "57014", "55P03": return .timedOut
        // A standby after a failover: another connection may find the primary.
        case "25006": return .connectionLost
        case _ where state.hasPrefix("08") || state.hasPrefix("57P"): return .connectionLost
        case _ where state.hasPrefix("53"): return .unreachable
        default: return .refused
        }
    }

    var asMetadataError: MetadataError {
        switch kind {
        case .full: .full
        default: .unavailable(message)
        }
    }
}
