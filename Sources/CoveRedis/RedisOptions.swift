/// Where and how to reach Redis: the `redis` section of registry:2 and registry:3.
package struct RedisOptions: Sendable, Equatable {
    package enum Endpoint: Sendable, Equatable {
        /// Redis itself. Of several, the first that answers and is a master; a Redis Cluster is not spoken to.
        case servers([RedisAddress])
        /// Sentinels, which know who is the master of this name.
        case sentinels([RedisAddress], master: String, RedisCredentials)
    }

    package struct TLS: Sendable, Equatable {
        /// Shown to the server: PEM files of the certificate chain and of its key; nil for none.
        package var identity: Identity?
        /// PEM files of the authorities to believe instead of the system's; empty for the system's.
        package var authorities: [String] = []
        /// The name that the server's certificate must have; nil for the host of its address.
        package var serverName: String?

        package init() {}
    }

    package struct Identity: Sendable, Equatable {
        package var certificate: String
        package var key: String

        package init(certificate: String, key: String) {
            self.certificate = certificate
            self.key = key
        }
    }

    package var endpoint: Endpoint
    /// Shown to Redis.
    package var credentials = RedisCredentials()
    /// The number of the database.
    package var database = 0
    /// Nil for a plain connection. It holds for sentinels, too.
    package var tls: TLS?
    /// How long a connection, or the search for a master, may take.
    package var dialTimeout = Duration.seconds(1)
    /// A command is given up when it has not been answered within the sum of these two.
    package var readTimeout = Duration.milliseconds(500)
    package var writeTimeout = Duration.milliseconds(500)
    /// Connections at most.
    package var poolSize = 16
    /// How long a connection may be idle.
    package var idleTime = Duration.seconds(300)

    package init(_ endpoint: Endpoint) {
        self.endpoint = endpoint
    }

    var commandTimeout: Duration { readTimeout + writeTimeout }

    /// Whether whoever answers may turn out not to be the master.
    var mustCheckRole: Bool {
        switch endpoint {
        case .servers(let addresses): addresses.count > 1
        case .sentinels: true
        }
    }
}

/// Who Cove is to Redis. Never in a log: its description does not have the password.
package struct RedisCredentials: Sendable, Equatable, CustomStringConvertible, CustomDebugStringConvertible {
    /// Nil for the default user, and for Redis before 6.
    package var username: String?
    /// Nil to say nothing.
    package var password: String?

    package init(username: String? = nil, password: String? = nil) {
        self.username = username
        self.password = password
    }

    package var description: String { "\(username ?? "default")\(password == nil ? "" : ", with a password")" }
    package var debugDescription: String { description }
}
