import TestSupport
import Testing

@testable import CoveMetadata

@Suite("Queries: users, groups and members")
struct PeopleQueryTests {
    private static let hash = "$y$hash"

    @Test("names are one in any case, and an address is nobody else's name")
    func names() async throws {
        let store = try await StoreFixture.make()
        try await store.write { store in
            let ann = try store.insertAccount("Ann", AccountProfile(email: "ann@example.org"), password: Self.hash)
            #expect(ann != nil)
            #expect(try store.insertAccount("ann", AccountProfile(), password: Self.hash) == nil)
            #expect(try store.insertAccount("bob", AccountProfile(email: "ann@example.org"), password: Self.hash) == nil)
            #expect(try store.insertAccount("ann@example.org", AccountProfile(), password: Self.hash) == nil)
            let bob = try #require(try store.insertAccount("bob", AccountProfile(), password: Self.hash))
            #expect(try !store.setProfile(AccountProfile(email: "ann@example.org"), of: bob))
            #expect(try store.setProfile(AccountProfile(email: "bob@example.org", fullName: "Bob"), of: bob))
            #expect(try store.account(named: "BOB")?.fullName == "Bob")
        }
    }

    @Test("a search finds parts of names, those that begin with it first, and takes no sign for another")
    func search() async throws {
        let store = try await StoreFixture.make()
        try await store.write { store in
            for name in ["xan", "Anna", "an_a", "an%a"] { _ = try store.insertAccount(name, AccountProfile(), password: Self.hash) }
        }
        func found(_ text: String) async throws -> [String] {
            try await store.read { try $0.accounts(searching: text, ListQuery()).page.map(\.name) }
        }
        #expect(try await found("AN") == ["an%a", "an_a", "Anna", "xan"])
        #expect(try await found("n_") == ["an_a"])
        #expect(try await found("n%") == ["an%a"])
        #expect(try await found("nobody").isEmpty)
    }

    @Test("a page of users is filtered, sorted, and says how many there are")
    func page() async throws {
        let store = try await StoreFixture.make()
        try await store.write { store in
            for name in ["a1", "a2", "a3", "b1"] { _ = try store.insertAccount(name, AccountProfile(), password: Self.hash) }
        }
        var query = ListQuery()
        try query.filter("username=~a")
        try query.sort("-username")
        query.pageSize = 2
        let (page, total) = try await store.read { [query] in try $0.accounts(query) }
        #expect(page.map(\.name) == ["a3", "a2"] && total == 3)
    }

    @Test("with a user go memberships, and projects become nobody's")
    func deletion() async throws {
        let store = try await StoreFixture.make()
        try await store.write { store in
            let ann = try #require(try store.insertAccount("ann", AccountProfile(), password: Self.hash))
            let project = try #require(try store.insertProject("team", owner: ann, isPublic: false))
            let member = try #require(try store.insertMember(.account(ann), role: 1, ofProject: project))
            #expect(try store.insertMember(.account(ann), role: 2, ofProject: project) == nil)
            try store.deleteAccount(ann)
            #expect(try store.member(member, ofProject: project) == nil)
            #expect(try store.project(project)?.ownerID == nil)
        }
    }

    @Test("administrators that are disabled do not count")
    func administrators() async throws {
        let store = try await StoreFixture.make()
        try await store.write { store in
            let ann = try #require(try store.insertAccount("ann", AccountProfile(), password: Self.hash))
            let bob = try #require(try store.insertAccount("bob", AccountProfile(), password: Self.hash))
            for id in [ann, bob] { try store.setAdministrator(true, account: id) }
            #expect(try store.lockedAdministrators() == [ann, bob])
            try store.connection.perform("UPDATE account SET is_disabled = 1 WHERE id = $1", [.integer(bob)])
            #expect(try store.lockedAdministrators() == [ann])
        }
    }

    @Test("groups are found by name, and those of LDAP by distinguished name in any case")
    func groups() async throws {
        let store = try await StoreFixture.make()
        try await store.write { store in
            let group = try #require(try store.insertAccountGroup("dev", type: 1, ldapDN: "cn=Dev,dc=org"))
            #expect(try store.insertAccountGroup("dev", type: 3, ldapDN: "") == nil)
            #expect(try store.insertAccountGroup("other", type: 1, ldapDN: "CN=dev,DC=org") == nil)
            #expect(try store.accountGroup(ldapDN: "cn=dev,DC=ORG")?.id == group)
            let other = try #require(try store.insertAccountGroup("ops", type: 3, ldapDN: ""))
            #expect(try !store.renameAccountGroup(other, to: "dev"))
            #expect(try store.renameAccountGroup(other, to: "operators"))
            #expect(try store.accountGroups(searching: "OP", ListQuery()).page.map(\.name) == ["operators"])
            #expect(try store.accountGroups(ldapDN: "cn=dev,dc=org", ListQuery()).total == 1)
        }
    }

    @Test("members are users and groups, by name, and each of its own project alone")
    func members() async throws {
        let store = try await StoreFixture.make()
        try await store.write { store in
            let ann = try #require(try store.insertAccount("ann", AccountProfile(), password: Self.hash))
            let group = try #require(try store.insertAccountGroup("dev", type: 3, ldapDN: ""))
            let team = try #require(try store.insertProject("team", owner: nil, isPublic: false))
            let other = try #require(try store.insertProject("other", owner: nil, isPublic: false))
            let first = try #require(try store.insertMember(.group(group), role: 2, ofProject: team))
            _ = try store.insertMember(.account(ann), role: 4, ofProject: team)
            #expect(try store.insertMember(.group(group), role: 1, ofProject: team) == nil)
            let (page, total) = try store.members(ofProject: team, searching: nil, ListQuery())
            #expect(page.map(\.name) == ["ann", "dev"] && page.map(\.isGroup) == [false, true] && total == 2)
            #expect(try store.members(ofProject: team, searching: "E", ListQuery()).page.map(\.name) == ["dev"])
            #expect(try store.member(first, ofProject: other) == nil)
            #expect(try store.memberCounts(ofProject: team) == [2: 1, 4: 1])
            try store.deleteAccountGroup(group)
            #expect(try store.member(first, ofProject: team) == nil)
        }
    }
}
