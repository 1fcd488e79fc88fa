import CoveBlobs
import CoveConfiguration
import CoveIdentity
import CoveOCI
import CoveRedis
import CoveRegistry
import Foundation
import HTTPTypes
import Logging
import NIOCore
import NIOSSL

/// What the configuration's values mean to the rooms below.
extension Configuration {
    /// Threads for blocking file calls.
    var threads: Int {
        if case .filesystem(_, let most) = storage.driver { return max(4, min(most, 64)) }
        return 4
    }

    var registryOptions: Registry.Options {
        get throws(ServeError) {
            var options = Registry.Options()
            options.deleteEnabled = storage.deleteEnabled
            options.readOnly = storage.readOnly
            options.manifests = try validation.policy
            options.manifests.classes = Set(repositoryClasses.compactMap { ManifestClass(rawValue: $0.rawValue) })
            options.cachedBlobs = storage.cachedDescriptors
            options.redirects = !storage.redirectDisabled
            options.uploadRenewal = min(.seconds(60), storage.uploadPurging.age / 3)
            options.tellsPulls = notifications.options.endpoints.contains(where: \.wantsPulls)
            return options
        }
    }

    /// The Redis that keeps the whereabouts of blobs; nil when that is not its task.
    var redisOptions: RedisOptions? {
        get throws(ServeError) {
            guard storage.cache == .redis, let redis else { return nil }
            var addresses: [RedisAddress] = []
            for text in redis.addresses {
                guard let address = RedisAddress(parsing: text) else {
                    throw ServeError("redis.addr: '\(text)' is not of the form host:port")
                }
                addresses.append(address)
            }
            let sentinels = RedisCredentials(username: redis.sentinelUsername, password: redis.sentinelPassword)
            var options = RedisOptions(
                redis.masterName.map { .sentinels(addresses, master: $0, sentinels) } ?? .servers(addresses))
            options.credentials = RedisCredentials(username: redis.username, password: redis.password)
            options.database = redis.database
            options.dialTimeout = redis.dialTimeout
            options.readTimeout = redis.readTimeout
            options.writeTimeout = redis.writeTimeout
            options.poolSize = redis.maxConnections
            options.idleTime = redis.idleTimeout
            options.tls = redis.tls.map { settings in
                var tls = RedisOptions.TLS()
                if let certificate = settings.certificate, let key = settings.key {
                    tls.identity = RedisOptions.Identity(certificate: certificate, key: key)
                }
                tls.authorities = settings.rootCAs
                return tls
            }
            return options
        }
    }

    /// How long the node takes requests after it was told to stop: by itself long enough for a load balancer to turn away
    /// when there may be other nodes, and not at all when this is the only one.
    var grace: Duration {
        if let grace = http.graceTime { return grace }
        if case .postgresql = metadata.store { return .seconds(3) }
        return .zero
    }

    var upkeepOptions: Upkeep.Options {
        var options = Upkeep.Options()
        options.purgesUploads = storage.uploadPurging.enabled && !storage.readOnly
        options.uploadAge = storage.uploadPurging.age
        options.interval = storage.uploadPurging.interval
        options.dryRun = storage.uploadPurging.dryRun
        options.reclaimsLeftovers = !metadata.isAssumed
        return options
    }

    var readinessOptions: Readiness.Options {
        Readiness.Options(
            isEnabled: health.storageDriverEnabled, interval: health.storageDriver.interval,
            threshold: health.storageDriver.threshold, name: "storagedriver_\(storage.driver.name)")
    }

    var ociOptions: OCIResponder.Options {
        OCIResponder.Options(
            location: LocationPolicy(relative: http.relativeURLs, host: http.trimmedHost, prefix: http.trimmedPrefix),
            catalogPage: catalogMaxEntries, tagPage: maxTags)
    }
}

extension AccountSettings {
    var options: Accounts.Options {
        var options = Accounts.Options()
        options.robotPrefix = robotPrefix
        options.lockout.failures = lockout.failures
        options.lockout.delay = lockout.delay
        options.lockout.longestDelay = lockout.longestDelay
        return options
    }

    /// What Harbor's setting of the time is as long as nobody has set it.
    var usualTokenMinutes: Int64 { max(1, tokenExpiration.components.seconds / 60) }

    var tokens: TokenIssuer.Options {
        TokenIssuer.Options(issuer: issuer, service: service, lifetime: tokenExpiration, refreshLifetime: refreshTokenExpiration)
    }
}

extension TokenSettings {
    var options: TokenVerifier.Options {
        var options = TokenVerifier.Options(issuer: issuer, service: service)
        options.certificates = rootCertBundle
        options.keySet = jwks
        options.algorithms = Set(signingAlgorithms.compactMap { TokenAlgorithm(rawValue: $0.rawValue) })
        return options
    }

    var challenge: BearerChallenge {
        BearerChallenge(realm: realm, service: service, redirectPath: autoRedirect ? autoRedirectPath : nil)
    }
}

extension Configuration.Storage.Driver {
    /// As the configuration spells it.
    var name: String {
        switch self {
        case .filesystem: "filesystem"
        case .inMemory: "inmemory"
        case .s3: "s3"
        }
    }
}

extension Configuration.Log.Formatter {
    var format: LogFormat {
        switch self {
        case .text: .text
        case .json: .json
        case .logstash: .logstash
        }
    }
}

extension S3Settings {
    var options: S3Options {
        var options = S3Options(bucket: bucket, region: region)
        options.endpoint = endpoint
        options.forcePathStyle = forcePathStyle
        options.accessKey = accessKey
        options.secretKey = secretKey
        options.sessionToken = sessionToken
        options.secure = secure
        options.skipVerify = skipVerify
        options.dualStack = dualStack
        options.accelerate = accelerate
        options.rootDirectory = rootDirectory.split(separator: "/").joined(separator: "/")
        options.chunkSize = chunkSize
        if encrypt { options.encryption = keyID.map { .kms(keyID: $0) } ?? .s3 }
        options.storageClass = storageClass == .unnamed ? nil : storageClass.rawValue
        options.objectACL = objectACL?.rawValue
        options.userAgent = userAgent
        return options
    }

    private var endpoint: String? {
        if let regionEndpoint { return regionEndpoint.hasSuffix("/") ? String(regionEndpoint.dropLast()) : regionEndpoint }
        guard fips else { return nil }
        // AWS General Reference, "Amazon S3 endpoints".
        return "\(secure ? "https" : "http")://s3-fips.\(dualStack ? "dualstack." : "")\(region).amazonaws.com"
    }
}

extension Configuration.HTTP {
    /// `http.prefix` without its trailing slash: `/registry/` is `/registry`, `/` is nothing.
    var trimmedPrefix: String {
        var prefix = self.prefix[...]
        while prefix.hasSuffix("/") { prefix = prefix.dropLast() }
        return String(prefix)
    }

    var trimmedHost: String? {
        guard var host = host?[...], !host.isEmpty else { return nil }
        while host.hasSuffix("/") { host = host.dropLast() }
        return String(host)
    }

    /// `http.headers` as fields.
    var fields: [(name: HTTPField.Name, values: [String])] {
        get throws(ServeError) {
            let ownedByProtocol: Set<String> = ["connection", "keep-alive", "transfer-encoding", "content-length", "upgrade"]
            var fields: [(name: HTTPField.Name, values: [String])] = []
            for header in headers {
                guard let name = HTTPField.Name(header.name) else {
                    throw ServeError("http.headers: '\(header.name)' is not a header name")
                }
                guard !ownedByProtocol.contains(name.canonicalName) else {
                    throw ServeError("http.headers: '\(header.name)' is the protocol's to set; remove it")
                }
                fields.append((name, header.values))
            }
            return fields
        }
    }

    var connectionLimits: ConnectionLimits {
        ConnectionLimits(
            headerTimeout: .init(limits.headerTimeout), idleTimeout: .init(limits.idleTimeout),
            bodyTimeout: .init(limits.bodyTimeout), minimumBodyRate: limits.minBodyRate,
            maximumHeaderBytes: limits.maxHeaderBytes, maximumConnections: limits.maxConnections)
    }
}

extension Configuration.Validation {
    var policy: ManifestPolicy {
        get throws(ServeError) {
            var policy = ManifestPolicy()
            guard !disabled else {
                policy.indexEntries = .none
                policy.requiresBlobs = false
                return policy
            }
            switch platforms {
            case .all: policy.indexEntries = .all
            case .none: policy.indexEntries = .none
            case .list:
                policy.indexEntries = .platforms(
                    platformList.map { CoveOCI.Platform(os: $0.os, architecture: $0.architecture, variant: $0.variant) })
            }
            let allowed = try Self.patterns(allowedURLs)
            let denied = try Self.patterns(deniedURLs)
            if !allowed.isEmpty || !denied.isEmpty {
                policy.allowsURL = { url in
                    (allowed.isEmpty || allowed.contains { $0.matches(url) }) && !denied.contains { $0.matches(url) }
                }
            }
            return policy
        }
    }

    private static func patterns(_ texts: [String]) throws(ServeError) -> [URLPattern] {
        var patterns: [URLPattern] = []
        for text in texts {
            do {
                patterns.append(URLPattern(expression: try NSRegularExpression(pattern: text)))
            } catch {
                throw ServeError("validation.manifests.urls: '\(text)' is not a regular expression")
            }
        }
        return patterns
    }

    private struct URLPattern: Sendable {
        let expression: NSRegularExpression

        func matches(_ url: String) -> Bool {
            expression.firstMatch(in: url, range: NSRange(url.startIndex..., in: url)) != nil
        }
    }
}

extension TLSIdentity {
    /// The TLS configuration of a listener.
    func configuration(_ tls: Configuration.TLS) throws(ServeError) -> TLSConfiguration {
        try configuration(
            minimum: tls.minimumTLS == .tls13 ? .tlsv13 : .tlsv12, clientCAs: tls.clientCAs,
            requiresClientCertificate: tls.clientAuth == .require,
            cipherSuites: tls.cipherSuites.compactMap { NIOTLSCipher(rawValue: $0) })
    }
}

extension Configuration.Log.Level {
    var swiftLog: Logger.Level {
        switch self {
        case .debug: .debug
        case .info: .info
        case .warn: .warning
        case .error: .error
        }
    }
}
