import ArgumentParser
import CoveCommands

/// What a new robot may do, and for how long.
struct RobotRights: ParsableArguments {
    @Option(help: ArgumentHelp("\(RobotAccess.known); several separated by commas.", valueName: "permissions"))
    var permissions: [String]

    @Option(help: "Days that it may log in for; never or -1 for ever.")
    var duration = "30"

    @Option(help: "What it is for.")
    var description: String?

    func validate() throws {
        guard RobotDuration.parse(duration) != nil else {
            throw ValidationError("--duration '\(duration)' is no time; write days, such as 90, or never")
        }
        do throws(HarborError) {
            _ = try RobotAccess.parse(permissions)
        } catch {
            throw ValidationError(error.description)
        }
    }

    func create(_ name: String, project: String?, _ session: ServerSession) async throws {
        let body = JSONValue.object(of: [
            "name": .string(name), "level": project == nil ? "system" : "project", "disable": false,
            "duration": .integer(RobotDuration.parse(duration) ?? 0), "description": description.map { .string($0) },
            "permissions": [
                [
                    "kind": "project", "namespace": .string(project ?? "*"), "access": .array(try RobotAccess.parse(permissions)),
                ]
            ],
        ])
        let robot = try await session.client.post(["robots"], body).value
        session.show(
            robot, [Column("NAME", "name"), Column("SECRET", "secret"), Column("ID", "id"), Column("EXPIRES", "expires_at", .epoch)],
            key: "secret")
        if session.output == .table, !session.isQuiet { Console.note("the secret is shown this once; docker login takes both") }
    }
}

/// What commands for robots share.
enum Robots {
    static let columns = [
        Column("NAME", "name"), Column("ID", "id"), Column("LEVEL", "level"), Column("DISABLED", "disable", .yesNo),
        Column("EXPIRES", "expires_at", .epoch), Column("CREATED", "creation_time", .time), Column("DESCRIPTION", "description"),
    ]

    @Sendable static func rights(_ robot: JSONValue) -> String {
        (robot["permissions"]?.items ?? []).map { permission in
            let access = (permission["access"]?.items ?? []).map { "\($0.text("resource") ?? ""):\($0.text("action") ?? "")" }
            return "\(permission.text("namespace") ?? ""): \(access.joined(separator: ","))"
        }.joined(separator: "; ")
    }

    private static func id(_ robot: JSONValue) -> String { robot.integer("id").map(String.init) ?? "" }
    private static func name(_ robot: JSONValue) -> String { robot.text("name") ?? "" }

    static func delete(_ robot: JSONValue, _ deletion: DeleteOptions, _ session: ServerSession) async throws {
        guard try deletion.allows("robot '\(name(robot))'", robot.picking(["id", "name"]), session) else { return }
        try await session.client.delete(["robots", id(robot)])
        session.done("robot '\(name(robot))' was deleted", robot.picking(["id", "name"]))
    }

    static func refresh(_ robot: JSONValue, _ secret: String, _ session: ServerSession) async throws {
        let answer = try await session.client.patch(["robots", id(robot)], ["secret": .string(secret)]).value
        // A secret that was given is not said back.
        let shown = answer.text("secret").flatMap { $0.isEmpty ? nil : $0 }
        let value = JSONValue.object(of: ["name": robot["name"], "id": robot["id"], "secret": shown.map { .string($0) }])
        session.show(value, [Column("NAME", "name"), Column("SECRET", "secret")], key: shown == nil ? "name" : "secret")
    }

    static func set(_ robot: JSONValue, isDisabled: Bool, _ session: ServerSession) async throws {
        var changed = robot.fields
        changed["disable"] = .boolean(isDisabled)
        changed["secret"] = nil
        _ = try await session.client.put(["robots", id(robot)], .object(changed))
        session.done(
            "robot '\(name(robot))' is \(isDisabled ? "disabled" : "enabled") now",
            JSONValue.object(changed).picking(["id", "name", "disable"]))
    }
}
