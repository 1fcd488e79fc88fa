import Logging
import NIOCore
import NIOHTTP1
import TestSupport
import Testing

@testable import CoveBlobs

@Suite("S3: reaching the bucket")
struct S3ConnectTests {
    @Test("a bucket that answers passes, without anything being written")
    func works() async throws {
        try await S3Fixture.with { fixture in
            try await fixture.storage.connect()
            try await fixture.storage.probe()
            #expect(fixture.server.count() == ["GET list-type": 2])
        }
    }

    @Test(
        "what is wrong is said with the setting, the answer and the remedy",
        arguments: [
            (404, "NoSuchBucket", "", ["storage.s3.bucket", "'bucket'", "NoSuchBucket: said the fake"]),
            (403, "InvalidAccessKeyId", "", ["storage.s3.accesskey", "does not know"]),
            (403, "SignatureDoesNotMatch", "", ["storage.s3.secretkey"]),
            (403, "AccessDenied", "", ["storage.s3.accesskey", "s3:ListBucket"]),
            (400, "ExpiredToken", "", ["storage.s3.sessiontoken"]),
            (301, "PermanentRedirect", "<Region>eu-north-1</Region>", ["set storage.s3.region to eu-north-1"]),
            (400, "AuthorizationHeaderMalformed", "<Region>eu-north-1</Region>", ["set storage.s3.region to eu-north-1"]),
            (400, "IllegalLocationConstraintException", "", ["storage.s3.region", "us-east-1"]),
            (418, "", "", ["storage.s3.regionendpoint", "is that an S3 service?"]),
        ])
    func advice(status: Int, code: String, extra: String, words: [String]) async throws {
        try await S3Fixture.with { fixture in
            fixture.server.fail(9, .answer(FakeBucket.error(status, code, extra)))
            let error = await #expect(throws: BlobStorageError.self) { try await fixture.storage.connect() }
            for word in words { #expect("\(error.map(String.init(describing:)) ?? "")".contains(word)) }
            // With an expired token, other credentials are looked for once.
            #expect(fixture.server.count() == ["GET list-type": code == "ExpiredToken" ? 2 : 1])
        }
    }

    @Test("an endpoint that is no S3 service is said to be none")
    func otherService() async throws {
        try await S3Fixture.with { fixture in
            fixture.server.fail(9, .answer(.init(200, "<html>Welcome</html>")))
            let error = await #expect(throws: BlobStorageError.self) { try await fixture.storage.connect() }
            #expect(error.map { "\($0)" }?.contains("storage.s3.regionendpoint") == true)
        }
    }

    @Test(
        "an endpoint that nobody listens at is given up", arguments: ["http://127.0.0.1:9", "http://no-such-host.invalid"])
    func unreachable(endpoint: String) async throws {
        try await S3Fixture.with {
            $0.endpoint = endpoint
        } _: { fixture in
            let error = await #expect(throws: BlobStorageError.self) { try await fixture.storage.connect() }
            #expect(error.map { "\($0)" }?.contains("storage.s3.regionendpoint: \(endpoint)") == true)
        }
    }

    @Test("silence is given up after a while, and TLS with a server that speaks none at once")
    func silence() async throws {
        try await S3Fixture.with(stall: .seconds(600)) { fixture in
            fixture.server.fail(9, .silence)
            let error = await #expect(throws: BlobStorageError.self) {
                try await fixture.storage.connect(within: .milliseconds(200))
            }
            #expect(error.map { "\($0)" }?.contains("storage.s3.regionendpoint: ") == true)
            var options = S3Options(bucket: "bucket", region: "us-east-1")
            options.endpoint = fixture.server.url.replacing("http:", with: "https:")
            options.accessKey = "A"
            options.secretKey = "s"
            let storage = try S3Storage(
                options, environment: [:], logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
            await #expect(throws: BlobStorageError.self) { try await storage.connect() }
            await storage.close()
        }
    }

    @Test("chunks that S3 does not take, and endpoints that are no URL, are refused before anything is sent")
    func options() throws {
        var options = S3Options(bucket: "bucket", region: "us-east-1")
        options.chunkSize = 1024
        #expect(throws: BlobStorageError.self) { try Self.storage(options) }
        options.chunkSize = 6 << 30
        #expect(throws: BlobStorageError.self) { try Self.storage(options) }
        options.chunkSize = 5 << 20
        for endpoint in ["http://", "ftp://host", "http://user@host", "http://host?x", "http://a b"] {
            options.endpoint = endpoint
            #expect(throws: BlobStorageError.self) { try Self.storage(options) }
        }
    }

    private static func storage(_ options: S3Options) throws(BlobStorageError) {
        _ = try S3Storage(options, environment: [:], logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    // MARK: - Endpoints

    @Test("a request goes where the options say")
    func endpoints() throws {
        func origin(_ bucket: String = "images", _ region: String = "eu-west-1", _ change: (inout S3Options) -> Void = { _ in }) throws
            -> String
        {
            var options = S3Options(bucket: bucket, region: region)
            change(&options)
            let endpoint = try S3Endpoint(options)
            return endpoint.origin + endpoint.path(of: "a b/c")
        }
        #expect(try origin() == "https://images.s3.eu-west-1.amazonaws.com/a%20b/c")
        #expect(try origin("my.images") == "https://s3.eu-west-1.amazonaws.com/my.images/a%20b/c")
        #expect(try origin("images", "cn-north-1") == "https://images.s3.cn-north-1.amazonaws.com.cn/a%20b/c")
        #expect(try origin { $0.forcePathStyle = true } == "https://s3.eu-west-1.amazonaws.com/images/a%20b/c")
        #expect(try origin { $0.dualStack = true } == "https://images.s3.dualstack.eu-west-1.amazonaws.com/a%20b/c")
        #expect(try origin { $0.accelerate = true } == "https://images.s3-accelerate.amazonaws.com/a%20b/c")
        #expect(
            try origin {
                $0.accelerate = true
                $0.dualStack = true
            } == "https://images.s3-accelerate.dualstack.amazonaws.com/a%20b/c")
        #expect(try origin { $0.secure = false } == "http://images.s3.eu-west-1.amazonaws.com/a%20b/c")
        #expect(try origin { $0.endpoint = "minio.example.org:9000" } == "https://images.minio.example.org:9000/a%20b/c")
        #expect(
            try origin {
                $0.endpoint = "minio.example.org:443"
                $0.forcePathStyle = true
            } == "https://minio.example.org/images/a%20b/c")
        #expect(try origin { $0.endpoint = "http://127.0.0.1:9000/" } == "http://127.0.0.1:9000/images/a%20b/c")
        #expect(try origin { $0.endpoint = "http://[::1]:9000" } == "http://[::1]:9000/images/a%20b/c")
        #expect(
            try origin {
                $0.endpoint = "https://gateway.example.org/s3/"
                $0.forcePathStyle = true
            } == "https://gateway.example.org/s3/images/a%20b/c")
    }

    @Test("new objects are made as the options say")
    func objectHeaders() async throws {
        try await S3Fixture.with {
            $0.encryption = .kms(keyID: "key-1")
            $0.storageClass = "STANDARD_IA"
            $0.objectACL = "private"
            $0.userAgent = "team/1"
        } _: { fixture in
            let big = ByteBuffer.filled(S3Fixture.minimum + 1)
            for bytes in [ByteBuffer(string: "x"), big] { _ = try await fixture.storage.upload([bytes], to: UploadID()) }
            for request in fixture.server.requests.value {
                #expect(request.headers["user-agent"] == ["cove team/1"])
                guard ["PUT", "POST uploads"].contains(request.name) else { continue }
                #expect(request.headers["x-amz-server-side-encryption"] == ["aws:kms"])
                #expect(request.headers["x-amz-server-side-encryption-aws-kms-key-id"] == ["key-1"])
                #expect(request.headers["x-amz-storage-class"] == ["STANDARD_IA"])
                #expect(request.headers["x-amz-acl"] == ["private"])
                #expect(request.headers["authorization"].first?.contains("x-amz-acl;x-amz-content-sha256;x-amz-date") == true)
            }
        }
    }
}
