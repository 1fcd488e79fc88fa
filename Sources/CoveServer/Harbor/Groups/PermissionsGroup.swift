import CoveIdentity
import HTTPTypes
import HummingbirdCore

/// What robots can be given, for those who can give it.
struct PermissionsGroup: HarborGroup {
    let platform: Platform

    var handlers: [HarborOperation: HarborHandler] { [.getPermissions: get] }

    private func get(_ call: HarborCall) async throws -> Response {
        let project = RobotPermissions.project.map {
            Harbor.Permission(resource: RobotPermissions.nameInProject($0.resource), action: $0.action.rawValue)
        }
        if call.rights.isAuditor || call.rights.allows(Permission(.create, .robot), in: .system) {
            let system = RobotPermissions.system.map { Harbor.Permission(resource: $0.resource.rawValue, action: $0.action.rawValue) }
            return .json(Harbor.Permissions(system: system, project: project))
        }
        let makesRobots =
            call.rights.roles.values.contains { $0.contains(.projectAdmin) }
            || call.rights.robot?.contains { !$0.isSystem && $0.resource == "robot" && $0.action == "create" } ?? false
        guard makesRobots else {
            throw HarborFailure.forbidden("only those who can make robots may list what these can be given")
        }
        return .json(Harbor.Permissions(system: [], project: project))
    }
}
