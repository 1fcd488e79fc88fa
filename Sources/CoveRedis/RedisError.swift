/// Why Redis did not do what was asked. No text of these has a password, nor what a server echoed.
package enum RedisError: Error, Equatable, Sendable, CustomStringConvertible {
    /// A file of ``RedisOptions/TLS`` cannot be used.
    case badTLS(String)
    /// It failed a moment ago and is left alone for now.
    case outOfService
    case unreachable(RedisAddress, reason: String)
    /// Not answered in time.
    case timedOut(RedisAddress)
    /// The server ended the connection.
    case disconnected(RedisAddress)
    /// What came is no reply, or not one to what was asked.
    case badReply(RedisAddress)
    /// Redis answered with an error of this code.
    case refused(command: String, code: String)
    /// There is no server to ask.
    case noMaster(String)

    package var description: String {
        switch self {
        case .badTLS(let why): why
        case .outOfService: "Redis failed a moment ago"
        case .unreachable(let address, let reason): "\(address) cannot be reached: \(reason)"
        case .timedOut(let address): "\(address) did not answer in time"
        case .disconnected(let address): "\(address) closed the connection"
        case .badReply(let address): "\(address) does not answer as Redis does"
        case .refused(let command, let code): "Redis refused \(command) with \(code)"
        case .noMaster(let why): why
        }
    }

    /// Whether it says something of the server, and not just of the command that it was asked.
    var concernsServer: Bool {
        switch self {
        case .refused(_, let code): ["LOADING", "BUSY", "MASTERDOWN", "NOAUTH", "CLUSTERDOWN", "MOVED"].contains(code)
        default: true
        }
    }
}
