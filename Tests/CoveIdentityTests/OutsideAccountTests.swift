import CoveMetadata
import TestSupport
import Testing

@testable import CoveIdentity

@Suite("Accounts: administrators by a group of a directory")
struct OutsideAccountTests {
    private static func person(_ name: String, isAdministrator: Bool) -> OutsideIdentity {
        OutsideIdentity(
            source: .ldap, subject: "uid=\(name),dc=org", name: name, email: nil, fullName: name, groups: [],
            isAdministrator: isAdministrator)
    }

    private static func isAdministrator(_ accounts: Accounts, _ id: Int64) async throws -> Bool {
        try await accounts.rights(of: Principal(.account(id), name: "x")).isAdministrator
    }

    private static func onboard(_ accounts: Accounts, _ name: String) async throws -> Int64 {
        try #require(try await accounts.onboard(person(name, isAdministrator: true), as: name).accountID)
    }

    @Test("who leaves the group is one no more, unless somebody decided otherwise")
    func decided() async throws {
        let accounts = try await AccountFixture().accounts
        let (bob, eve) = (try await Self.onboard(accounts, "bob"), try await Self.onboard(accounts, "eve"))
        try await accounts.change { store in
            try store.setAdministrator(true, account: eve)
            try store.forgetGroupAdministrator(eve)
        }
        for name in ["bob", "eve"] { _ = try await accounts.refresh(Self.person(name, isAdministrator: false)) }
        #expect(try await !Self.isAdministrator(accounts, bob))
        #expect(try await Self.isAdministrator(accounts, eve))
    }

    @Test("the last administrator stays one, whatever the group says")
    func last() async throws {
        let fixture = try await AccountFixture()
        let accounts = fixture.accounts
        let bob = try await Self.onboard(accounts, "bob")
        try await fixture.change("UPDATE account SET is_admin = 0 WHERE name_key = 'admin'")
        _ = try await accounts.refresh(Self.person("bob", isAdministrator: false))
        #expect(try await Self.isAdministrator(accounts, bob))
    }
}
