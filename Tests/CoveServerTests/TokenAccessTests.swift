import CoveIdentity
import CoveOCI
import Crypto
import Foundation
import HTTPTypes
import HummingbirdCore
import Logging
import NIOCore
import NIOPosix
import TestSupport
import Testing

@testable import CoveServer

/// What a token server's users may do, by route; and what they are told when they may not.
@Suite("TokenAccess")
struct TokenAccessTests {
    private let directory: TemporaryDirectory
    private let key = Curve25519.Signing.PrivateKey()
    private let api: API

    init() async throws {
        directory = try TemporaryDirectory()
        let x = Self.base64URL(key.publicKey.rawRepresentation)
        try directory.write(#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"k","x":"\#(x)"}]}"#, to: "jwks")
        api = try await API()
    }

    private func access(redirectPath: String? = nil) throws -> TokenAccess {
        var options = TokenVerifier.Options(issuer: "auth", service: "registry")
        options.keySet = directory.file("jwks")
        return TokenAccess(
            verifier: try TokenVerifier(options, threadPool: .singleton, logger: Requests.logger),
            challenge: BearerChallenge(realm: "https://auth.example.org/token", service: "registry", redirectPath: redirectPath),
            logger: Requests.logger)
    }

    private static func base64URL(_ data: Data) -> String {
        data.base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }

    /// - Parameter scopes: as `repository:team/app:pull,push`.
    private func token(_ scopes: [String], audience: String = "registry") throws -> String {
        let access = scopes.map { scope in
            let parts = scope.split(separator: ":").map(String.init)
            return ["type": parts[0], "name": parts[1], "actions": parts[2].split(separator: ",").map(String.init)] as [String: Any]
        }
        let claims: [String: Any] = [
            "iss": "auth", "aud": audience, "sub": "ann", "exp": Int(Date().timeIntervalSince1970) + 60, "access": access,
        ]
        let payload = Self.base64URL(try JSONSerialization.data(withJSONObject: claims))
        let signed = "\(Self.base64URL(Data(#"{"alg":"EdDSA","kid":"k"}"#.utf8))).\(payload)"
        return "\(signed).\(Self.base64URL(try key.signature(for: Data(signed.utf8))))"
    }

    /// Asks the way that requests take.
    private func ask(
        _ method: HTTPRequest.Method, _ path: String, token: String? = nil, body: String = ""
    ) async throws -> Answer {
        var headers: HTTPFields = [:]
        if let token { headers[.authorization] = "Bearer \(token)" }
        if !body.isEmpty { headers[.contentLength] = String(body.utf8.count) }
        var exchange = Requests.exchange(method, path, headers: headers, body: ByteBuffer(string: body))
        let path = exchange.path.dropFirst(3)
        let route = OCIRoute(path: path)
        let access = try self.access()
        let response: Response
        do throws(OCIFailure) {
            exchange.grant = try await access.authorize(exchange, for: RequiredAccess(route, exchange))
            response = try await api.responder.respond(exchange, to: route, path: path)
        } catch {
            response = error.response
        }
        return try await Answer(response)
    }

    private func challenge(_ answer: Answer) -> String? { answer.headers[.wwwAuthenticate] }

    private static let digest = "sha256:" + String(repeating: "0", count: 64)
    private static let basis = #"Bearer realm="https://auth.example.org/token",service="registry""#

    @Test(
        "who comes without a token is told what to ask for",
        arguments: [
            (HTTPRequest.Method.get, "/v2/", ""), (.get, "/v2/_catalog", "registry:catalog:*"),
            (.get, "/v2/team/app/tags/list", "repository:team/app:pull"), (.get, "/v2/team/app/manifests/1", "repository:team/app:pull"),
            (.head, "/v2/team/app/manifests/1", "repository:team/app:pull"),
            (.put, "/v2/team/app/manifests/1", "repository:team/app:pull,push"),
            (.delete, "/v2/team/app/manifests/1", "repository:team/app:delete"),
            (.get, "/v2/team/app/blobs/\(Self.digest)", "repository:team/app:pull"),
            (.delete, "/v2/team/app/blobs/\(Self.digest)", "repository:team/app:delete"),
            (.post, "/v2/team/app/blobs/uploads/", "repository:team/app:pull,push"),
            (.patch, "/v2/team/app/blobs/uploads/x", "repository:team/app:pull,push"),
            (.put, "/v2/team/app/blobs/uploads/x?digest=\(Self.digest)", "repository:team/app:pull,push"),
            (.get, "/v2/team/app/blobs/uploads/x", "repository:team/app:pull"),
            (.delete, "/v2/team/app/blobs/uploads/x", "repository:team/app:delete"),
            (.get, "/v2/team/app/referrers/\(Self.digest)", "repository:team/app:pull"),
            (
                .post, "/v2/team/app/blobs/uploads/?mount=\(Self.digest)&from=other/app",
                "repository:team/app:pull,push repository:other/app:pull"
            ),
            (.post, "/v2/team/app/blobs/uploads/?mount=\(Self.digest)&from=team/app", "repository:team/app:pull,push"),
            (.post, "/v2/team/app/blobs/uploads/?mount=\(Self.digest)", "repository:team/app:pull,push"),
            // Nothing of what is malformed gets into a header.
            (.get, "/v2/a%22b/tags/list", ""), (.get, "/v2/team/app/nothing", ""),
            (.post, "/v2/team/app/blobs/uploads/?mount=\(Self.digest)&from=a%22%0d%0ab", "repository:team/app:pull,push"),
        ])
    func challenges(method: HTTPRequest.Method, path: String, scope: String) async throws {
        let answer = try await ask(method, path)
        #expect(answer.status == 401)
        #expect(challenge(answer) == Self.basis + (scope.isEmpty ? "" : ",scope=\"\(scope)\""))
        #expect(answer.error?.code == "UNAUTHORIZED")
    }

    @Test("the envelope's detail lists the rights as registry:2 does")
    func detail() async throws {
        let answer = try await ask(.put, "/v2/team/app/manifests/1")
        let expected = ["pull", "push"].map { #"{"Action":"\#($0)","Class":"","Name":"team/app","Type":"repository"}"# }
        #expect(answer.body.contains("\"detail\":[\(expected.joined(separator: ","))]"))
    }

    @Test("a token that does not verify is answered with invalid_token and the reason")
    func invalid() async throws {
        let answer = try await ask(.get, "/v2/team/app/tags/list", token: try token(["repository:team/app:pull"], audience: "other"))
        #expect(answer.status == 401)
        #expect(challenge(answer) == Self.basis + #",scope="repository:team/app:pull",error="invalid_token""#)
        #expect(answer.error?.message == "the token is not accepted: it is for 'other', and not for this registry")
        #expect(challenge(try await ask(.get, "/v2/", token: "x.y.z")) == Self.basis + #",error="invalid_token""#)
    }

    @Test(
        "a token that lacks a right is answered with insufficient_scope",
        arguments: [
            ("/v2/team/app/manifests/1", "PUT", "repository:team/app:pull"),
            ("/v2/team/app/manifests/1", "PUT", "repository:team/app:push"),
            ("/v2/team/app/manifests/1", "GET", "repository:team/app:push,delete"),
            ("/v2/team/app/manifests/1", "GET", "repository:team:pull"),
            ("/v2/team/app/manifests/1", "GET", "registry:team/app:pull"),
            ("/v2/team/app/manifests/1", "DELETE", "repository:team/app:pull,push"),
            ("/v2/_catalog", "GET", "registry:catalog:pull"), ("/v2/_catalog", "GET", "repository:catalog:*"),
        ])
    func insufficient(path: String, method: String, scope: String) async throws {
        let answer = try await ask(try #require(HTTPRequest.Method(rawValue: method)), path, token: try token([scope]))
        #expect(answer.status == 401)
        #expect(challenge(answer)?.hasSuffix(#",error="insufficient_scope""#) == true)
        #expect(answer.error?.code == "UNAUTHORIZED")
    }

    @Test("each right opens what it is for, and * opens everything")
    func sufficient() async throws {
        let any = try token(["repository:team/app:*", "registry:catalog:*"])
        #expect(try await ask(.get, "/v2/", token: try token([])).status == 200)
        #expect(try await ask(.get, "/v2/_catalog", token: any).status == 200)
        for rights in ["pull,push", "*"] {
            let pusher = try token(["repository:team/app:\(rights)"])
            let digest = Digest.of("blob".utf8)
            #expect(try await ask(.post, "/v2/team/app/blobs/uploads/?digest=\(digest)", token: pusher, body: "blob").status == 201)
            #expect(try await ask(.get, "/v2/team/app/blobs/\(digest)", token: pusher).status == 200)
        }
        // Deletion is off here; whoever is told so was let in.
        #expect(try await ask(.delete, "/v2/team/app/manifests/1", token: try token(["repository:team/app:delete"])).status != 401)
    }

    @Test("malformed names and unknown endpoints are refused as such to whoever has a token")
    func malformed() async throws {
        let token = try token([])
        #expect(try await ask(.get, "/v2/UPPER/tags/list", token: token).error?.code == "NAME_INVALID")
        #expect(try await ask(.get, "/v2/team/app/nothing", token: token).status == 404)
    }

    @Test("a blob is mounted from where it may be read; otherwise an upload begins")
    func mounts() async throws {
        let digest = Digest.of("secret".utf8)
        _ = try await api.push("secret", to: "other/app")
        func mount(_ from: String, _ scopes: String...) async throws -> Int {
            try await ask(
                .post, "/v2/team/app/blobs/uploads/?mount=\(digest)\(from)",
                token: try token(["repository:team/app:pull,push"] + scopes)
            ).status
        }
        #expect(try await mount("&from=other/app") == 202)
        #expect(try await mount("&from=other/app", "repository:other/app:push") == 202)
        // Without a source, wherever the blob is: that would be the content of anybody's repository for its digest.
        #expect(try await mount("", "repository:other/app:pull") == 202)
        #expect(try await api.ask(.head, "/v2/team/app/blobs/\(digest)").status == 404)
        #expect(try await mount("&from=other/app", "repository:other/app:pull") == 201)
        #expect(try await api.ask(.head, "/v2/team/app/blobs/\(digest)").status == 200)
    }

    @Test("with autoredirect the realm is on the host that the client asked")
    func autoRedirect() async throws {
        let access = try access(redirectPath: "/auth/token")
        func realm(_ headers: HTTPFields, authority: String? = "registry.example.org:5000") async throws -> String? {
            let exchange = Requests.exchange(.get, "/v2/", headers: headers, authority: authority)
            do throws(OCIFailure) {
                _ = try await access.authorize(exchange, for: RequiredAccess(.base, exchange))
                return nil
            } catch {
                return error.headers[.wwwAuthenticate]?.split(separator: "\"").dropFirst().first.map(String.init)
            }
        }
        #expect(try await realm([:]) == "https://registry.example.org:5000/auth/token")
        #expect(try await realm([.forwardedProto: "http"]) == "http://registry.example.org:5000/auth/token")
        #expect(try await realm([.forwardedHost: "outside"]) == "https://outside/auth/token")
        #expect(try await realm([.forwardedHost: "a\",b"]) == "https://registry.example.org:5000/auth/token")
        #expect(try await realm([:], authority: nil) == "https://auth.example.org/token")
    }

    @Test(
        "the scheme of the header is written in any case",
        arguments: [("Bearer a.b", "a.b"), ("bearer a", "a"), ("BEARER  a", "a"), ("Basic a", nil), ("Bearer", nil), ("Bearer ", nil)])
    func scheme(header: String, token: String?) {
        #expect(TokenAccess.token(header) == token)
    }
}
