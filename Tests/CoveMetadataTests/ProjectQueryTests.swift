import TestSupport
import Testing

@testable import CoveMetadata

@Suite("Queries: projects and robots")
struct ProjectQueryTests {
    private static func names(
        _ store: MetadataStore, _ visible: ProjectVisibility, _ filter: ProjectFilter = ProjectFilter()
    ) async throws -> [String] {
        try await store.read { try $0.projects(filter, visible: visible, ListQuery()).page.map(\.project.name) }
    }

    @Test("a project is listed to whom it concerns: the public ones to all, others to members, also through groups")
    func viewers() async throws {
        let store = try await StoreFixture.make()
        let ann = try await store.write { store -> Int64 in
            let ann = try #require(try store.insertAccount("ann", AccountProfile(), password: "x"))
            let group = try #require(try store.insertAccountGroup("dev", type: 3, ldapDN: ""))
            try store.insert(["group_id": .integer(group), "account_id": .integer(ann)], into: "account_group_member")
            var ids: [Int64] = []
            for name in ["a", "b", "c", "d"] {
                ids.append(try #require(try store.insertProject(name, owner: name == "b" ? ann : nil, isPublic: name == "a")))
            }
            _ = try store.insertMember(.account(ann), role: 1, ofProject: ids[1])
            _ = try store.insertMember(.group(group), role: 3, ofProject: ids[2])
            return ann
        }
        let mine = try await store.read { try $0.projectRoles(of: ann).map(\.projectID) }
        let some = ProjectVisibility.some(ids: mine, names: [])
        let shared = ProjectVisibility.some(ids: [], names: [], shares: [.init(projectID: mine[0], pattern: "x")])
        #expect(try await Self.names(store, .all) == ["a", "b", "c", "d"])
        #expect(try await Self.names(store, some) == ["a", "b", "c"])
        #expect(try await Self.names(store, .some(ids: [], names: ["d", "gone"])) == ["a", "d"])
        #expect(try await Self.names(store, .some(ids: [], names: [])) == ["a"])
        #expect(try await Self.names(store, shared).count == 2)
        #expect(try await Self.names(store, some, ProjectFilter(isPublic: false)) == ["b", "c"])
        #expect(try await Self.names(store, .all, ProjectFilter(owner: "ANN")) == ["b"])
        #expect(try await Self.names(store, .all, ProjectFilter(name: "%")).isEmpty)
    }

    @Test("a list has each project's owner, metadata and number of repositories")
    func details() async throws {
        let store = try await StoreFixture.make()
        let listed = try await store.write { store -> [ListedProject] in
            let ann = try #require(try store.insertAccount("ann", AccountProfile(), password: "x"))
            let team = try #require(try store.insertProject("team", owner: ann, isPublic: true))
            try store.setProjectMetadata(["auto_scan": "true", "severity": "low"], ofProject: team)
            try store.setProjectMetadata(["severity": "high"], ofProject: team)
            for name in ["team/a", "team/b", "other/a"] { _ = try store.repository(name) }
            return try store.projects(ProjectFilter(), visible: .all, ListQuery()).page
        }
        #expect(listed.map(\.project.name) == ["other", "team"])
        #expect(listed.map(\.owner) == ["", "ann"] && listed.map(\.repositories) == [1, 2])
        #expect(listed[1].metadata == ["auto_scan": "true", "severity": "high"] && listed[0].metadata.isEmpty)
    }

    @Test("a project with repositories stays; one without goes with what robots of the system may do in it")
    func deletion() async throws {
        let store = try await StoreFixture.make()
        try await store.write { store in
            let full = try #require(try store.insertProject("full", owner: nil, isPublic: false))
            _ = try store.repository("full/app")
            let project = try #require(try store.project(full))
            #expect(try store.deleteProject(project).repositories == 1)
            #expect(try store.project(full) != nil)

            let empty = try #require(try store.insertProject("empty", owner: nil, isPublic: false))
            #expect(try store.insertProject("empty", owner: nil, isPublic: true) == nil)
            let terms = RobotTerms(description: "", duration: -1, isDisabled: false, permissions: Self.pulling("empty", "full"))
            let system = try #require(try store.insertRobot("ci", ofProject: nil, terms, secret: "x", createdBy: "ann"))
            let own = try #require(try store.insertRobot("ci", ofProject: empty, terms, secret: "x", createdBy: "ann"))
            try store.setCVEAllowlist(["CVE-1"], expiresAt: nil, ofProject: empty)
            let going = try #require(try store.project(empty))
            #expect(try store.deleteProject(going).isEmpty)
            #expect(try store.robot(own) == nil)
            #expect(try store.robot(system)?.permissions == Self.pulling("full"))
            #expect(try store.cveAllowlist(ofProject: empty).names.isEmpty)
        }
    }

    private static func pulling(_ projects: String...) -> [StoredRobotPermission] {
        projects.map { StoredRobotPermission(kind: "project", namespace: $0, resource: "repository", action: "pull") }
    }

    @Test("a robot's end follows from its duration, counted from when it was made")
    func robots() async throws {
        let store = try await StoreFixture.make()
        try await store.write { store in
            var terms = RobotTerms(description: "d", duration: 2, isDisabled: false, permissions: Self.pulling("a"))
            let id = try #require(try store.insertRobot("ci", ofProject: nil, terms, secret: "x", createdBy: "ann"))
            #expect(try store.insertRobot("ci", ofProject: nil, terms, secret: "x", createdBy: "ann") == nil)
            let robot = try #require(try store.robot(id))
            #expect(robot.expiresAt == store.now + 2 * 86_400_000_000 && robot.createdBy == "ann" && robot.creatorID == nil)
            terms.duration = -1
            terms.isDisabled = true
            terms.permissions = Self.pulling("b", "c")
            try store.setTerms(terms, of: robot)
            let changed = try #require(try store.robot(id))
            #expect(changed.expiresAt == -1 && changed.isDisabled && changed.permissions == Self.pulling("b", "c"))
            try store.deleteRobot(id)
            #expect(try store.robot(id) == nil)
        }
        #expect(try await store.rows("SELECT COUNT(*) FROM robot_permission") == [[0]])
    }

    @Test("robots are listed of a project or of the system, and found by the name with its project")
    func robotLists() async throws {
        let store = try await StoreFixture.make()
        let team = try await store.write { store -> Int64 in
            let team = try #require(try store.insertProject("team", owner: nil, isPublic: false))
            let terms = RobotTerms(description: "", duration: -1, isDisabled: false, permissions: Self.pulling("team"))
            for name in ["b", "a"] { _ = try store.insertRobot(name, ofProject: team, terms, secret: "x", createdBy: "ann") }
            _ = try store.insertRobot("a", ofProject: nil, terms, secret: "x", createdBy: "ann")
            return team
        }
        var query = ListQuery()
        let own = try await store.read { [query] in try $0.robots(ofProject: team, query) }
        #expect(own.page.map(\.name) == ["a", "b"] && own.page.map(\.project) == ["team", "team"] && own.total == 2)
        #expect(own.page.allSatisfy { $0.permissions == Self.pulling("team") })
        let ofSystem = try await store.read { [query] in try $0.robots(ofProject: nil, query) }
        #expect(ofSystem.total == 1)
        try query.filter("name=team+b")
        let named = try await store.read { [query] in try $0.robots(ofProject: team, query) }
        #expect(named.page.map(\.name) == ["b"])
    }

    @Test("the system has an allowlist beside those of projects")
    func allowlists() async throws {
        let store = try await StoreFixture.make()
        try await store.write { store in
            let team = try #require(try store.insertProject("team", owner: nil, isPublic: false))
            #expect(try store.cveAllowlist(ofProject: nil).createdAt == 0)
            try store.setCVEAllowlist(["CVE-2", "CVE-1"], expiresAt: 7, ofProject: nil)
            try store.setCVEAllowlist(["CVE-3"], expiresAt: nil, ofProject: team)
            try store.setCVEAllowlist([], expiresAt: nil, ofProject: team)
            let system = try store.cveAllowlist(ofProject: nil)
            #expect(system.names == ["CVE-2", "CVE-1"] && system.expiresAt == 7 && system.projectID == nil)
            #expect(try store.cveAllowlist(ofProject: team).names.isEmpty)
        }
    }
}
