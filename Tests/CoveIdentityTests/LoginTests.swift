import CoveMetadata
import TestSupport
import Testing

@testable import CoveIdentity

@Suite("Accounts: logins")
struct LoginTests {
    private static let password = AccountFixture.password

    private static func refusal(_ body: () async throws -> Principal) async -> LoginRefusal? {
        do {
            _ = try await body()
            return nil
        } catch {
            return error as? LoginRefusal
        }
    }

    @Test("users log in by name in any case or by address, robots by their name")
    func names() async throws {
        let fixture = try await AccountFixture()
        let accounts = fixture.accounts
        for user in ["ann", "ANN", "ann@example.org"] {
            #expect(try await accounts.login(user, password: Self.password) == Principal(.account(fixture.ann), name: "Ann"))
        }
        #expect(try await accounts.login("robot$team+ci", password: Self.password).name == "robot$team+ci")
        #expect(try await accounts.login("admin", password: Self.password).name == "admin")
    }

    @Test(
        "nobody else gets in",
        arguments: [
            ("ann", "Harbor12346"), ("ann", ""), ("nobody", "Harbor12345"), ("", ""), ("robot$team+ci", "x"), ("robot$ci", "Harbor12345"),
            ("robot$team+cd", "Harbor12345"), ("robot$", "x"), ("ann\u{0}", "Harbor12345"), ("ann' OR '1'='1", "Harbor12345"),
            (String(repeating: "a", count: 300), "Harbor12345"), ("ann", String(repeating: "a", count: 2000)),
        ])
    func strangers(user: String, password: String) async throws {
        let fixture = try await AccountFixture()
        #expect(await Self.refusal { try await fixture.accounts.login(user, password: password) } == .wrong)
    }

    @Test("a CLI secret and a personal access token are as good as the password, and a token only for its owner")
    func secrets() async throws {
        let fixture = try await AccountFixture()
        let accounts = fixture.accounts
        let hash = try await accounts.passwords.hash("cli secret")
        let (token, ended) = (AccessToken(), AccessToken())
        try await accounts.change { store in
            try store.setCLISecret(hash, of: fixture.ann)
            _ = try store.insertAccessToken(token.hash, named: "t", of: fixture.ann, expiresAt: nil)
            _ = try store.insertAccessToken(ended.hash, named: "e", of: fixture.ann, expiresAt: 1)
        }
        for secret in ["cli secret", Self.password, token.text] {
            #expect(try await accounts.login("ann", password: secret).accountID == fixture.ann)
        }
        #expect(await Self.refusal { try await accounts.login("admin", password: token.text) } == .wrong)
        #expect(await Self.refusal { try await accounts.login("ann", password: ended.text) } == .wrong)
        #expect(await Self.refusal { try await accounts.login("ann", password: AccessToken().text) } == .wrong)
        let id = try await accounts.metadata.read { try $0.accessTokens(of: fixture.ann) }.first?.id ?? 0
        #expect(try await accounts.change { try $0.removeAccessToken(id, of: fixture.ann) })
        #expect(await Self.refusal { try await accounts.login("ann", password: token.text) } == .wrong)
    }

    @Test("who is disabled, whose time is over, or whose password was changed is out at once")
    func changes() async throws {
        let fixture = try await AccountFixture()
        let accounts = fixture.accounts
        _ = try await accounts.login("ann", password: Self.password)
        _ = try await accounts.login("robot$team+ci", password: Self.password)
        let hash = try await accounts.passwords.hash("Changed12345")
        try await accounts.change { try $0.setPassword(hash, of: fixture.ann) }
        #expect(await Self.refusal { try await accounts.login("ann", password: Self.password) } == .wrong)
        _ = try await accounts.login("ann", password: "Changed12345")
        try await fixture.change("UPDATE account SET is_disabled = 1 WHERE name_key = $1", ["ann"])
        #expect(await Self.refusal { try await accounts.login("ann", password: "Changed12345") } == .wrong)
        try await fixture.change("UPDATE robot SET expires_at = 1", [])
        #expect(await Self.refusal { try await accounts.login("robot$team+ci", password: Self.password) } == .wrong)
    }

    @Test("wrong passwords lock an account for a while, the right one included; then they are forgiven")
    func locks() async throws {
        var lockout = Lockout()
        lockout.failures = 2
        lockout.delay = .seconds(600)
        let fixture = try await AccountFixture(lockout: lockout)
        let accounts = fixture.accounts
        _ = try await accounts.login("ann", password: Self.password)
        for _ in 0..<2 { #expect(await Self.refusal { try await accounts.login("ann", password: "x") } == .wrong) }
        #expect(await Self.refusal { try await accounts.login("ann", password: Self.password) } == .wrong)
        #expect(try await accounts.login("admin", password: Self.password).name == "admin")
        try await fixture.change("UPDATE account SET locked_until = 1 WHERE name_key = 'ann'")
        #expect(try await accounts.login("ann", password: Self.password).name == "Ann")
        #expect(try await accounts.metadata.read { try $0.accountCredentials("ann")?.failures } == 0)
    }

    @Test("of nodes that start at once, one makes the first administrator, and the library with it")
    func first() async throws {
        let metadata = try await MetadataStore.open(TestDatabase.engine())
        let made = try await withThrowingTaskGroup(of: String?.self) { group in
            for _ in 0..<3 { group.addTask { try await Accounts(metadata: metadata).makeFirstAdministrator(password: nil) } }
            return try await group.reduce(into: [String]()) { if let password = $1 { $0.append(password) } }
        }
        let password = try #require(made.count == 1 ? made.first : nil)
        let accounts = Accounts(metadata: metadata)
        let principal = try await accounts.login("admin", password: password)
        #expect(try await accounts.rights(of: principal).isAdministrator)
        #expect(try await accounts.project(named: "library")?.isPublic == true)
        #expect(try await accounts.makeFirstAdministrator(password: "Another12345") == nil)
        await #expect(throws: PasswordRefusal.self) {
            try await Accounts(metadata: .open(TestDatabase.engine())).makeFirstAdministrator(password: "weak")
        }
    }
}
