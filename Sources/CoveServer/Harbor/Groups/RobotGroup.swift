import CoveIdentity
import CoveMetadata
import HTTPTypes
import HummingbirdCore

/// Robots: accounts for programs, of the system or of a project.
struct RobotGroup: HarborGroup {
    let platform: Platform

    var handlers: [HarborOperation: HarborHandler] {
        [
            .listRobot: list, .createRobot: create, .getRobotByID: get, .updateRobot: update, .refreshSec: refresh, .deleteRobot: delete,
        ]
    }

    private var prefix: String { platform.accounts.options.robotPrefix }

    // MARK: - Looking

    /// Those of the system, or with `q=Level=project,ProjectID=1` those of a project.
    private func list(_ call: HarborCall) async throws -> Response {
        var query = try call.list()
        let level = try Self.taken("level", from: &query)
        let projectID = try Self.taken("projectid", from: &query)
        // Names are kept without the prefix that they are shown with.
        query.terms = query.terms.map { term in
            guard term.key == "name", case .equal(let name) = term.match, name.hasPrefix(prefix) else { return term }
            return ListQuery.Term("name", .equal(String(name.dropFirst(prefix.count))))
        }
        guard level == nil || level == "system" || level == "project" else {
            throw HarborFailure.badRequest("q: Level is system or project, not '\((level ?? "").prefix(60))'")
        }
        guard level == "project" || (level == nil && projectID ?? "0" != "0") else {
            try call.require(.list, .robot, in: .system)
            return try await page(call, nil, query)
        }
        guard let id = projectID.flatMap({ Int64($0) }) else {
            throw HarborFailure.badRequest("q: with Level=project, ProjectID must be a project's number")
        }
        guard let project = try await platform.metadata.read({ try $0.project(id) }) else {
            try call.require(.list, .robot, in: .system)
            throw HarborFailure.notFound("there is no project \(id)")
        }
        try call.require(.list, .robot, in: project.scope)
        return try await page(call, id, query)
    }

    private func page(_ call: HarborCall, _ projectID: Int64?, _ query: ListQuery) async throws -> Response {
        let (page, total) = try await platform.metadata.read { try $0.robots(ofProject: projectID, query) }
        return call.page(page.map { Harbor.Robot($0, prefix: prefix) }, total: total, of: query)
    }

    /// Takes a term out of the query: Harbor's clients spell these keys in several ways.
    private static func taken(_ key: String, from query: inout ListQuery) throws(HarborFailure) -> String? {
        func isIt(_ term: ListQuery.Term) -> Bool { term.key.lowercased().filter { $0 != "_" } == key }
        let terms = query.terms.filter(isIt)
        query.terms.removeAll(where: isIt)
        guard let term = terms.first else { return nil }
        guard terms.count == 1, case .equal(let value) = term.match else {
            throw .badRequest("q: '\(term.key)' can only be compared with '=', and once")
        }
        return value
    }

    private func get(_ call: HarborCall) async throws -> Response {
        .json(Harbor.Robot(try await robot(call, .read), prefix: prefix))
    }

    /// The robot that the path names. Whether there is one is told only to who may see it.
    private func robot(_ call: HarborCall, _ action: Permission.Action) async throws -> RobotRecord {
        let id = try call.id("robot_id")
        let found = try await platform.metadata.read { store -> (RobotRecord, ProjectRecord?)? in
            guard let robot = try store.robot(id) else { return nil }
            return (robot, try robot.projectID.flatMap { try store.project($0) })
        }
        try call.require(action, .robot, in: found?.1?.scope ?? .system)
        guard let (robot, _) = found else { throw Self.unknown(id) }
        return robot
    }

    private static func unknown(_ id: Int64) -> HarborFailure { .notFound("there is no robot \(id)") }

    // MARK: - Changing

    private func create(_ call: HarborCall) async throws -> Response {
        let body = try await call.body(Harbor.RobotCreate.self)
        let request = try RobotRequest(level: body.level, body.permissions)
        let projects = try await self.projects(request)
        let project = request.level == .project ? projects[request.permissions[0].namespace] : nil
        try call.require(.create, .robot, in: project?.scope ?? .system)
        try refuseMore(than: call, request, projects)
        let name = try RobotRequest.checkName(body.name)
        let terms = RobotTerms(
            description: try HarborText.check(body.description, "description", in: 0...1024),
            duration: try duration(body.duration), isDisabled: body.disable ?? false, permissions: request.permissions)
        let (secret, hash) = try await secret(body.secret)
        let creator = call.principal.name
        let id = try await platform.accounts.change { store in
            if let project, try store.project(project.id) == nil {
                throw HarborFailure.notFound("there is no project '\(project.name)'")
            }
            guard let id = try store.insertRobot(name, ofProject: project?.id, terms, secret: hash, createdBy: creator) else {
                throw HarborFailure.conflict("name: there is a robot '\(name)' \(project.map { "in project '\($0.name)'" } ?? "") already")
            }
            return id
        }
        guard let robot = try await platform.metadata.read({ try $0.robot(id) }) else { throw Self.unknown(id) }
        let shown = Harbor.Robot(robot, prefix: prefix)
        let answer = Harbor.RobotCreated(
            id: id, name: shown.name, secret: secret, creationTime: shown.creationTime, expiresAt: shown.expiresAt)
        return .json(answer, status: .created, headers: [.location: "/api/v2.0/robots/\(id)"])
    }

    /// The projects that the request names.
    private func projects(_ request: RobotRequest) async throws -> [String: ProjectRecord] {
        try await platform.metadata.read { store in
            var projects: [String: ProjectRecord] = [:]
            for name in request.namespaces { projects[name] = try store.project(named: name) }
            return projects
        }
    }

    /// A robot may not do more than who makes it: whoever has its secret could.
    private func refuseMore(than call: HarborCall, _ request: RobotRequest, _ projects: [String: ProjectRecord]) throws(HarborFailure) {
        for permission in request.permissions {
            let scope: Rights.Scope
            if permission.kind == "system" {
                scope = .system
            } else if permission.namespace == "*" {
                scope = .project(id: -1, name: "*", isPublic: false)
            } else if let project = projects[permission.namespace] {
                scope = project.scope
            } else {
                try call.require(.create, .robot, in: .system)
                throw .notFound("permissions: there is no project '\(permission.namespace.prefix(255))'")
            }
            guard
                let asked = RobotPermissions.find(permission.resource, permission.action, inProject: permission.kind == "project"),
                call.rights.allows(asked, in: scope)
            else {
                throw .forbidden(
                    "permissions: '\(call.principal.name)' may not \(permission.action) \(permission.resource) in '\(permission.namespace)', so no robot of theirs may"
                )
            }
        }
    }

    private func duration(_ days: Int64?) throws(HarborFailure) -> Int64 {
        if let days, days != 0 { return try RobotRequest.checkDuration(days) }
        return platform.settings.integer(.robotTokenDuration)
    }

    /// - Parameter chosen: nil or empty: one is made up.
    private func secret(_ chosen: String?) async throws -> (secret: String, hash: String) {
        let secret = chosen.flatMap { $0.isEmpty ? nil : $0 } ?? Passwords.generate()
        return (secret, try await platform.hash(secret, of: "secret"))
    }

    private func update(_ call: HarborCall) async throws -> Response {
        let robot = try await self.robot(call, .update)
        let body = try await call.body(Harbor.Robot.self)
        let shown = Harbor.Robot(robot, prefix: prefix)
        guard body.level ?? shown.level == shown.level else {
            throw HarborFailure.badRequest("level: a robot keeps its level, which is \(shown.level ?? "")")
        }
        guard body.name == nil || body.name == shown.name || body.name == robot.name else {
            throw HarborFailure.badRequest("name: a robot keeps its name, which is '\(shown.name ?? "")'")
        }
        var terms = RobotTerms(
            description: robot.description, duration: robot.duration, isDisabled: robot.isDisabled, permissions: robot.permissions)
        if body.description != nil { terms.description = try HarborText.check(body.description, "description", in: 0...1024) }
        if let days = body.duration { terms.duration = try duration(days) }
        if let isDisabled = body.disable { terms.isDisabled = isDisabled }
        if let permissions = body.permissions {
            let request = try RobotRequest(level: shown.level, permissions)
            if Set(request.permissions) != Set(robot.permissions) {
                guard robot.project == nil || request.permissions[0].namespace == robot.project else {
                    throw HarborFailure.badRequest(
                        "permissions[0].namespace: a robot stays in its project, which is '\(robot.project ?? "")'")
                }
                try refuseMore(than: call, request, try await projects(request))
                terms.permissions = request.permissions
            }
        }
        try await platform.accounts.change { [terms] store in
            guard let now = try store.robot(robot.id) else { throw Self.unknown(robot.id) }
            try store.setTerms(terms, of: now)
        }
        return .empty(.ok)
    }

    private func refresh(_ call: HarborCall) async throws -> Response {
        let robot = try await self.robot(call, .update)
        let chosen = try await call.body(Harbor.RobotSec.self).secret.flatMap { $0.isEmpty ? nil : $0 }
        if let request = try? RobotRequest(level: robot.project == nil ? "system" : "project", Harbor.Robot(robot, prefix: "").permissions)
        {
            try refuseMore(than: call, request, try await projects(request))
        }
        let (secret, hash) = try await secret(chosen)
        try await platform.accounts.change { store in
            guard try store.robot(robot.id) != nil else { throw Self.unknown(robot.id) }
            try store.setSecret(hash, ofRobot: robot.id)
        }
        // One that the client chose is not sent back.
        return .json(Harbor.RobotSec(secret: chosen == nil ? secret : nil))
    }

    private func delete(_ call: HarborCall) async throws -> Response {
        let robot = try await self.robot(call, .delete)
        try await platform.accounts.change { store in
            guard try store.robot(robot.id) != nil else { throw Self.unknown(robot.id) }
            try store.deleteRobot(robot.id)
        }
        return .empty(.ok)
    }
}

extension Harbor.Robot {
    /// Without its secret, which nobody knows.
    init(_ robot: RobotRecord, prefix: String) {
        self.init(
            id: robot.id, name: prefix + (robot.project.map { "\($0)+" } ?? "") + robot.name, description: robot.description,
            level: robot.projectID == nil ? "system" : "project", duration: robot.duration, editable: true, disable: robot.isDisabled,
            expiresAt: robot.expiresAt == -1 ? -1 : robot.expiresAt / 1_000_000, permissions: Self.grouped(robot.permissions),
            creatorType: robot.createdBy.hasPrefix(prefix) && !prefix.isEmpty ? "robot" : "local", creatorRef: robot.creatorID,
            creationTime: HarborTime(robot.createdAt), updateTime: HarborTime(robot.updatedAt))
    }

    private static func grouped(_ permissions: [StoredRobotPermission]) -> [Harbor.RobotPermission] {
        var groups: [Harbor.RobotPermission] = []
        for permission in permissions {
            let isItself = permission.kind == "project" && permission.resource == Permission.Resource.project.rawValue
            let access = Harbor.Access(
                resource: isItself ? RobotPermissions.nameInProject(.project) : permission.resource, action: permission.action,
                effect: "allow")
            if let index = groups.firstIndex(where: { $0.kind == permission.kind && $0.namespace == permission.namespace }) {
                groups[index].access?.append(access)
            } else {
                groups.append(Harbor.RobotPermission(kind: permission.kind, namespace: permission.namespace, access: [access]))
            }
        }
        return groups
    }
}
