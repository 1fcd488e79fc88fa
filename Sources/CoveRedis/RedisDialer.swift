import NIOCore
import NIOSSL
import Synchronization

/// Makes connections to whoever is the master now.
final class RedisDialer: Sendable {
    private let options: RedisOptions
    private let tls: NIOSSLContext?
    private let group: any EventLoopGroup
    /// Where to begin among several addresses: at the one that answered last, or behind the one that did not.
    private let preferred = Mutex(0)

    /// - Throws: ``RedisError/badTLS(_:)`` naming the file.
    init(_ options: RedisOptions, on group: any EventLoopGroup) throws(RedisError) {
        self.options = options
        self.group = group
        tls = try options.tls?.context
    }

    /// A connection to a server that takes writes, with the user and the database of the options.
    func connect() async throws(RedisError) -> RedisConnection {
        switch options.endpoint {
        case .servers(let addresses):
            return try await first(of: addresses) { address throws(RedisError) in try await login(at: address) }
        case .sentinels(let sentinels, let master, let credentials):
            let address = try await first(of: sentinels) { sentinel throws(RedisError) in
                try await addressOfMaster(master, from: sentinel, credentials)
            }
            return try await login(at: address)
        }
    }

    private func login(at address: RedisAddress) async throws(RedisError) -> RedisConnection {
        let connection = try await RedisConnection.open(address, options, tls: tls, on: group)
        do throws(RedisError) {
            try await connection.authenticate(options.credentials)
            if options.database != 0 { _ = try await connection.send(RedisCommand("SELECT", "\(options.database)")) }
            if options.mustCheckRole { try await connection.checkRole() }
        } catch {
            connection.close()
            throw error
        }
        return connection
    }

    private func addressOfMaster(
        _ name: String, from sentinel: RedisAddress, _ credentials: RedisCredentials
    ) async throws(RedisError) -> RedisAddress {
        let connection = try await RedisConnection.open(sentinel, options, tls: tls, on: group)
        defer { connection.close() }
        try await connection.authenticate(credentials)
        switch try await connection.send(RedisCommand("SENTINEL", "get-master-addr-by-name", name)) {
        case .array(let words):
            guard words.count == 2, let host = words[0].text, let port = words[1].text.flatMap({ UInt16($0) }) else {
                throw .badReply(sentinel)
            }
            return RedisAddress(host: host, port: Int(port))
        case .null: throw .noMaster("the sentinel \(sentinel) knows no master '\(name)'")
        default: throw .badReply(sentinel)
        }
    }

    /// What the first of these that does not fail gives. Begins no attempt when the time to connect is over: the next
    /// call begins where this one ended, so that one dead server does not hide the others for good.
    private func first<T>(
        of addresses: [RedisAddress], _ attempt: (RedisAddress) async throws(RedisError) -> T
    ) async throws(RedisError) -> T {
        let began = ContinuousClock.now
        let start = preferred.withLock { $0 }
        var failure = RedisError.noMaster("no address of Redis is configured")
        for offset in addresses.indices {
            let index = (start + offset) % addresses.count
            do throws(RedisError) {
                let result = try await attempt(addresses[index])
                preferred.withLock { $0 = index }
                return result
            } catch {
                failure = error
                preferred.withLock { $0 = (index + 1) % addresses.count }
            }
            if ContinuousClock.now - began >= options.dialTimeout { break }
        }
        throw failure
    }
}

extension RedisConnection {
    fileprivate func authenticate(_ credentials: RedisCredentials) async throws(RedisError) {
        guard let password = credentials.password else { return }
        let user = credentials.username.map { [$0] } ?? []
        _ = try await send(RedisCommand(["AUTH"] + user + [password]))
    }

    /// Refuses a replica, which a sentinel names for a moment while it makes another server the master.
    fileprivate func checkRole() async throws(RedisError) {
        do throws(RedisError) {
            guard case .array(let words) = try await send(RedisCommand("ROLE")), let role = words.first?.text else {
                throw .badReply(address)
            }
            guard role == "master" else { throw .noMaster("\(address) is not the master but a \(role)") }
        } catch .refused(_, let code) where ["NOPERM", "ERR"].contains(code) {
            // This user may not ask, or a proxy does not know the command: the first write will tell.
        }
    }
}
