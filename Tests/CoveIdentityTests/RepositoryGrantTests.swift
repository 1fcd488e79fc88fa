import CoveMetadata
import CoveOCI
import Testing

@testable import CoveIdentity

@Suite("Rights: grants for repositories")
struct RepositoryGrantTests {
    @Test(
        "a star is anything within a component, two are anything",
        arguments: [
            ("app", "team/app", true), ("app", "team/apple", false), ("app", "team/my/app", false), ("*", "team/app", true),
            ("*", "team/my/app", false), ("**", "team/my/app", true), ("**", "team/app", true), ("my/*", "team/my/app", true),
            ("my/*", "team/my/app/x", false), ("my/**", "team/my/app/x", true), ("a*", "team/app", true), ("a*p", "team/app", true),
            ("a*q", "team/app", false), ("**/x", "team/a/b/x", true), ("**/x", "team/x", false), ("*/b*d/**", "team/a/bcd/e/f", true),
            ("*p*p*", "team/app", true), ("", "team/app", false), ("alpine", "alpine", true), ("*", "alpine", true),
            ("**a**a**a**b", "team/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false),
        ])
    func patterns(pattern: String, name: String, covers: Bool) throws {
        let grant = Rights.RepositoryGrant(projectID: 1, pattern: pattern, actions: ["pull"])
        #expect(grant.covers(try RepositoryName(parsing: name)) == covers)
    }

    @Test("a grant gives its actions, and sight of what may be pulled, in its project only")
    func actions() throws {
        var rights = Rights()
        rights.grants = [.init(projectID: 1, pattern: "app", actions: ["pull", "push"])]
        let app = try RepositoryName(parsing: "team/app")
        let other = try RepositoryName(parsing: "team/other")
        let project = ProjectRecord(id: 1, name: "team", ownerID: nil, isPublic: false, createdAt: 0, updatedAt: 0)
        let elsewhere = ProjectRecord(id: 2, name: "team", ownerID: nil, isPublic: false, createdAt: 0, updatedAt: 0)
        #expect(rights.allows("pull", on: app, in: project) && rights.allows("push", on: app, in: project))
        #expect(!rights.allows("delete", on: app, in: project) && !rights.allows("everything", on: app, in: project))
        #expect(!rights.allows("pull", on: other, in: project) && !rights.allows("pull", on: app, in: elsewhere))
        let scope = Rights.Scope.project(id: 1, name: "team", isPublic: false)
        #expect(rights.allows(Permission(.list, .tag), on: app, in: scope) && !rights.allows(Permission(.list, .tag), in: scope))
        #expect(!rights.allows(Permission(.update, .repository), on: app, in: scope))
        #expect(rights.allows(Permission(.read, .project), in: scope) && !rights.allows(Permission(.list, .repository), in: scope))
    }

    @Test(
        "a grant's pattern is a name without the project, with stars of one kind",
        arguments: [
            ("app", true), ("a/b-c_d.e", true), ("*", true), ("**", true), ("web/*/x*", true), ("web/**", true), ("**/x", true),
            ("", false),
            ("/a", false), ("a/", false), ("a//b", false), ("A", false), ("a b", false), ("a%", false), ("*/**", false), ("***", false),
            ("a?", false), (String(repeating: "a", count: 256), false),
        ])
    func terms(pattern: String, isGood: Bool) {
        let terms = try? GrantTerms(pattern: pattern, actions: ["push", "pull", "push"])
        #expect((terms != nil) == isGood && (terms?.actions ?? ["pull", "push"]) == ["pull", "push"])
        #expect((try? GrantTerms(pattern: "a", actions: []))?.actions == ["pull"])
        #expect(throws: GrantTerms.Malformed.self) { try GrantTerms(pattern: "a", actions: ["pull", "everything"]) }
    }
}
