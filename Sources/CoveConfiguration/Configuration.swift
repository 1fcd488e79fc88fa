/// Everything that can be set, with its effective value. Read from a `config.yml` in registry:2's format, from
/// `REGISTRY_*` variables, and from defaults.
package struct Configuration: Sendable, Equatable {
    package var log = Log()
    package var storage = Storage()
    package var durability = Durability.full
    package var auth = Auth.none
    package var http = HTTP()
    package var validation = Validation()
    /// `catalog.maxentries`: the largest page of `_catalog`.
    package var catalogMaxEntries = 1000
    /// `tags.maxtags`: the largest page of a tag list that is asked for with `n`.
    package var maxTags = 100_000
    /// `policy.repository.classes`: the kinds of images that may be pushed; empty for everything.
    package var repositoryClasses: [RepositoryClass] = []
    /// `middleware.storage`, in the order in which they act.
    package var middleware: [Middleware] = []
    package var health = Health()
    package var metadata = Metadata()
    /// Nil without a `redis` section.
    package var redis: Redis?
    package var notifications = Notifications()
    package var webhooks = WebhookSettings()
    package var audit = AuditSettings()
    package var proxy = Proxy()
    package var outbound = Outbound()
    package var jobs = Jobs()

    package init() {}

    package enum Durability: String, Sendable, CaseIterable {
        /// What was acknowledged survives a power cut.
        case full
        /// What was acknowledged survives the end of the process, but the last seconds not a power cut.
        case relaxed
    }

    package enum RepositoryClass: String, Sendable, CaseIterable {
        case image, plugin
    }

    package enum Auth: Sendable, Equatable {
        case none
        case htpasswd(realm: String, path: String)
        case token(TokenSettings)
        case accounts(AccountSettings)
    }

    package struct Log: Sendable, Equatable {
        package enum Level: String, Sendable, CaseIterable {
            case error, warn, info, debug
        }

        package enum Formatter: String, Sendable, CaseIterable {
            case text, json, logstash
        }

        package var level = Level.info
        package var formatter = Formatter.text
        /// Added to every line.
        package var fields: [String: String] = [:]
        package var accessLogDisabled = false
    }

    package struct Storage: Sendable, Equatable {
        package enum Driver: Sendable, Equatable {
            case filesystem(rootDirectory: String, maxThreads: Int)
            case inMemory
            case s3(S3Settings)
        }

        /// Where the whereabouts of blobs are kept beside the metadata store.
        package enum Cache: String, Sendable, CaseIterable {
            case none
            case inMemory = "inmemory"
            case redis
        }

        package struct UploadPurging: Sendable, Equatable {
            package var enabled = true
            package var age = Duration.seconds(168 * 3600)
            package var interval = Duration.seconds(24 * 3600)
            package var dryRun = false
        }

        package var driver = Driver.filesystem(rootDirectory: "data", maxThreads: 100)
        package var deleteEnabled = true
        /// Whether clients read every blob through this server, even where the storage could give them a URL.
        package var redirectDisabled = false
        package var readOnly = false
        package var uploadPurging = UploadPurging()
        package var importing = Import.auto
        package var cache = Cache.inMemory
        /// How many blobs' whereabouts are kept in memory; 0 when ``cache`` is `none`.
        package var cachedDescriptors = 50_000
    }

    package struct HTTP: Sendable, Equatable {
        package var addr = "127.0.0.1:5000"
        package var net = Network.tcp
        package var prefix = ""
        package var host: String?
        package var secret: String?
        package var relativeURLs = false
        package var drainTimeout = Duration.seconds(60)
        /// How long requests are still taken after SIGTERM; nil for the server's own choice.
        package var graceTime: Duration?
        package var tls: TLS?
        package var headers: [Header] = []
        package var http2 = true
        /// HTTP/2 without TLS, for clients that begin with it.
        package var h2c = false
        /// Nil without an address for it.
        package var debug: Debug?
        /// Further addresses beside ``addr``.
        package var listeners: [Listener] = []
        package var limits = Limits()
    }

    package struct Header: Sendable, Equatable {
        package var name: String
        package var values: [String]
    }

    package enum Network: String, Sendable, CaseIterable {
        case tcp, unix
    }

    package struct Listener: Sendable, Equatable {
        package var addr: String
        package var net: Network
        package var tls: TLS?

        package init(addr: String, net: Network, tls: TLS? = nil) {
            self.addr = addr
            self.net = net
            self.tls = tls
        }
    }

    package struct TLS: Sendable, Equatable {
        package enum Minimum: String, Sendable, CaseIterable {
            case tls12 = "tls1.2"
            case tls13 = "tls1.3"
        }

        package enum ClientAuth: String, Sendable, CaseIterable {
            case verifyIfGiven = "verify-client-cert-if-given"
            case require = "require-and-verify-client-cert"
        }

        /// Where the certificate that is shown comes from.
        package enum Identity: Sendable, Equatable {
            /// PEM files.
            case files(certificate: String, key: String)
            case letsEncrypt(LetsEncrypt)
        }

        package var identity: Identity
        /// PEM files of authorities; when not empty, clients show a certificate of one of them.
        package var clientCAs: [String]
        package var clientAuth: ClientAuth
        package var minimumTLS: Minimum
        /// IANA numbers, in order of preference; empty for the library's own choice. TLS 1.2 only.
        package var cipherSuites: [UInt16]
    }

    package struct Limits: Sendable, Equatable {
        package var maxConnections = 8192
        package var headerTimeout = Duration.seconds(30)
        package var idleTimeout = Duration.seconds(75)
        package var bodyTimeout = Duration.seconds(30)
        /// Bytes a second.
        package var minBodyRate = 1024
        package var maxHeaderBytes = 64 * 1024
    }

    package struct Validation: Sendable, Equatable {
        package enum Platforms: String, Sendable, CaseIterable {
            case all, none, list
        }

        package struct Platform: Sendable, Equatable {
            package var os: String
            package var architecture: String
            package var variant: String?
        }

        package var disabled = false
        /// Regular expressions for layer URLs.
        package var allowedURLs: [String] = []
        package var deniedURLs: [String] = []
        package var platforms = Platforms.all
        package var platformList: [Platform] = []
    }
}

/// What is wrong with a configuration: every problem found, not only the first.
package struct ConfigurationError: Error, Sendable, CustomStringConvertible {
    package let problems: [String]

    package var description: String { problems.joined(separator: "\n") }
}
