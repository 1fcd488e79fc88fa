import CoveMetadata
import CoveOCI
import TestSupport
import Testing

@testable import CoveIdentity

/// That the registry's API, which goes by tokens, answers as Harbor's does, which goes by the matrix: for everybody, in public and
/// in private.
@Suite("TokenService: the same answer on every API")
struct RightsOfTokensTests {
    /// What each action of a token is in the matrix.
    private static let actions = [
        ("pull", Permission(.pull, .repository)), ("push", Permission(.push, .repository)), ("delete", Permission(.delete, .artifact)),
    ]

    private struct Person {
        let name: String
        let principal: Principal
        let rights: Rights
    }

    private static func people(_ fixture: AccountFixture) async throws -> [Person] {
        var accounts: [(String, Int64)] = []
        for role in ProjectRole.allCases {
            accounts.append((role.name, try await account(role.name, fixture)))
            try await fixture.accounts.change { [id = accounts[accounts.count - 1].1] store in
                for project in [fixture.team, fixture.open] {
                    _ = try store.insertMember(.account(id), role: role.rawValue, ofProject: project)
                }
            }
        }
        for (name, column) in [("stranger", ""), ("auditor", "is_auditor"), ("administrator", "is_admin")] {
            accounts.append((name, try await account(name, fixture)))
            if column.isEmpty { continue }
            try await fixture.change("UPDATE account SET \(column) = 1 WHERE id = $1", [.integer(accounts[accounts.count - 1].1)])
        }
        var people = [Person(name: "anonymous", principal: .anonymous, rights: Rights())]
        for (name, id) in accounts {
            let principal = Principal(.account(id), name: name)
            people.append(Person(name: name, principal: principal, rights: try await fixture.accounts.rights(of: principal)))
        }
        return people
    }

    private static func account(_ name: String, _ fixture: AccountFixture) async throws -> Int64 {
        try await fixture.accounts.change {
            try #require(try $0.insertAccount(name, AccountProfile(email: "\(name)@example.org"), password: "x"))
        }
    }

    @Test("a token has what the matrix says, for every role, administrators, auditors, strangers and nobody")
    func tokens() async throws {
        let fixture = try await AccountFixture()
        var allowed = 0
        for person in try await Self.people(fixture) {
            for (project, id, isPublic) in [("team", fixture.team, false), ("open", fixture.open, true), ("gone", Int64(99), false)] {
                let scope = try TokenScope(parsing: "repository:\(project)/app:pull,push,delete")
                let resource = Resource.repository(try RepositoryName(parsing: "\(project)/app"))
                let now = Int64.nowMicroseconds
                let text = try await fixture.service.token(for: person.principal, [scope], at: now)
                let token = try #require(try await fixture.service.bearer(text))
                for (action, permission) in Self.actions {
                    let expected =
                        project != "gone"
                        && person.rights.allows(permission, in: .project(id: id, name: project, isPublic: isPublic))
                    let access = Access(resource, [try #require(Access.Action(rawValue: action))])
                    #expect(token.rights.allows(access) == expected, "\(person.name) \(action) \(project)")
                    if expected { allowed += 1 }
                }
            }
        }
        // Three of the administrator, project admin and maintainer; two of the developer; one of guests; pull of the rest in public.
        #expect(allowed == 2 * (3 + 3 + 3 + 2 + 1 + 1) + 3)
    }
}
