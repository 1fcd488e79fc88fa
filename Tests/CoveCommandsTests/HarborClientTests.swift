import CoveClient
import CoveOutbound
import Foundation
import TestSupport
import Testing

@testable import CoveCommands

/// A client and the server that it speaks to.
private struct HarborFixture {
    let fake: HTTPFake
    let client: HarborClient
    let connections: OutboundClients

    init(_ respond: @escaping @Sendable (HTTPFake.Request) -> HTTPFake.Answer) async throws {
        fake = try await HTTPFake(respond)
        connections = try ServerConnections.make(ServerTrust(), environment: [:])
        client = HarborClient(
            try RegistryAddress(parsing: fake.url), login: Login(user: "admin", password: "secret"), connections: connections)
    }

    func end() async {
        await connections.close()
        await fake.stop()
    }
}

@Suite struct HarborClientTests {
    private static func json(_ text: String, _ headers: [(String, String)] = [], status: Int = 200) -> HTTPFake.Answer {
        HTTPFake.Answer(status, [("Content-Type", "application/json")] + headers, text)
    }

    @Test func `pages are followed to the end`() async throws {
        let here = try await HarborFixture { request in
            let page = request.query.contains("page=1&") ? 0..<100 : 100..<130
            let items = page.map { "{\"name\":\"p\($0)\"}" }.joined(separator: ",")
            return Self.json("[\(items)]", [("X-Total-Count", "130")])
        }
        let listing = try await here.client.list(["projects"])
        #expect(listing.items.count == 130 && listing.total == 130)
        #expect(here.fake.lines() == ["GET /api/v2.0/projects?page=1&page_size=100", "GET /api/v2.0/projects?page=2&page_size=100"])
        let one = try await here.client.list(["projects"], ListRequest(page: 2, pageSize: 5, query: "name=~a b", sort: "-name"))
        #expect(one.total == 130)
        #expect(here.fake.lines() == ["GET /api/v2.0/projects?page=2&page_size=5&q=name%3D~a%20b&sort=-name"])
        await here.end()
    }

    @Test func `a request has the login, and says that projects are named`() async throws {
        let here = try await HarborFixture { _ in Self.json("{}", [("Location", "/api/v2.0/projects/7")], status: 201) }
        let answer = try await here.client.post(["projects"], ["project_name": "1234"])
        #expect(answer.created == "7")
        let request = try #require(here.fake.requests.first)
        #expect(request.header("Authorization") == "Basic YWRtaW46c2VjcmV0")
        #expect(request.header("X-Is-Resource-Name") == "true")
        #expect(request.header("Content-Type") == "application/json")
        await here.end()
    }

    @Test func `a refusal says what the server said, and which request it was`() async throws {
        let here = try await HarborFixture { _ in
            Self.json(
                "{\"errors\":[{\"code\":\"CONFLICT\",\"message\":\"the project exists\"}]}", [("X-Request-Id", "r-1")], status: 409)
        }
        do throws(HarborError) {
            _ = try await here.client.post(["projects"], [:])
            Issue.record("it was not refused")
        } catch {
            #expect(error.status == 409)
            #expect(error.description == "the project exists (CONFLICT, status 409, request r-1)")
        }
        await here.end()
    }

    @Test func `a refused login tells to log in again`() async throws {
        let here = try await HarborFixture { _ in Self.json("{\"errors\":[]}", status: 401) }
        do throws(HarborError) {
            _ = try await here.client.get(["users", "current"])
            Issue.record("it was not refused")
        } catch {
            #expect(error.description.contains("cove login \(here.fake.url) -u 'admin'"))
            #expect(!error.description.contains("secret"))
        }
        await here.end()
    }

    @Test func `what is no API is told from one`() async throws {
        let here = try await HarborFixture { _ in HTTPFake.Answer(200, [("Content-Type", "text/html")], "<html>") }
        await #expect(throws: HarborError.self) { try await here.client.get(["projects"]) }
        await here.end()
    }

    @Test func `nothing that changes something is sent twice`() async throws {
        let here = try await HarborFixture { _ in HTTPFake.Answer(503) }
        await #expect(throws: HarborError.self) { try await here.client.post(["projects"], [:]) }
        #expect(here.fake.lines().count == 1)
        await #expect(throws: HarborError.self) { try await here.client.get(["projects"]) }
        #expect(here.fake.lines().count == 3)
        await here.end()
    }
}

@Suite struct NameTests {
    @Test func `roles are known by Harbor's names in any dress`() {
        #expect(RoleName.id("developer") == 2)
        #expect(RoleName.id("project-admin") == 1)
        #expect(RoleName.id("projectAdmin") == 1)
        #expect(RoleName.id("limited guest") == 5)
        #expect(RoleName.id("4") == 4)
        #expect(RoleName.id("king") == nil)
    }

    @Test func `permissions are words, or resource and action`() throws {
        #expect(
            try RobotAccess.parse(["pull,push"]) == [
                ["resource": "repository", "action": "pull"], ["resource": "repository", "action": "push"],
            ])
        #expect(try RobotAccess.parse(["tag:create", "pull", "pull"]).count == 2)
        #expect(throws: HarborError.self) { try RobotAccess.parse(["fly"]) }
        #expect(throws: HarborError.self) { try RobotAccess.parse([""]) }
    }

    @Test func `a robot is known by what it was called when it was made`() {
        #expect(RobotName.matches("robot$team+ci", "ci", of: "team"))
        #expect(RobotName.matches("robot$team+ci", "robot$team+ci", of: nil))
        #expect(!RobotName.matches("robot$team+ci", "i", of: "team"))
        #expect(RobotName.matches("robot$ci", "ci", of: nil))
        #expect(!RobotName.matches("robot$team+ci", "ci", of: nil))
        #expect(RobotName.short("robot$team+ci", of: "team", prefix: "robot$") == "ci")
        #expect(RobotName.short("bot_ci", of: nil, prefix: "bot_") == "ci")
    }

    @Test func `a robot's time is days, or for ever`() {
        #expect(RobotDuration.parse("90") == 90)
        #expect(RobotDuration.parse("30d") == 30)
        #expect(RobotDuration.parse("never") == -1)
        #expect(RobotDuration.parse("0") == nil)
        #expect(RobotDuration.parse("soon") == nil)
    }

    @Test func `a member may say whether it is a user or a group`() {
        #expect(MemberName(parsing: "group:developers") == MemberName(kind: .group, name: "developers"))
        #expect(MemberName(parsing: "alice") == MemberName(kind: nil, name: "alice"))
    }
}
