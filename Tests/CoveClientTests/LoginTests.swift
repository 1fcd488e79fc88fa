import CoveOCI
import Foundation
import TestSupport
import Testing

@testable import CoveClient

@Suite("Logging in at a registry")
struct LoginTests {
    private static let login = Login(user: "me", password: "pass word")

    /// A registry that wants tokens, and its token service.
    private static func tokenRegistry(
        lifetime: Int = 300, tokens: Counter = Counter(), isTaken: @escaping @Sendable (String) -> Bool = { $0.hasPrefix("Bearer t") }
    ) -> @Sendable (HTTPFake.Request) -> HTTPFake.Answer {
        { request in
            if request.path == "/token" {
                return .init(200, [], #"{"token":"t\#(tokens.next())","expires_in":\#(lifetime)}"#)
            }
            guard let given = request.header("authorization"), isTaken(given) else {
                let host = request.header("host") ?? ""
                return .init(401, [("WWW-Authenticate", #"Bearer realm="http://\#(host)/token",service="s p",scope="x""#)], "{}")
            }
            return .init(200, [("Content-Length", "5")], "hello")
        }
    }

    @Test("a token is fetched for the repository and used for the next requests")
    func token() async throws {
        let fixture = try await ClientFixture(.password(Self.login), Self.tokenRegistry())
        #expect(try await fixture.client.blobSize(ClientFixture.digest, in: "team/app") == 5)
        #expect(try await fixture.client.blobSize(ClientFixture.digest, in: "team/app") == 5)
        let requests = fixture.fake.requests
        #expect(requests.map(\.path).filter { $0 == "/token" }.count == 1)
        let asked = try #require(requests.first { $0.path == "/token" })
        #expect(asked.query == "service=s%20p&scope=repository%3Ateam%2Fapp%3Apull&account=me")
        #expect(asked.header("authorization") == "Basic bWU6cGFzcyB3b3Jk")
        #expect(requests.last?.header("authorization") == "Bearer t0")
        // Another repository needs another token, and no second refusal.
        _ = try await fixture.client.blobSize(ClientFixture.digest, in: "team/other")
        #expect(fixture.fake.requests.filter { $0.path.hasSuffix("\(ClientFixture.digest)") }.count == 4)
        await fixture.end()
    }

    @Test("many requests at once fetch one token")
    func flight() async throws {
        let fixture = try await ClientFixture(.anonymous, Self.tokenRegistry())
        _ = try await fixture.client.blobSize(ClientFixture.digest, in: "a")
        _ = fixture.fake.lines()
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<20 { group.addTask { _ = try? await fixture.client.blobSize(ClientFixture.digest, in: "b") } }
        }
        #expect(fixture.fake.lines().filter { $0.contains("/token") }.count == 1)
        await fixture.end()
    }

    @Test("a token that has ended is fetched anew before it is used")
    func expiry() async throws {
        let fixture = try await ClientFixture(.anonymous, Self.tokenRegistry(lifetime: 0))
        _ = try await fixture.client.blobSize(ClientFixture.digest, in: "a")
        _ = try await fixture.client.blobSize(ClientFixture.digest, in: "a")
        #expect(fixture.fake.requests.filter { $0.path == "/token" }.count == 2)
        await fixture.end()
    }

    @Test("a token that the registry does not take any more is fetched anew, once")
    func revoked() async throws {
        let revoked = Shared(false)
        let fixture = try await ClientFixture(.anonymous, Self.tokenRegistry { $0 == (revoked.value ? "Bearer t1" : "Bearer t0") })
        _ = try await fixture.client.blobSize(ClientFixture.digest, in: "a")
        revoked.change { $0 = true }
        #expect(try await fixture.client.blobSize(ClientFixture.digest, in: "a") == 5)
        await fixture.end()
    }

    @Test("a registry that takes no token denies, and is not asked without end")
    func denied() async throws {
        let fixture = try await ClientFixture(.anonymous, Self.tokenRegistry { _ in false })
        await #expect(throws: ClientError.denied(status: 401)) { try await fixture.client.blobSize(ClientFixture.digest, in: "a") }
        #expect(fixture.fake.requests.count == 3)
        await fixture.end()
    }

    @Test("a token service that refuses is a failed login")
    func refusedLogin() async throws {
        let fixture = try await ClientFixture(.password(Self.login)) { request in
            request.path == "/token"
                ? .init(401, [], "secret words")
                : .init(401, [("WWW-Authenticate", #"Bearer realm="http://\#(request.header("host") ?? "")/token""#)])
        }
        await #expect(throws: ClientError.login("the token service answered 401")) {
            try await fixture.client.blobSize(ClientFixture.digest, in: "a")
        }
        await fixture.end()
    }

    @Test(
        "a token that is no text of a header, or too large an answer, is none",
        arguments: [
            #"{"token":"a b"}"#, #"{"token":""}"#, "[]", #"{"token":""# + String(repeating: "x", count: 70_000) + #""}"#,
        ])
    func badToken(answer: String) async throws {
        let fixture = try await ClientFixture { request in
            request.path == "/token"
                ? .init(200, [], answer)
                : .init(401, [("WWW-Authenticate", #"Bearer realm="http://\#(request.header("host") ?? "")/token""#)])
        }
        await #expect(throws: ClientError.self) { try await fixture.client.blobSize(ClientFixture.digest, in: "a") }
        await fixture.end()
    }

    @Test("a password is sent when the registry asks for one, not before")
    func basic() async throws {
        let fixture = try await ClientFixture(.password(Self.login)) { request in
            request.header("authorization") == "Basic bWU6cGFzcyB3b3Jk"
                ? .init(200, [("Content-Length", "5")]) : .init(401, [("WWW-Authenticate", "Basic realm=x")])
        }
        #expect(try await fixture.client.blobSize(ClientFixture.digest, in: "a") == 5)
        #expect(fixture.fake.requests.map { $0.header("authorization") != nil } == [false, true])
        await fixture.end()
    }

    @Test("a password that is refused is a failed login, not content that is not there")
    func wrongPassword() async throws {
        let fixture = try await ClientFixture(.password(Self.login)) { _ in .init(401, [("WWW-Authenticate", "Basic realm=x")]) }
        for _ in 0..<2 {
            await #expect(throws: ClientError.login("the registry refused the user name and the password")) {
                try await fixture.client.blobSize(ClientFixture.digest, in: "a")
            }
        }
        await fixture.end()
    }

    @Test("a helper is asked anew when its login has ended before its time")
    func renewal() async throws {
        let directory = try TemporaryDirectory()
        let path = try directory.write(
            "#!/bin/sh\ncd \"$(dirname \"$0\")\"; echo x >> runs; printf '{\"Username\":\"u\",\"Secret\":\"%s\"}' $(wc -l < runs)\n",
            to: "helper")
        try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: path)
        let wanted = Shared("1")
        let fixture = try await ClientFixture(.helper(CredentialHelper(command: path, server: "s", lifetime: nil))) { request in
            request.header("authorization") == Login(user: "u", password: wanted.value).basic
                ? .init(200, [("Content-Length", "5")]) : .init(401, [("WWW-Authenticate", "Basic realm=x")])
        }
        #expect(try await fixture.client.blobSize(ClientFixture.digest, in: "a") == 5)
        wanted.change { $0 = "2" }
        #expect(try await fixture.client.blobSize(ClientFixture.digest, in: "a") == 5)
        await fixture.end()
    }

    @Test("no other host is sent the login that a redirect leads to, and the same host is")
    func redirects() async throws {
        let elsewhere = try await HTTPFake { _ in .init(200, [], "hello") }
        let target = Shared("")
        let fixture = try await ClientFixture(.password(Self.login)) { request in
            guard request.header("authorization") != nil else { return .init(401, [("WWW-Authenticate", "Basic realm=x")]) }
            return request.path == "/there" ? .init(200, [], "hello") : .init(307, [("Location", target.value)])
        }
        for location in ["\(elsewhere.url)/x?signed=1", "/there"] {
            target.change { $0 = location }
            let blob = try await fixture.client.openBlob(ClientFixture.digest, in: "a")
            #expect(try await fixture.text(blob) == "hello")
        }
        #expect(elsewhere.requests.map { $0.header("authorization") } == [nil])
        #expect(elsewhere.requests.first?.line == "GET /x?signed=1")
        #expect(fixture.fake.requests.last?.header("authorization") != nil)
        await elsewhere.stop()
        await fixture.end()
    }
}
