import CoveBlobs
import CoveOCI
import CoveRegistry
import HTTPTypes
import HummingbirdCore
import NIOCore
import Testing

@testable import CoveConfiguration
@testable import CoveServer

@Suite("Configuration to server")
struct ConfigurationMappingTests {
    @Test(
        "an address is a host and port, or a path",
        arguments: [
            ("127.0.0.1:80", Configuration.Network.tcp, BindAddress.hostname("127.0.0.1", port: 80)),

            ("[::1]:5000", .tcp, .hostname("::1", port: 5000)), ("/run/x.sock", .unix, .unixDomainSocket(path: "/run/x.sock")),
        ])
    func bindAddress(text: String, network: Configuration.Network, expected: BindAddress) throws {
        #expect(try Listeners.bindAddress(text, network) == expected)
    }

    @Test("an address without a port is refused", arguments: ["", "localhost", ":x", ":70000"])
    func badAddress(text: String) {
        #expect {
            try Listeners.bindAddress(text, .tcp)
        } throws: { error in
            "\(error)" == "http.addr: '\(text)' is not of the form host:port or :port"
        }
    }

    @Test("prefix and host lose their trailing slashes", arguments: [("", ""), ("/", ""), ("/registry/", "/registry"), ("/a/b//", "/a/b")])
    func trimmed(prefix: String, expected: String) {
        var http = Configuration.HTTP()
        http.prefix = prefix
        http.host = "https://h/"
        #expect(http.trimmedPrefix == expected)
        #expect(http.trimmedHost == "https://h")
        http.host = ""
        #expect(http.trimmedHost == nil)
    }

    @Test("http.headers are fields, with all their values; a name that is none, or the protocol's, is refused")
    func fields() throws {
        var http = Configuration.HTTP()
        http.headers = [.init(name: "X-A", values: ["1", "2"]), .init(name: "X-B", values: [])]
        #expect(try http.fields.map { "\($0.name): \($0.values)" } == ["X-A: [\"1\", \"2\"]", "X-B: []"])
        http.headers = [.init(name: "not a name", values: ["1"])]
        #expect {
            try http.fields
        } throws: { error in
            "\(error)" == "http.headers: 'not a name' is not a header name"
        }
        for name in ["Content-Length", "connection", "TRANSFER-ENCODING"] {
            http.headers = [.init(name: name, values: ["1"])]
            #expect(throws: ServeError.self) { try http.fields }
        }
    }

    @Test("allow and deny decide on layer URLs")
    func urls() throws {
        var validation = Configuration.Validation()
        #expect(try validation.policy.allowsURL("anything"))
        validation.allowedURLs = ["^https://(good|better)/"]
        validation.deniedURLs = ["/secret"]
        let policy = try validation.policy
        #expect(policy.allowsURL("https://good/a"))
        #expect(!policy.allowsURL("https://evil/a"))
        #expect(!policy.allowsURL("https://better/secret"))
        validation.disabled = true
        #expect(try validation.policy.allowsURL("https://evil/a"))
        validation.disabled = false
        validation.allowedURLs = ["("]
        #expect(throws: ServeError.self) { try validation.policy }
    }

    @Test("validation decides what an index and an image need")
    func references() throws {
        var validation = Configuration.Validation()
        guard case .all = try validation.policy.indexEntries else { throw ServeError("not all") }
        #expect(try validation.policy.requiresBlobs)
        validation.platforms = .list
        validation.platformList = [.init(os: "linux", architecture: "arm64", variant: "v8")]
        guard case .platforms(let platforms) = try validation.policy.indexEntries else { throw ServeError("not platforms") }
        #expect(platforms == [Platform(os: "linux", architecture: "arm64", variant: "v8")])
        validation.platforms = .none
        guard case .none = try validation.policy.indexEntries else { throw ServeError("not none") }
        validation.platforms = .all
        validation.disabled = true
        guard case .none = try validation.policy.indexEntries else { throw ServeError("not none") }
        #expect(try !validation.policy.requiresBlobs)
    }

    @Test("storage settings reach the registry and its upkeep")
    func storage() throws {
        var configuration = Configuration()
        configuration.storage.deleteEnabled = false
        configuration.storage.cachedDescriptors = 7
        configuration.storage.uploadPurging = .init(enabled: true, age: .seconds(5), interval: .seconds(6), dryRun: true)
        #expect(try !configuration.registryOptions.deleteEnabled)
        #expect(try configuration.registryOptions.cachedBlobs == 7)
        #expect(try configuration.registryOptions.redirects)
        configuration.storage.redirectDisabled = true
        #expect(try !configuration.registryOptions.redirects)
        #expect(configuration.upkeepOptions.purgesUploads && configuration.upkeepOptions.dryRun)
        #expect(configuration.upkeepOptions.uploadAge == .seconds(5))
        #expect(configuration.upkeepOptions.interval == .seconds(6))
        configuration.storage.readOnly = true
        #expect(try configuration.registryOptions.readOnly)
        #expect(!configuration.upkeepOptions.purgesUploads)
    }

    @Test("settings of S3 reach the storage")
    func s3() {
        var settings = S3Settings(bucket: "b", region: "r")
        #expect(settings.options == S3Options(bucket: "b", region: "r"))
        settings.regionEndpoint = "http://minio:9000/"
        settings.forcePathStyle = true
        (settings.accessKey, settings.secretKey, settings.sessionToken) = ("a", "s", "t")
        (settings.secure, settings.skipVerify) = (false, true)
        settings.rootDirectory = "/one//two/"
        settings.chunkSize = 6_000_000
        settings.encrypt = true
        settings.storageClass = .reducedRedundancy
        settings.objectACL = .awsExecRead
        settings.userAgent = "x"
        var expected = S3Options(bucket: "b", region: "r")
        expected.endpoint = "http://minio:9000"
        expected.forcePathStyle = true
        (expected.accessKey, expected.secretKey, expected.sessionToken) = ("a", "s", "t")
        (expected.secure, expected.skipVerify) = (false, true)
        expected.rootDirectory = "one/two"
        expected.chunkSize = 6_000_000
        expected.encryption = .s3
        expected.storageClass = "REDUCED_REDUNDANCY"
        expected.objectACL = "aws-exec-read"
        expected.userAgent = "x"
        #expect(settings.options == expected)
        settings.keyID = "k"
        #expect(settings.options.encryption == .kms(keyID: "k"))
    }

    @Test("AWS's special endpoints are asked for")
    func awsEndpoints() {
        var settings = S3Settings(bucket: "b", region: "us-east-1")
        (settings.dualStack, settings.accelerate) = (true, true)
        #expect(settings.options.dualStack && settings.options.accelerate && settings.options.endpoint == nil)
        (settings.accelerate, settings.fips) = (false, true)
        #expect(settings.options.endpoint == "https://s3-fips.dualstack.us-east-1.amazonaws.com")
        settings.dualStack = false
        #expect(settings.options.endpoint == "https://s3-fips.us-east-1.amazonaws.com")
    }

    @Test("threads are bounded", arguments: [(4, 4), (100, 64), (16, 16), (1, 4)])
    func threads(most: Int, expected: Int) {
        var configuration = Configuration()
        configuration.storage.driver = .filesystem(rootDirectory: "x", maxThreads: most)
        #expect(configuration.threads == expected)
    }

    @Test("limits keep their units")
    func limits() {
        var http = Configuration.HTTP()
        http.limits = .init(
            maxConnections: 5, headerTimeout: .milliseconds(1500), idleTimeout: .seconds(2), bodyTimeout: .seconds(3), minBodyRate: 4,
            maxHeaderBytes: 5000)
        let limits = http.connectionLimits
        #expect(limits.headerTimeout == .milliseconds(1500))
        #expect(limits.idleTimeout == .seconds(2))
        #expect(limits.bodyTimeout == .seconds(3))
        #expect(limits.minimumBodyRate == 4 && limits.maximumHeaderBytes == 5000 && limits.maximumConnections == 5)
    }

    @Test("no host is every interface, of IPv6 too where there is that")
    func everyInterface() throws {
        let address = try Listeners.bindAddress(":5000", .tcp)
        #expect([.hostname("::", port: 5000), .hostname("0.0.0.0", port: 5000)].contains(address))
    }
}
