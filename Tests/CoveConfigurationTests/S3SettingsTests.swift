import Testing

@testable import CoveConfiguration

@Suite("Configuration: S3")
struct S3SettingsTests {
    private static let settings = "bucket: b, region: eu-central-1"

    private static func yaml(_ settings: String, more: String = "") -> String {
        "version: 0.1\nmetadata: {url: 'sqlite:/m.db'}\nstorage: {s3: {\(settings)}\(more)}"
    }

    private static func read(_ settings: String) throws -> S3Settings? {
        guard case .s3(let settings) = try Configuration.parse(yaml: yaml(settings)).configuration.storage.driver else { return nil }
        return settings
    }

    @Test("a bucket of AWS needs its name and region")
    func aws() throws {
        #expect(try Self.read(Self.settings) == S3Settings(bucket: "b", region: "eu-central-1"))
        #expect(
            ConfigurationSamples.problems(Self.yaml("")) == [
                "'storage.s3.bucket' is missing; name the bucket, which must be there already",
                "'storage.s3.region' is missing; name the bucket's region, such as eu-central-1",
            ])
    }

    @Test("an endpoint needs no region, and has the bucket in the path unless told otherwise")
    func endpoint() throws {
        let settings = try #require(try Self.read("bucket: b, regionendpoint: 'minio:9000'"))
        #expect(settings.region == "us-east-1")
        #expect(settings.forcePathStyle)
        #expect(try Self.read("bucket: b, regionendpoint: 'minio:9000', forcepathstyle: false")?.forcePathStyle == false)
    }

    @Test("empty keys are no keys, as for registry:2")
    func emptyKeys() throws {
        let settings = try Self.read(Self.settings + ", accesskey: '', secretkey: '', sessiontoken: '', keyid: '', regionendpoint: ''")
        #expect(settings == S3Settings(bucket: "b", region: "eu-central-1"))
    }

    @Test("s3aws is another name; both at once are not")
    func alias() throws {
        let yaml = "version: 0.1\nmetadata: {url: 'sqlite:/m.db'}\nstorage: {s3aws: {\(Self.settings)}}"
        let configuration = try Configuration.parse(yaml: yaml, environment: ["REGISTRY_STORAGE_S3_SECURE": "false"]).configuration
        var expected = S3Settings(bucket: "b", region: "eu-central-1")
        expected.secure = false
        #expect(configuration.storage.driver == .s3(expected))
        #expect(
            ConfigurationSamples.problems(Self.yaml(Self.settings, more: ", s3aws: {}")) == [
                "unknown key 'storage.s3aws' (line 3): did you mean 'storage.s3'?"
            ])
    }

    @Test("sizes are in the ranges of registry:2", arguments: ["5242880", "5MiB", "5368709120", "5GiB"])
    func sizes(size: String) throws {
        #expect(try Self.read(Self.settings + ", chunksize: \(size), multipartcopychunksize: \(size)") != nil)
    }

    @Test(
        "endpoints are hosts, with or without scheme, port and path",
        arguments: [
            "minio", "minio:9000", "http://minio", "https://[::1]:9000/", "HTTPS://a-b.example.org", "10.0.0.1:1", "https://h/storage/s3",
        ])
    func endpoints(text: String) throws {
        #expect(try Self.read("bucket: b, regionendpoint: '\(text)'")?.regionEndpoint == text)
    }

    @Test(
        "what S3 could not do is refused with what to do",
        arguments: [
            (
                "chunksize: 5242879",
                "'storage.s3.chunksize' (line 3) must be a size such as 65536 or 64KiB, from 5242880 to 5368709120 bytes, not '5242879'"
            ),
            (
                "multipartcopymaxconcurrency: 0",
                "'storage.s3.multipartcopymaxconcurrency' (line 3) must be a whole number from 1 to 9223372036854775807, not '0'"
            ),
            ("v4auth: false", "'storage.s3.v4auth' cannot be false: requests are signed by version 4 only; remove the key"),
            (
                "loglevel: debug",
                "'storage.s3.loglevel' must be off, not 'debug': requests to S3 are not logged one by one; use log.level: debug for those that are tried again"
            ),
            (
                "objectacl: everyone",
                "'storage.s3.objectacl' (line 3) must be one of private, public-read, public-read-write, authenticated-read, aws-exec-read, bucket-owner-read, bucket-owner-full-control, not 'everyone'"
            ),
            (
                "storageclass: GLACIER",
                "'storage.s3.storageclass' (line 3) must be one of NONE, STANDARD, REDUCED_REDUNDANCY, STANDARD_IA, ONEZONE_IA, INTELLIGENT_TIERING, OUTPOSTS, GLACIER_IR, EXPRESS_ONEZONE, not 'GLACIER'"
            ),
            (
                "accesskey: a",
                "'storage.s3.secretkey' is missing; give both keys, or neither to take credentials from the environment, shared files or the instance"
            ),
            (
                "secretkey: a",
                "'storage.s3.accesskey' is missing; give both keys, or neither to take credentials from the environment, shared files or the instance"
            ),
            ("sessiontoken: a", "'storage.s3.sessiontoken' needs accesskey and secretkey beside it"),
            ("keyid: k", "'storage.s3.keyid' has no effect without encrypt; write storage.s3.encrypt: true, or remove the key"),
            (
                "accelerate: true, forcepathstyle: true",
                "'storage.s3.accelerate' goes with neither forcepathstyle nor usefipsendpoint; remove one of them"
            ),
            (
                "usedualstack: true, regionendpoint: m",
                "'storage.s3.usedualstack' is of AWS's own endpoints, and regionendpoint names another; remove one of them"
            ),
            (
                "regionendpoint: 'https://u:secret@minio/path'",
                "'storage.s3.regionendpoint' must be a URL such as https://minio.example.org:9000, not 'https://u:<hidden>@minio/path'"
            ),
            ("useragent: \"a\\nb\"", "'storage.s3.useragent' must be plain text"),
            (
                "redirectendpoint: 'https://cdn'",
                "'storage.s3.redirectendpoint' (line 3) is refused: URLs for clients are made for the same endpoint; set storage.s3.regionendpoint to one that clients reach too, or storage.redirect.disable to true"
            ),
        ])
    func refused(more: String, problem: String) {
        #expect(ConfigurationSamples.problems(Self.yaml(Self.settings + ", " + more)) == [problem])
    }

    @Test("a bucket or region that would leave its place in a URL is refused", arguments: ["a/b", "a b", "ü", "a?b", "a@b", "a:1"])
    func names(name: String) {
        #expect(
            ConfigurationSamples.problems(Self.yaml("bucket: '\(name)', region: '\(name)'")) == [
                "'storage.s3.bucket' must be a bucket's name of letters, digits, '.', '_' and '-', not '\(name)'",
                "'storage.s3.region' must be a region's name such as eu-central-1, not '\(name)'",
            ])
    }

    @Test("there is one driver, and those found are named")
    func drivers() {
        #expect(
            ConfigurationSamples.problems(Self.yaml(Self.settings, more: ", filesystem: {}, inmemory: {}")) == [
                "'storage' has filesystem, inmemory and s3; choose one driver"
            ])
    }

    @Test("the other clouds' drivers are refused with a way", arguments: ["gcs", "azure", "swift", "oss"])
    func clouds(name: String) throws {
        let problem = try #require(ConfigurationSamples.problems("version: 0.1\nstorage: {\(name): {bucket: b}}").first)
        #expect(problem.hasPrefix("'storage.\(name)' (line 2) is refused: ") && problem.contains("storage.s3"))
    }
}
