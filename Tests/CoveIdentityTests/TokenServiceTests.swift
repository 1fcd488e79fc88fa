import CoveMetadata
import CoveOCI
import Foundation
import TestSupport
import Testing

@testable import CoveIdentity

@Suite("TokenService")
struct TokenServiceTests {
    private static func scopes(_ texts: String...) throws -> [TokenScope] { try TokenScope.parse(texts) }

    private static func access(in token: String) throws -> [String] {
        let claims = try CompactToken(parsing: token).claims()
        return (claims.access ?? []).map { "\($0.type):\($0.name):\(($0.actions ?? []).joined(separator: ","))" }
    }

    @Test(
        "a token has what its bearer may do of what was asked for",
        arguments: [
            ("ann", "repository:team/app:pull,push,delete", "repository:team/app:pull,push"),
            ("ann", "repository:team/app:*", "repository:team/app:pull,push"),
            ("ann", "repository:open/app:pull,push", "repository:open/app:pull"),
            ("ann", "repository:nowhere/app:pull", "repository:nowhere/app:"),
            ("ann", "repository:team/app:pull,fly", "repository:team/app:pull"),
            ("ann", "registry:catalog:*", "registry:catalog:"), ("ann", "weather:team/app:rain", "weather:team/app:"),
            ("admin", "registry:catalog:*", "registry:catalog:*"),
            ("admin", "repository:team/app:*", "repository:team/app:*,pull,push,delete"),
            ("robot$team+ci", "repository:team/app:pull,push", "repository:team/app:pull"),
            ("", "repository:team/app:pull", "repository:team/app:"), ("", "repository:open/app:pull,push", "repository:open/app:pull"),
        ])
    func cut(user: String, scope: String, granted: String) async throws {
        let fixture = try await AccountFixture()
        let principal = user.isEmpty ? .anonymous : try await fixture.accounts.login(user, password: AccountFixture.password)
        let token = try await fixture.service.token(for: principal, Self.scopes(scope), at: .nowMicroseconds)
        #expect(try Self.access(in: token) == [granted])
        #expect(try await fixture.service.bearer(token)?.principal == principal)
    }

    @Test("scopes of one repository are one, and may share a parameter")
    func merged() async throws {
        let fixture = try await AccountFixture()
        let ann = try await fixture.accounts.login("ann", password: AccountFixture.password)
        let scopes = try Self.scopes("repository:team/app:pull repository:open/x:pull", "repository:team/app:push,pull")
        let token = try await fixture.service.token(for: ann, scopes, at: .nowMicroseconds)
        #expect(try Self.access(in: token) == ["repository:team/app:pull,push", "repository:open/x:pull"])
    }

    @Test(
        "a malformed scope is refused with what is wrong",
        arguments: [
            "team/app", "repository:team/app", ":team/app:pull", "repository::pull", "repository:Team/App:pull", "REPO:x:pull",
            "repository:../x:pull", "registry::*", "repository:" + String(repeating: "a", count: 2000) + ":pull", "repository:a\u{1}b:pull",
        ])
    func malformed(text: String) {
        #expect(throws: TokenScope.Malformed.self) { try TokenScope.parse([text]) }
    }

    @Test("a hundred scopes are enough")
    func many() throws {
        let one = "repository:team/app:pull"
        #expect(try TokenScope.parse(Array(repeating: one, count: 100)).count == 100)
        #expect(throws: TokenScope.Malformed.self) { try TokenScope.parse(Array(repeating: one, count: 101)) }
        #expect(try TokenScope.parse(["repository(plugin):team/app:pull"]).first?.type == "repository")
    }

    @Test("what is changed, ended or by another is no token of ours")
    func forged() async throws {
        let fixture = try await AccountFixture()
        let ann = try await fixture.accounts.login("ann", password: AccountFixture.password)
        let token = try await fixture.service.token(for: ann, [], at: .nowMicroseconds)
        let parts = token.split(separator: ".").map(String.init)
        let none = Data(#"{"alg":"none"}"#.utf8).base64URL
        let stranger = try await AccountFixture()
        let foreign = try await stranger.service.token(for: ann, [], at: .nowMicroseconds)
        let ended = try await fixture.service.token(for: ann, [], at: .nowMicroseconds - 120_000_000)
        let payload = try #require(Data(base64URL: parts[1]))
        let raised = Data(String(decoding: payload, as: UTF8.self).replacing("account:\(fixture.ann)", with: "account:1").utf8).base64URL
        for bad in ["", "x", "a.b.c", foreign, ended, "\(none).\(parts[1]).", "\(parts[0]).\(raised).\(parts[2])", token + "A"] {
            await #expect(throws: TokenRefusal.self, "\(bad)") { _ = try await fixture.service.bearer(bad) }
        }
        #expect(try await fixture.service.bearer(token) != nil)
    }

    @Test(
        "tokens are revoked by a changed password, by disabling, and with a robot's secret",
        arguments: [
            "UPDATE account SET is_disabled = 1, updated_at = $1", "UPDATE account SET password_changed_at = $1",
            "UPDATE robot SET is_disabled = 1, updated_at = $1", "UPDATE robot SET secret_changed_at = $1",
            "UPDATE robot SET expires_at = $1",
            "DELETE FROM robot WHERE created_at < $1",
        ])
    func revoked(sql: String) async throws {
        let fixture = try await AccountFixture()
        let user = sql.contains("robot") ? "robot$team+ci" : "ann"
        let principal = try await fixture.accounts.login(user, password: AccountFixture.password)
        let now = Int64.nowMicroseconds
        let token = try await fixture.service.token(for: principal, [], at: now)
        let refresh = try await fixture.service.refreshToken(for: principal, client: "test", at: now)
        #expect(try await fixture.service.bearer(token)?.principal == principal)
        #expect(try await fixture.service.principal(refreshToken: refresh) == principal)
        try await fixture.change(sql, [.now])
        #expect(try await fixture.service.bearer(token) == nil)
        #expect(try await fixture.service.principal(refreshToken: refresh) == nil)
    }

    @Test("a lost membership shows at once here, and at the next look on another node")
    func rights() async throws {
        let engine = try await TestDatabase.engine()
        let fixture = try await AccountFixture(engine)
        let other = Accounts(metadata: fixture.accounts.metadata)
        let ann = Principal(.account(fixture.ann), name: "Ann")
        #expect(try await fixture.accounts.rights(of: ann).roles == [fixture.team: [.developer]])
        try await other.heedChanges()
        #expect(try await other.rights(of: ann).roles == [fixture.team: [.developer]])
        try await fixture.change("DELETE FROM project_member")
        #expect(try await fixture.accounts.rights(of: ann).roles.isEmpty)
        #expect(try await other.rights(of: ann).roles == [fixture.team: [.developer]])
        try await other.heedChanges()
        #expect(try await other.rights(of: ann).roles.isEmpty)
    }

    @Test("nodes share one key, and believe each other's tokens")
    func keys() async throws {
        let fixture = try await AccountFixture()
        let options = fixture.service.issuer.options
        let issuers = (0..<3).map { _ in TokenIssuer(options, metadata: fixture.accounts.metadata) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for issuer in issuers { group.addTask { try await issuer.refresh() } }
            try await group.waitForAll()
        }
        #expect(Set(issuers.map { $0.keySet.map(\.kid) }).count == 1)
        let token = try await issuers[0].issue(to: .anonymous, [], at: .nowMicroseconds)
        for issuer in issuers { #expect(try await issuer.verify(token).identity == .anonymous) }
    }

    @Test("a key that soon signs no more is replaced, and stays known as long as its tokens")
    func rotation() async throws {
        let fixture = try await AccountFixture()
        let issuer = fixture.service.issuer
        try await issuer.refresh()
        let token = try await issuer.issue(to: .anonymous, [], at: .nowMicroseconds)
        let soon = Int64.nowMicroseconds + 3_600_000_000
        try await fixture.change("UPDATE signing_key SET signs_until = $1, ends_at = $1, created_at = 1", [.integer(soon)])
        let another = TokenIssuer(issuer.options, metadata: fixture.accounts.metadata)
        try await another.refresh()
        #expect(another.keySet.count == 2)
        #expect(try await another.verify(token).identity == .anonymous)
        try await fixture.change("UPDATE signing_key SET ends_at = 1 WHERE created_at = 1")
        try await issuer.refresh()
        #expect(issuer.keySet.count == 1)
        await #expect(throws: TokenRefusal.self) { _ = try await issuer.verify(token) }
    }
}
