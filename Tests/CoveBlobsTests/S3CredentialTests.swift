import Foundation
import Logging
import NIOCore
import NIOHTTP1
import TestSupport
import Testing

@testable import CoveBlobs

@Suite("S3: credentials")
struct S3CredentialTests {
    private static func chain(
        _ environment: [String: String], _ options: S3Options = S3Options(bucket: "b", region: "eu-west-1")
    ) async throws -> S3Credentials? {
        let transport = HTTPTransport(RetryPolicy())
        let environment = ["AWS_EC2_METADATA_DISABLED": "true"].merging(environment) { $1 }
        do {
            let found = try await CredentialChain(options: options, environment: environment, transport: transport).load()
            await transport.close()
            return found
        } catch {
            await transport.close()
            throw error
        }
    }

    private static let answer = """
        {"Code": "Success", "AccessKeyId": "ASIA1", "SecretAccessKey": "s", "Token": "t", "Expiration": "2035-01-02T03:04:05Z"}
        """
    private static let temporary = S3Credentials(
        accessKey: "ASIA1", secretKey: "s", sessionToken: "t", expiration: AmazonTime.parse(iso: "2035-01-02T03:04:05Z"))

    @Test("the configuration's come first, then the environment's")
    func order() async throws {
        var options = S3Options(bucket: "b", region: "eu-west-1")
        options.accessKey = "AKIA1"
        options.secretKey = "s1"
        let environment = ["AWS_ACCESS_KEY_ID": "AKIA2", "AWS_SECRET_ACCESS_KEY": "s2", "AWS_SESSION_TOKEN": "t2"]
        #expect(try await Self.chain(environment, options) == S3Credentials(accessKey: "AKIA1", secretKey: "s1"))
        #expect(
            try await Self.chain(environment) == S3Credentials(accessKey: "AKIA2", secretKey: "s2", sessionToken: "t2"))
        options.secretKey = nil
        await #expect(throws: S3Error.self) { _ = try await Self.chain(environment, options) }
    }

    @Test("with none anywhere, the error says where they could be")
    func none() async throws {
        let error = await #expect(throws: S3Error.self) { _ = try await Self.chain([:]) }
        #expect(error.map { "\($0)" }?.contains("storage.s3.accesskey") == true)
    }

    @Test("shared files give the profile's keys")
    func files() async throws {
        let directory = try TemporaryDirectory()
        let keys = try directory.write(
            """
            # keys
            [default]
            aws_access_key_id = AKIAD
            aws_secret_access_key=sd

            [ other ]
            aws_access_key_id=AKIAO
            aws_secret_access_key = so=/+
            aws_session_token = to
            """, to: "credentials")
        let config = try directory.write(
            """
            [profile third]
            aws_access_key_id = AKIAT
            aws_secret_access_key = st
            s3 =
              addressing_style = path
            [profile sso]
            sso_start_url = https://example.org
            """, to: "config")
        let environment = ["AWS_SHARED_CREDENTIALS_FILE": keys, "AWS_CONFIG_FILE": config]
        func found(_ profile: String) async throws -> S3Credentials? {
            try await Self.chain(environment.merging(["AWS_PROFILE": profile]) { $1 })
        }
        #expect(try await Self.chain(environment) == S3Credentials(accessKey: "AKIAD", secretKey: "sd"))
        #expect(try await found("other") == S3Credentials(accessKey: "AKIAO", secretKey: "so=/+", sessionToken: "to"))
        #expect(try await found("third") == S3Credentials(accessKey: "AKIAT", secretKey: "st"))
        await #expect(throws: S3Error.self) { _ = try await found("absent") }
        let error = await #expect(throws: S3Error.self) { _ = try await found("sso") }
        #expect(error.map { "\($0)" }?.contains("sso_start_url") == true)
    }

    @Test("a home directory's files are found")
    func home() async throws {
        let directory = try TemporaryDirectory()
        try FileManager.default.createDirectory(atPath: directory.file(".aws"), withIntermediateDirectories: true)
        try directory.write("[default]\naws_access_key_id=AKIAH\naws_secret_access_key=sh\n", to: ".aws/credentials")
        #expect(try await Self.chain(["HOME": directory.path])?.accessKey == "AKIAH")
    }

    @Test("a web identity is exchanged for a role's credentials")
    func webIdentity() async throws {
        let directory = try TemporaryDirectory()
        let server = try await FakeServer.start { _ in
            .init(
                200,
                """
                <AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleWithWebIdentityResult>
                <Credentials><AccessKeyId>ASIA1</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>
                <Expiration>2035-01-02T03:04:05Z</Expiration></Credentials>
                </AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>
                """)
        }
        let environment = [
            "AWS_WEB_IDENTITY_TOKEN_FILE": try directory.write("a.b.c\n", to: "token"), "AWS_ROLE_ARN": "arn:aws:iam::1:role/r",
            "AWS_ENDPOINT_URL_STS": server.url,
        ]
        #expect(try await Self.chain(environment) == Self.temporary)
        let request = try #require(server.requests.value.first)
        #expect(
            String(buffer: request.body) == "Action=AssumeRoleWithWebIdentity&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fr"
                + "&RoleSessionName=cove&Version=2011-06-15&WebIdentityToken=a.b.c")
        server.fail(
            1, .answer(.init(403, "<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>")))
        let error = await #expect(throws: S3Error.self) { _ = try await Self.chain(environment) }
        #expect(error.map { "\($0)" }?.contains("AccessDenied: no") == true)
        #expect(error.map { "\($0)" }?.contains("a.b.c") == false)
        await server.stop()
    }

    @Test("a container's endpoint is asked with its token, but no other machine over plain HTTP")
    func container() async throws {
        let directory = try TemporaryDirectory()
        let server = try await FakeServer.start { _ in .init(200, Self.answer) }
        let token = try directory.write("secret-token\n", to: "token")
        let environment = [
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": "\(server.url)/creds", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": token,
        ]
        #expect(try await Self.chain(environment) == Self.temporary)
        #expect(server.requests.value.map { $0.headers["authorization"] } == [["secret-token"]])
        await #expect(throws: S3Error.self) {
            _ = try await Self.chain(["AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://192.0.2.1/creds"])
        }
        await server.stop()
    }

    @Test("an instance's role is asked for with a token")
    func instance() async throws {
        let server = try await FakeServer.start { request in
            switch (request.method, request.path) {
            case ("PUT", "/latest/api/token"): .init(200, "T1")
            case _ where request.headers.first(name: "x-aws-ec2-metadata-token") != "T1": .init(401)
            case ("GET", "/latest/meta-data/iam/security-credentials/"): .init(200, "the-role\n")
            case ("GET", "/latest/meta-data/iam/security-credentials/the-role"): .init(200, Self.answer)
            default: .init(404)
            }
        }
        let environment = ["AWS_EC2_METADATA_SERVICE_ENDPOINT": server.url + "/", "AWS_EC2_METADATA_DISABLED": "false"]
        #expect(try await Self.chain(environment) == Self.temporary)
        await server.stop()
        // With nobody there, it is as if there were no such source.
        await #expect(throws: S3Error.self) { _ = try await Self.chain(environment) }
    }

    // MARK: - Renewal

    private final class Source: CredentialSource {
        let loads = Shared(0)
        let lifetime: TimeInterval
        let failing = Shared(false)

        init(lifetime: TimeInterval) {
            self.lifetime = lifetime
        }

        func load() async throws(S3Error) -> S3Credentials? {
            do { try await Task.sleep(for: .milliseconds(20)) } catch { throw .cancelled }
            let number = loads.change { $0 += 1 }
            if failing.value { throw .unreachable("no one there") }
            return S3Credentials(
                accessKey: "K\(number)", secretKey: "s", sessionToken: "t", expiration: Date().addingTimeInterval(lifetime))
        }
    }

    private static func store(_ source: Source) -> CredentialStore {
        CredentialStore(source: source, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    @Test("however many wait, credentials are loaded once, and again when they are about to end")
    func renewal() async throws {
        let lasting = Source(lifetime: 3600)
        let store = Self.store(lasting)
        let keys = try await withThrowingTaskGroup(of: S3Credentials.self) { group in
            for _ in 0..<50 { group.addTask { try await store.current() } }
            return try await group.reduce(into: Set<String>()) { $0.insert($1.accessKey) }
        }
        #expect(keys == ["K1"] && lasting.loads.value == 1)
        let ending = Source(lifetime: 60)
        let second = Self.store(ending)
        _ = try await second.current()
        #expect(try await second.current().accessKey == "K2")
    }

    @Test("a renewal that fails leaves what still holds")
    func failedRenewal() async throws {
        let source = Source(lifetime: 60)
        let store = Self.store(source)
        _ = try await store.current()
        source.failing.change { $0 = true }
        for _ in 0..<5 { #expect(try await store.current().accessKey == "K1") }
        #expect(source.loads.value == 2)
    }

    @Test("credentials that the service refuses are loaded anew, once")
    func forgotten() async throws {
        let source = Source(lifetime: 3600)
        let store = Self.store(source)
        let first = try await store.current()
        await store.forget(first)
        #expect(try await store.current().accessKey == "K2")
        await store.forget(first)
        #expect(try await store.current().accessKey == "K2")
    }

    @Test("nothing that prints credentials or options shows a secret")
    func secrecy() {
        let keys = S3Credentials(accessKey: "AKIA", secretKey: "hidden-1", sessionToken: "hidden-2")
        var options = S3Options(bucket: "b", region: "r")
        options.accessKey = "AKIA"
        options.secretKey = "hidden-1"
        options.sessionToken = "hidden-2"
        var text = "\(keys) \(String(reflecting: keys)) \(options) \(String(reflecting: options))"
        dump(keys, to: &text)
        dump(options, to: &text)
        #expect(!text.contains("hidden"))
        #expect(text.contains("AKIA"))
    }
}
